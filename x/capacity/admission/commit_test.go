// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// plant builds the tree of a peer with each proofs of every unit.
func (w *world) plant(units [][]byte, each int) *capacity.Tree {
	w.t.Helper()
	ids := make([][32]byte, len(units))
	var leaves []capacity.Leaf
	for i, u := range units {
		ids[i] = [32]byte(u)
		for _, p := range proofs(u, 0, each) {
			leaves = append(leaves, capacity.Leaf{Unit: ids[i], Nonce: [32]byte(p.LocalNonce), Hash: [32]byte(p.ResultHash)})
		}
	}
	tree, err := capacity.NewTree(ids, leaves)
	if err != nil {
		w.t.Fatal(err)
	}
	return tree
}

func commitMsg(provider string, peer []byte, epoch uint64, tree *capacity.Tree) *types.MsgCommitProofs {
	root := tree.Root()
	return &types.MsgCommitProofs{
		Owner: provider + "'s owner", PeerId: peer, Epoch: epoch, Root: root[:],
		N: uint32(tree.Layout().Len()), Counts: tree.Counts(),
	}
}

func (w *world) commit(provider string, peer []byte, tree *capacity.Tree) {
	w.t.Helper()
	if _, err := w.Commit(w.ctx(), commitMsg(provider, peer, w.clock.epoch, tree)); err != nil {
		w.t.Fatal(err)
	}
}

// sample ends the running epoch and makes the block in which its leaves are drawn.
func (w *world) sample() {
	w.t.Helper()
	w.clock.epoch, w.clock.pending = w.clock.epoch+1, true
	w.block()
	if r := w.state().Rounds[0]; r.Sampled != 0 {
		w.t.Fatal("leaves are drawn before the beacon is")
	}
	w.clock.pending = false
	w.block()
	if r := w.state().Rounds[0]; r.Sampled != w.clock.epoch || r.Left != r.Params.OpenWindow {
		w.t.Fatalf("round %v is not drawn", r)
	}
}

// openMsg opens what is drawn of a peer's tree in the epoch before the running one.
func (w *world) openMsg(provider string, peer []byte, tree *capacity.Tree) *types.MsgOpenProofs {
	w.t.Helper()
	res, err := w.PeerProofs(w.ctx(), peer, w.clock.epoch-1)
	if err != nil || len(res.Indices) == 0 {
		w.t.Fatalf("PeerProofs = %v, %v", res, err)
	}
	o, err := tree.Open(res.Indices)
	if err != nil {
		w.t.Fatal(err)
	}
	return &types.MsgOpenProofs{Owner: provider + "'s owner", PeerId: peer, Epoch: w.clock.epoch - 1, Opening: o.Append(nil)}
}

func (w *world) settled(peer []byte) (types.Root, bool) {
	for _, r := range w.state().Roots {
		if bytes.Equal(r.PeerId, peer) {
			return r, r.Settled
		}
	}
	return types.Root{}, true
}

func TestCommittedProofsAreCreditedWhenTheirLeavesHold(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 32)
	tree := w.plant(units, 3)
	w.commit("alice", peer, tree)
	w.block()
	w.sample()
	if _, err := w.Open(w.ctx(), w.openMsg("alice", peer, tree)); err != nil {
		t.Fatal(err)
	}
	if len(w.econ.credited) != 0 {
		t.Fatal("credited before the verdicts")
	}
	w.run(40)
	for _, u := range units {
		if got := w.econ.credited[fmt.Sprintf("%x/5", u[:4])]; got != 3 {
			t.Fatalf("unit %x: %d proofs credited, want 3", u[:4], got)
		}
	}
	if len(w.econ.slashed)+len(w.econ.lost) != 0 {
		t.Errorf("slashed %v, lost %v", w.econ.slashed, w.econ.lost)
	}
	if g := w.state(); len(g.Rounds)+len(g.Roots) != 0 {
		t.Errorf("left behind: %v", g)
	}
}

