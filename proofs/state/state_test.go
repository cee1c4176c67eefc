// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cometbft/cometbft/crypto/merkle"
	"github.com/cosmos/iavl"
	dbm "github.com/cosmos/iavl/db"
	ics23 "github.com/cosmos/ics23/go"

	"cosmossdk.io/log/v2"

	"github.com/go-fluence/fluence/proofs/state"
)

// chainState is what a chain commits to: IAVL trees under names.
type chainState struct {
	trees map[string]*iavl.MutableTree
	names []string
}

func newChainState(t testing.TB) *chainState {
	t.Helper()
	c := &chainState{trees: map[string]*iavl.MutableTree{}, names: []string{"acc", "bank", "epoch", "trust"}}
	for _, name := range c.names {
		tree := iavl.NewMutableTree(dbm.NewMemDB(), 100, false, log.NewNopLogger())
		for i := range 20 {
			if _, err := tree.Set(fmt.Appendf(nil, "%s/%02d", name, i), fmt.Appendf(nil, "value %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := tree.SaveVersion(); err != nil {
			t.Fatal(err)
		}
		c.trees[name] = tree
	}
	return c
}

// roots returns the leaves of the upper tree: name and hash of each store.
func (c *chainState) roots() [][]byte {
	leaves := make([][]byte, len(c.names))
	for i, name := range c.names {
		leaves[i] = leaf(name, c.trees[name].Hash())
	}
	return leaves
}

// leaf encodes a store's name and root hash as the multistore does: each with its
// length in front, the root hashed.
func leaf(name string, root []byte) []byte {
	sum := sha256.Sum256(root)
	b := binary.AppendUvarint(nil, uint64(len(name)))
	b = append(b, name...)
	b = binary.AppendUvarint(b, uint64(len(sum)))
	return append(b, sum[:]...)
}

// prove returns app hash and proof for a key, as abci_query would.
func (c *chainState) prove(t testing.TB, store string, key []byte) ([32]byte, []state.Op) {
	t.Helper()
	proof, err := c.trees[store].GetProof(key)
	if err != nil {
		t.Fatal(err)
	}
	lower, err := proof.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	hash, proofs := merkle.ProofsFromByteSlices(c.roots())
	upper, err := simple(store, c.trees[store].Hash(), proofs[slices.Index(c.names, store)]).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(hash), []state.Op{{Type: state.TypeIAVL, Key: key, Data: lower}, {Type: state.TypeSimple, Key: []byte(store), Data: upper}}
}

// simple writes CometBFT's Merkle proof as ICS-23.
func simple(store string, root []byte, p *merkle.Proof) *ics23.CommitmentProof {
	var path []*ics23.InnerOp
	index, total := p.Index, p.Total
	var sides []bool // true: the aunt stands on the left
	for total > 1 {
		split := int64(1)
		for split*2 < total {
			split *= 2
		}
		if index < split {
			sides, total = append(sides, false), split
		} else {
			sides, index, total = append(sides, true), index-split, total-split
		}
	}
	slices.Reverse(sides)
	for i, left := range sides {
		op := &ics23.InnerOp{Hash: ics23.HashOp_SHA256, Prefix: []byte{1}}
		if left {
			op.Prefix = append([]byte{1}, p.Aunts[i]...)
		} else {
			op.Suffix = p.Aunts[i]
		}
		path = append(path, op)
	}
	return &ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Exist{Exist: &ics23.ExistenceProof{
		Key: []byte(store), Value: root, Leaf: ics23.TendermintSpec.LeafSpec, Path: path,
	}}}
}

func TestPresenceAndAbsenceAreProvenInEveryStore(t *testing.T) {
	c := newChainState(t)
	for _, store := range c.names {
		for _, k := range []string{"00", "07", "19"} {
			key := []byte(store + "/" + k)
			hash, ops := c.prove(t, store, key)
			value, err := c.trees[store].Get(key)
			if err != nil {
				t.Fatal(err)
			}
			if err := state.Verify(hash, ops, store, key, value); err != nil {
				t.Errorf("Verify(%s) = %v, want nil", key, err)
			}
		}
		for _, k := range []string{"!", "07x", "~"} { // before, between, after
			key := []byte(store + "/" + k)
			hash, ops := c.prove(t, store, key)
			if err := state.Verify(hash, ops, store, key, nil); err != nil {
				t.Errorf("Verify(%s absent) = %v, want nil", key, err)
			}
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	c := newChainState(t)
	key, value := []byte("bank/07"), []byte("value 7")
	absent := []byte("bank/07x")
	_, absence := c.prove(t, "bank", absent)
	tests := map[string]struct {
		edit func(hash *[32]byte, ops []state.Op) []state.Op
		key  []byte
		val  []byte
		want error
	}{
		"another app hash":    {func(h *[32]byte, o []state.Op) []state.Op { h[0] ^= 1; return o }, key, value, state.ErrRoot},
		"another value":       {nil, key, []byte("value 8"), state.ErrValue},
		"empty value":         {nil, key, []byte{}, state.ErrEmpty},
		"absence of a key":    {nil, key, nil, state.ErrValue},
		"presence by absence": {func(_ *[32]byte, o []state.Op) []state.Op { o[0] = absence[0]; return o }, absent, value, state.ErrValue},
		"another key":         {nil, []byte("bank/08"), value, state.ErrStore},
		"renamed key":         {func(_ *[32]byte, o []state.Op) []state.Op { o[0].Key = []byte("bank/08"); return o }, []byte("bank/08"), value, state.ErrValue},
		"another store":       {func(_ *[32]byte, o []state.Op) []state.Op { o[1].Key = []byte("acc"); return o }, key, value, state.ErrStore},
		"one step":            {func(_ *[32]byte, o []state.Op) []state.Op { return o[:1] }, key, value, state.ErrShape},
		"no step":             {func(*[32]byte, []state.Op) []state.Op { return nil }, key, value, state.ErrShape},
		"steps swapped":       {func(_ *[32]byte, o []state.Op) []state.Op { return []state.Op{o[1], o[0]} }, key, value, state.ErrShape},
		"unknown type":        {func(_ *[32]byte, o []state.Op) []state.Op { o[0].Type = "ics23:smt"; return o }, key, value, state.ErrShape},
		"too large":           {func(_ *[32]byte, o []state.Op) []state.Op { o[0].Data = make([]byte, 1<<20); return o }, key, value, state.ErrShape},
		"cut short":           {func(_ *[32]byte, o []state.Op) []state.Op { o[0].Data = o[0].Data[:len(o[0].Data)-1]; return o }, key, value, state.ErrShape},
		"empty":               {func(_ *[32]byte, o []state.Op) []state.Op { o[0].Data = nil; return o }, key, value, state.ErrShape},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			hash, ops := c.prove(t, "bank", key)
			if tt.edit != nil {
				ops = tt.edit(&hash, ops)
			}
			if err := state.Verify(hash, ops, "bank", tt.key, tt.val); !errors.Is(err, tt.want) {
				t.Errorf("Verify = %v, want %v", err, tt.want)
			}
		})
	}
}

// Every single flipped bit of a proof must be noticed, or lead to no other answer.
func TestNoFlippedBitIsAccepted(t *testing.T) {
	c := newChainState(t)
	key, value := []byte("trust/03"), []byte("value 3")
	hash, ops := c.prove(t, "trust", key)
	for which := range ops {
		for i := range ops[which].Data {
			for bit := range 8 {
				bad := slices.Clone(ops)
				bad[which].Data = bytes.Clone(ops[which].Data)
				bad[which].Data[i] ^= 1 << bit
				if state.Verify(hash, bad, "trust", key, []byte("another")) == nil {
					t.Fatalf("step %d, byte %d, bit %d: another value was proven", which, i, bit)
				}
				if state.Verify(hash, bad, "trust", key, nil) == nil {
					t.Fatalf("step %d, byte %d, bit %d: absence was proven", which, i, bit)
				}
			}
		}
	}
	if err := state.Verify(hash, ops, "trust", key, value); err != nil {
		t.Errorf("Verify = %v, want nil", err)
	}
}

func FuzzRoot(f *testing.F) {
	c := newChainState(f)
	_, present := c.prove(f, "bank", []byte("bank/07"))
	_, absent := c.prove(f, "bank", []byte("bank/07x"))
	f.Add(present[0].Data, present[1].Data, []byte("bank/07"), []byte("value 7"))
	f.Add(absent[0].Data, absent[1].Data, []byte("bank/07x"), []byte(nil))
	hash, _ := c.prove(f, "bank", []byte("bank/07"))
	f.Fuzz(func(t *testing.T, lower, upper, key, value []byte) {
		if len(value) == 0 {
			value = nil
		}
		ops := []state.Op{{Type: state.TypeIAVL, Key: key, Data: lower}, {Type: state.TypeSimple, Key: []byte("bank"), Data: upper}}
		if state.Verify(hash, ops, "bank", key, value) != nil {
			return
		}
		want, err := c.trees["bank"].Get(key)
		if err != nil || !bytes.Equal(want, value) {
			t.Fatalf("key %q was proven to be %q, is %q", key, value, want)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	c := newChainState(b)
	hash, ops := c.prove(b, "bank", []byte("bank/07"))
	for b.Loop() {
		if err := state.Verify(hash, ops, "bank", []byte("bank/07"), []byte("value 7")); err != nil {
			b.Fatal(err)
		}
	}
}
