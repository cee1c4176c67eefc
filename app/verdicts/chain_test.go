// SPDX-License-Identifier: Apache-2.0

package verdicts_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/system"
	"github.com/go-fluence/fluence/proofs/capacity"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

func (c *chain) difficulty(epoch uint64) [32]byte {
	c.t.Helper()
	p, err := c.Apps[0].Capacity.EpochParams(c.Context(), epoch)
	if err != nil {
		c.t.Fatal(err)
	}
	return [32]byte(p.Difficulty)
}

func (c *chain) proofsOf(i int, epoch uint64, nonces, hashes [][32]byte) *capacitytypes.MsgSubmitProofs {
	m := &capacitytypes.MsgSubmitProofs{Owner: c.provider.Address().String(), Epoch: epoch}
	for j := range nonces {
		m.Proofs = append(m.Proofs, capacitytypes.CapacityProof{
			UnitId: c.units[i][:], LocalNonce: nonces[j][:], ResultHash: hashes[j][:],
		})
	}
	return m
}

// counted returns how many proofs of unit i count in an epoch.
func (c *chain) counted(i int, epoch uint64) uint32 {
	c.t.Helper()
	p, err := c.Apps[0].Capacity.RequireProving(c.Context(), c.units[i][:], epoch)
	if err != nil {
		c.t.Fatal(err)
	}
	return p.Proofs
}

func events(res *abci.ResponseFinalizeBlock, name string) (n int) {
	for _, list := range [][]abci.Event{res.Events, res.TxResults[0].Events} {
		for _, e := range list {
			if strings.HasSuffix(e.Type, name) {
				n++
			}
		}
	}
	return n
}

// TestProofsFromMiningToCredit mines with RandomX, submits one peer's proofs
// directly, one of them false, and commits to the other's; both are verified by
// worker processes of RandomX, listed by proposers and judged by three validators.
func TestProofsFromMiningToCredit(t *testing.T) {
	c := newChain(t, 3, engine(t))
	epoch, nonce := c.nonce()
	difficulty := c.difficulty(epoch)

	direct, hashes := mine(t, capacity.UnitKey(nonce, c.units[0]), difficulty, 2)
	lie := hashes[1]
	lie[31]++
	c.send(c.proofsOf(0, epoch, append(direct, [32]byte{9}), [][32]byte{hashes[0], hashes[1], lie}))

	nonces, hashes := mine(t, capacity.UnitKey(nonce, c.units[1]), difficulty, 2)
	leaves := []capacity.Leaf{{Unit: c.units[1], Nonce: nonces[0], Hash: hashes[0]}, {Unit: c.units[1], Nonce: nonces[1], Hash: hashes[1]}}
	tree, err := capacity.NewTree([][32]byte{c.units[1]}, leaves)
	if err != nil {
		t.Fatal(err)
	}
	root := tree.Root()
	c.send(&capacitytypes.MsgCommitProofs{
		Owner: c.provider.Address().String(), PeerId: c.peer(1), Epoch: epoch, Root: root[:], N: 2, Counts: tree.Counts(),
	})
	if list := c.verified(); len(list) != 1 || list[0].Len() != 3 {
		t.Fatalf("%v wait, want one batch of three", list)
	}
	slashed, verdicts := 0, 0
	for range 4 {
		res := c.step()
		slashed += events(res, "EventSlashed")
		verdicts += events(res, "EventProofVerified")
	}
	if n := c.counted(0, epoch); n != 2 || slashed != 1 || verdicts != 3 {
		t.Fatalf("%d proofs count, %d slashes, %d verdicts; want 2, 1, 3", n, slashed, verdicts)
	}

	next, _ := c.nonce()
	if next != epoch+1 {
		t.Fatalf("epoch %d, want %d", next, epoch+1)
	}
	c.step()
	res, err := c.Apps[0].Capacity.Admission().PeerProofs(c.Context(), c.peer(1), epoch)
	if err != nil || len(res.Indices) != 2 {
		t.Fatalf("PeerProofs = %v, %v; want both leaves drawn", res, err)
	}
	o, err := tree.Open(res.Indices)
	if err != nil {
		t.Fatal(err)
	}
	c.send(&capacitytypes.MsgOpenProofs{Owner: c.provider.Address().String(), PeerId: c.peer(1), Epoch: epoch, Opening: o.Append(nil)})
	c.verified()
	if n := c.counted(1, epoch); n != 0 {
		t.Fatalf("%d proofs count before the time to open is over", n)
	}
	settled := 0
	for range 16 {
		settled += events(c.step(), "EventRootSettled")
		if settled > 0 {
			break
		}
	}
	if n := c.counted(1, epoch); n != 2 || settled != 1 {
		t.Fatalf("%d proofs of the committed peer count, %d roots settled; want 2 and 1", n, settled)
	}
	if err := c.Apps[0].Capacity.Admission().CheckInvariants(c.Context()); err != nil {
		t.Error(err)
	}
}

// quick gives verdicts without hashing: a hash is right that begins with a zero
// byte. It stands for the engine where only what is done with verdicts is tested.
type quick struct{}

func (quick) Verify(_ context.Context, _ [32]byte, _, want [][32]byte) ([]capacity.Verdict, error) {
	list := make([]capacity.Verdict, len(want))
	for i, h := range want {
		if list[i] = capacity.Invalid; h[0] == 0 {
			list[i] = capacity.Valid
		}
	}
	return list, nil
}