func TestFalseLeafLosesTheEpochAndIsSlashed(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 32)
	tree := w.plant(units, 3)
	w.commit("alice", peer, tree)
	w.sample()
	if _, err := w.Open(w.ctx(), w.openMsg("alice", peer, tree)); err != nil {
		t.Fatal(err)
	}
	first := true
	for range 40 {
		w.judge(func(types.Batch, int) capacity.Verdict {
			if first {
				first = false
				return capacity.Invalid
			}
			return capacity.Valid
		})
		w.block()
	}
	if w.econ.lost[fmt.Sprintf("%x/5", peer[:4])] != types.ReasonFalseLeaf || len(w.econ.slashed) != 1 || len(w.econ.credited) != 0 {
		t.Errorf("lost %v, slashed %v, credited %v", w.econ.lost, w.econ.slashed, w.econ.credited)
	}
}

func TestMissingOpeningLosesTheEpoch(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 32)
	w.commit("alice", peer, w.plant(units, 1))
	w.sample()
	// Full blocks do not count.
	if err := w.SetFull(w.ctx(), true); err != nil {
		t.Fatal(err)
	}
	w.run(50)
	if _, ok := w.settled(peer); ok {
		t.Fatal("lost while blocks were full")
	}
	if err := w.SetFull(w.ctx(), false); err != nil {
		t.Fatal(err)
	}
	w.run(10)
	if _, ok := w.settled(peer); ok {
		t.Fatal("lost before the time to open is over")
	}
	w.run(2)
	if _, ok := w.settled(peer); !ok || w.econ.lost[fmt.Sprintf("%x/5", peer[:4])] != types.ReasonMissingOpening {
		t.Errorf("settled %v, lost %v", ok, w.econ.lost)
	}
}

func TestPeerThatIsNotDrawnIsCreditedUnseen(t *testing.T) {
	w := newWorld(t)
	drawn, kept := 0, 0
	for i := range 64 {
		p := fmt.Sprintf("p%d", i)
		peer, units := w.addPeer(p, 1)
		w.commit(p, peer, w.plant(units, 2))
	}
	w.sample()
	w.run(60)
	for range w.econ.lost {
		drawn++
	}
	for range w.econ.credited {
		kept++
	}
	if drawn+kept != 64 || drawn == 0 || drawn > 10 {
		t.Errorf("%d of 64 peers of one unit are drawn, %d credited", drawn, kept)
	}
}

func TestBadRootsAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 4)
	_, others := w.addPeer("alice", 2)
	tree := w.plant(units, 3)
	if err := w.submit("alice", proof(others[0], 0)); err != nil {
		t.Fatal(err)
	}
	direct := w.econ.units[string(others[0])].PeerId
	w.econ.max = 3
	tests := map[string]struct {
		edit func(m *types.MsgCommitProofs)
		want error
	}{
		"past epoch":           {func(m *types.MsgCommitProofs) { m.Epoch-- }, types.ErrWrongEpoch},
		"short root":           {func(m *types.MsgCommitProofs) { m.Root = m.Root[1:] }, types.ErrBadRoot},
		"no peer":              {func(m *types.MsgCommitProofs) { m.PeerId = nil }, types.ErrBadRoot},
		"n is another":         {func(m *types.MsgCommitProofs) { m.N++ }, types.ErrBadRoot},
		"a count missing":      {func(m *types.MsgCommitProofs) { m.Counts = m.Counts[1:] }, types.ErrBadRoot},
		"nothing claimed":      {func(m *types.MsgCommitProofs) { m.Counts = make([]uint32, 4); m.N = 0 }, types.ErrBadRoot},
		"counts that wrap":     {func(m *types.MsgCommitProofs) { m.Counts = []uint32{1<<32 - 1, 1, 0, 0}; m.N = 0 }, types.ErrBadRoot},
		"more than count":      {func(m *types.MsgCommitProofs) { m.Counts[0]++; m.N++ }, types.ErrTooManyProofs},
		"somebody else's peer": {func(m *types.MsgCommitProofs) { m.Owner = "bob's owner" }, types.ErrNotOwner},
		"peer without a pledge": {
			func(m *types.MsgCommitProofs) { m.PeerId = hash("peer", "nobody") }, types.ErrNoCommitment,
		},
		"peer that proves directly": {
			func(m *types.MsgCommitProofs) { m.PeerId, m.Counts, m.N = direct, []uint32{1, 1}, 2 }, types.ErrOtherPath,
		},
	}
	before := w.state()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w.t = t
			m := commitMsg("alice", peer, 5, tree)
			m.Counts = slices.Clone(m.Counts)
			tt.edit(m)
			_, err := w.Commit(w.ctx(), m)
			w.refused(before, err, tt.want)
		})
	}
	w.t = t
	w.commit("alice", peer, tree)
	before = w.state()
	_, err := w.Commit(w.ctx(), commitMsg("alice", peer, 5, tree))
	w.refused(before, err, types.ErrRootExists)
	w.refused(before, w.submit("alice", proof(units[0], 0)), types.ErrOtherPath)
	delete(w.econ.units, string(units[3])) // a deal took it
	w.clock.epoch++
	_, err = w.Commit(w.ctx(), commitMsg("alice", peer, 6, tree))
	w.refused(before, err, types.ErrNotProving)
	_, err = w.Commit(w.ctx(), commitMsg("alice", peer, 5, tree)) // after the close
	w.refused(before, err, types.ErrWrongEpoch)
}

func TestBadOpeningsAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 32)
	small, smalls := w.addPeer("bob", 1)
	for w.lucky(small) { // bob is not drawn
		small, smalls = w.addPeer("bob", 1)
	}
	tree := w.plant(units, 2)
	other := w.plant(units, 3)
	w.commit("alice", peer, tree)
	w.commit("bob", small, w.plant(smalls, 2))
	early := &types.MsgOpenProofs{Owner: "alice's owner", PeerId: peer, Epoch: 5, Opening: []byte{1}}
	_, err := w.Open(w.ctx(), early)
	w.refused(w.state(), err, types.ErrNotSampled)
	w.sample()
	wrong, err := tree.Open([]uint64{0, 1, 2, 3, 4, 5, 6, 7})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		edit func(m *types.MsgOpenProofs)
		want error
	}{
		"another epoch":          {func(m *types.MsgOpenProofs) { m.Epoch-- }, types.ErrNoRoot},
		"another peer":           {func(m *types.MsgOpenProofs) { m.PeerId = hash("peer", "x") }, types.ErrNoRoot},
		"somebody else":          {func(m *types.MsgOpenProofs) { m.Owner = "bob's owner" }, types.ErrNotOwner},
		"peer that is not drawn": {func(m *types.MsgOpenProofs) { m.PeerId, m.Owner = small, "bob's owner" }, types.ErrNotDrawn},
		"the wrong leaves":       {func(m *types.MsgOpenProofs) { m.Opening = wrong.Append(nil) }, types.ErrBadOpening},
		"leaves of another tree": {func(m *types.MsgOpenProofs) { m.Opening = w.openMsg("alice", peer, other).Opening }, types.ErrBadOpening},
		"one leaf too few":       {func(m *types.MsgOpenProofs) { m.Opening[0]-- }, types.ErrBadOpening},
		"cut off":                {func(m *types.MsgOpenProofs) { m.Opening = m.Opening[:len(m.Opening)-48] }, types.ErrBadOpening},
		"nothing":                {func(m *types.MsgOpenProofs) { m.Opening = nil }, types.ErrBadOpening},
		"another hash":           {func(m *types.MsgOpenProofs) { m.Opening[40] ^= 1 }, types.ErrBadOpening},
		"a megabyte":             {func(m *types.MsgOpenProofs) { m.Opening = make([]byte, 1<<20) }, types.ErrBadOpening},
	}
	before := w.state()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w.t = t
			m := w.openMsg("alice", peer, tree)
			tt.edit(m)
			_, err := w.Open(w.ctx(), m)
			w.refused(before, err, tt.want)
		})
	}
	w.t = t
	good := w.openMsg("alice", peer, tree)
	if _, err := w.Open(w.ctx(), good); err != nil {
		t.Fatal(err)
	}
	_, err = w.Open(w.ctx(), good)
	w.refused(w.state(), err, types.ErrOpened)
}