// dueChain is a chain whose next block may decide one batch of two proofs, of which
// the first is right.
func dueChain(t testing.TB, validators int) *chain {
	t.Helper()
	c := newChain(t, validators, quick{})
	epoch, _ := c.nonce()
	c.send(c.proofsOf(0, epoch, [][32]byte{{1}, {2}}, [][32]byte{{0}, {1}}))
	for c.Height()+1 < int64(c.verified()[0].Due) || c.verified()[0].Due == 0 {
		c.step()
	}
	return c
}

// listed returns the payload of verdicts in a block.
func listed(t testing.TB, c *chain, b *abci.RequestFinalizeBlock) (*system.MsgExecute, []byte) {
	t.Helper()
	tx, err := c.Apps[0].TxConfig().TxDecoder()(b.Txs[0])
	if err != nil {
		t.Fatal(err)
	}
	m, ok := system.FromTx(tx)
	if !ok {
		t.Fatal("no system transaction")
	}
	for _, e := range m.Entries {
		if system.Kind(e.Kind) == system.KindVerdicts {
			return m, e.Payload
		}
	}
	return m, nil
}

// withPayload replaces the verdicts in a block.
func withPayload(t testing.TB, c *chain, b *abci.RequestFinalizeBlock, payload []byte) {
	t.Helper()
	m, _ := listed(t, c, b)
	var entries []system.Entry
	for _, e := range m.Entries {
		if system.Kind(e.Kind) != system.KindVerdicts {
			entries = append(entries, e)
		}
	}
	if len(payload) > 0 {
		entries = append(entries, system.Entry{Kind: uint32(system.KindVerdicts), Payload: payload})
	}
	raw, err := system.Encode(c.Apps[0].TxConfig(), system.NewMsg(b.Height, entries))
	if err != nil {
		t.Fatal(err)
	}
	b.Txs[0] = raw
}

func TestLyingProposerIsOutvoted(t *testing.T) {
	c := dueChain(t, 3)
	honest, err := c.Propose()
	if err != nil {
		t.Fatal(err)
	}
	_, payload := listed(t, c, honest)
	good, err := capacitytypes.ParseVerdicts(payload)
	if err != nil || len(good) != 1 {
		t.Fatalf("the proposer lists %v, %v; want one batch", good, err)
	}
	first, second := len(payload)-2, len(payload)-1
	for name, spoil := range map[string]func(b []byte) []byte{
		"right called false":   func(b []byte) []byte { b[first] = 2; return b },
		"false called right":   func(b []byte) []byte { b[second] = 1; return b },
		"a verdict left out":   func(b []byte) []byte { b[16]--; return b[:len(b)-1] },
		"no verdict":           func(b []byte) []byte { b[first] = 0; return b },
		"a batch that is none": func(b []byte) []byte { b[15]++; return b },
		"before it is due":     func(b []byte) []byte { b[7]++; return b },
		"listed twice":         func(b []byte) []byte { return append(b, b...) },
		"garbage":              func([]byte) []byte { return []byte("garbage") },
		"more than its share":  func([]byte) []byte { return make([]byte, capacitytypes.MaxVerdictBytes+1) },
	} {
		t.Run(name, func(t *testing.T) {
			b := *honest
			b.Txs = append([][]byte(nil), honest.Txs...)
			withPayload(t, c, &b, spoil(bytes.Clone(payload)))
			for i, a := range c.Apps {
				before := a.Rejections(app.ReasonSystem)
				if ok, err := c.Judge(i, &b); ok || err != nil {
					t.Errorf("validator %d accepts: %v, %v", i, ok, err)
				}
				if a.Rejections(app.ReasonSystem) != before+1 {
					t.Errorf("validator %d rejects for another reason", i)
				}
			}
		})
	}
	for i := range c.Apps {
		if ok, err := c.Judge(i, honest); !ok || err != nil {
			t.Errorf("validator %d rejects the honest block: %v", i, err)
		}
	}
	res, err := c.Apply(honest)
	if err != nil {
		t.Fatal(err)
	}
	if events(res, "EventProofVerified") != 2 || events(res, "EventSlashed") != 1 {
		t.Errorf("events %v", res.TxResults[0].Events)
	}
}

// TestAfterAFailedRoundNoVerdictIsListed: the chain goes on whatever validators lack.
func TestAfterAFailedRoundNoVerdictIsListed(t *testing.T) {
	c := dueChain(t, 1)
	b, err := c.Propose()
	if err != nil {
		t.Fatal(err)
	}
	if _, payload := listed(t, c, b); payload == nil {
		t.Fatal("nothing is listed in the first round")
	}
	if ok, err := c.Judge(0, b); !ok || err != nil {
		t.Fatal(err)
	}
	if b, err = c.Propose(); err != nil {
		t.Fatal(err)
	}
	if _, payload := listed(t, c, b); payload != nil {
		t.Error("the second round lists verdicts")
	}
	if _, err := c.Apply(b); err != nil {
		t.Fatal(err)
	}
	b, err = c.Propose()
	if err != nil {
		t.Fatal(err)
	}
	if _, payload := listed(t, c, b); payload == nil {
		t.Error("the next height lists none: they must stay due")
	}
}