// lucky reports whether a peer of one unit would be drawn of epoch 5.
func (w *world) lucky(peer []byte) bool {
	r := types.Round{Epoch: 5, Beacon: hash("beacon", uint64(6))}
	return r.Lot(peer).Drawn(1, 32)
}

func TestOpeningAfterItsTimeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.econ.params.OpenWindow = 3
	peer, units := w.addPeer("alice", 32)
	tree := w.plant(units, 1)
	w.commit("alice", peer, tree)
	w.sample()
	m := w.openMsg("alice", peer, tree)
	w.run(3)
	_, err := w.Open(w.ctx(), m)
	w.refused(w.state(), err, types.ErrOpenClosed)
	w.run(1)
	_, err = w.Open(w.ctx(), m)
	w.refused(w.state(), err, types.ErrSettled)
}

// TestChallenge: a tree with a leaf of another unit in place is lost at once; an
// honest one cannot be.
func TestChallenge(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 2)
	// Two leaves in the wrong order of units: the tree of a liar.
	a, b := proof(units[0], 0), proof(units[1], 0)
	spoilt := w.plant(units, 1)
	honestPeer, honestUnits := w.addPeer("bob", 2)
	honest := w.plant(honestUnits, 1)
	w.commit("bob", honestPeer, honest)

	liar := commitMsg("alice", peer, 5, spoilt)
	swapped, steps := swap(b, a)
	liar.Root = swapped
	if _, err := w.Commit(w.ctx(), liar); err != nil {
		t.Fatal(err)
	}
	good := &types.MsgChallengeLeaf{Challenger: "carol", PeerId: peer, Epoch: 5, Index: 0, Leaf: b, Steps: steps}
	before := w.state()
	for name, tt := range map[string]struct {
		edit func(m *types.MsgChallengeLeaf)
		want error
	}{
		"no such root":   {func(m *types.MsgChallengeLeaf) { m.Epoch = 4 }, types.ErrNoRoot},
		"another leaf":   {func(m *types.MsgChallengeLeaf) { m.Leaf = a }, types.ErrBadChallenge},
		"beyond":         {func(m *types.MsgChallengeLeaf) { m.Index = 9 }, types.ErrBadChallenge},
		"no steps":       {func(m *types.MsgChallengeLeaf) { m.Steps = nil }, types.ErrBadChallenge},
		"broken steps":   {func(m *types.MsgChallengeLeaf) { m.Steps = m.Steps[1:] }, types.ErrBadChallenge},
		"malformed leaf": {func(m *types.MsgChallengeLeaf) { m.Leaf.UnitId = nil }, types.ErrProofForm},
		"honest root": {func(m *types.MsgChallengeLeaf) {
			l := honest.Leaves()[0]
			m.PeerId = honestPeer
			m.Leaf = types.CapacityProof{UnitId: l.Unit[:], LocalNonce: l.Nonce[:], ResultHash: l.Hash[:]}
			m.Steps = w.honestSteps(honest)
		}, types.ErrBadChallenge},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			m := *good
			tt.edit(&m)
			_, err := w.Challenge(w.ctx(), &m)
			w.refused(before, err, tt.want)
		})
	}
	w.t = t
	res, err := w.Challenge(w.ctx(), good)
	if err != nil || capacity.Fault(res.Fault) != capacity.FaultUnit {
		t.Fatalf("Challenge = %v, %v", res, err)
	}
	if w.econ.lost[fmt.Sprintf("%x/5", peer[:4])] != types.ReasonFalseLeaf || w.econ.slashed[fmt.Sprintf("%x/REASON_FALSE_LEAF", units[0][:4])] != 16 {
		t.Errorf("lost %v, slashed %v", w.econ.lost, w.econ.slashed)
	}
	_, err = w.Challenge(w.ctx(), good)
	w.refused(w.state(), err, types.ErrSettled)
}

// swap returns the root of a tree of two leaves as they are given, and the steps
// that show the first. It is made by hand, as a liar would.
func swap(first, second types.CapacityProof) (root, steps []byte) {
	node := func(ordinal uint64, p types.CapacityProof) []byte {
		key := ordinal<<48 | capacity.Tag([32]byte(p.LocalNonce))
		h := sha256.Sum256(slices.Concat([]byte{0}, p.UnitId, p.LocalNonce, p.ResultHash))
		b := binary.BigEndian.AppendUint64(nil, key)
		return append(binary.BigEndian.AppendUint64(b, key), h[:]...)
	}
	left, right := node(0, first), node(1, second)
	h := sha256.Sum256(slices.Concat([]byte{1}, left, right))
	return h[:], append(bytes.Clone(left[:16]), right...)
}

func (w *world) honestSteps(tree *capacity.Tree) []byte {
	w.t.Helper()
	o, err := tree.Open([]uint64{0})
	if err != nil {
		w.t.Fatal(err)
	}
	tag := capacity.Tag(tree.Leaves()[0].Nonce)
	f := capacity.Fraud{Steps: []capacity.Step{{Min: tag, Max: tag, Sibling: o.Path[0]}}}
	return f.Append(nil)
}

func TestGenesisRoundTripAndInvariants(t *testing.T) {
	w := newWorld(t)
	peer, units := w.addPeer("alice", 32)
	_, bobs := w.addPeer("bob", 2)
	tree := w.plant(units, 1)
	w.commit("alice", peer, tree)
	if err := w.submit("bob", append(proofs(bobs[0], 0, 9), proofs(bobs[1], 0, 3)...)...); err != nil {
		t.Fatal(err)
	}
	w.sample()
	if _, err := w.Open(w.ctx(), w.openMsg("alice", peer, tree)); err != nil {
		t.Fatal(err)
	}
	w.block()
	g := w.state()
	if len(g.Queue) == 0 || len(g.Due) == 0 || len(g.Roots) != 1 || len(g.Nonces) != 2 || len(g.Direct) != 1 || len(g.Flows) == 0 {
		t.Fatalf("the state misses a part: %v", g)
	}
	other := newWorld(t)
	if err := other.InitGenesis(other.ctx(), g); err != nil {
		t.Fatal(err)
	}
	if again := other.state(); !reflect.DeepEqual(again, g) {
		t.Errorf("imported %v, exported %v", again, g)
	}
	for name, spoil := range map[string]func(g *types.AdmissionState){
		"batch without a round": func(g *types.AdmissionState) { g.Queue[0].Epoch = 9 },
		"queue out of order":    func(g *types.AdmissionState) { slices.Reverse(g.Queue) },
		"half a claim":          func(g *types.AdmissionState) { g.Due[0].Claims = g.Due[0].Claims[1:] },
		"round counts wrong":    func(g *types.AdmissionState) { g.Rounds[0].Batches++ },
		"meter counts wrong":    func(g *types.AdmissionState) { g.Meter.Queued++ },
		"flow counts wrong":     func(g *types.AdmissionState) { g.Flows[0].Batches++ },
		"root without units":    func(g *types.AdmissionState) { g.Roots[0].Counts = nil },
		"half a tag":            func(g *types.AdmissionState) { g.Nonces[0].Tags = g.Nonces[0].Tags[1:] },
		"peer id of 31 bytes":   func(g *types.AdmissionState) { g.Direct[0].PeerId = g.Direct[0].PeerId[1:] },
	} {
		bad := w.state()
		spoil(&bad)
		if err := bad.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
