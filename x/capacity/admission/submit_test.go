// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

func TestValidProofsAreCredited(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 2)
	if err := w.submit("alice", append(proofs(units[0], 0, 3), proofs(units[1], 0, 2)...)...); err != nil {
		t.Fatal(err)
	}
	w.run(20)
	for i, want := range []uint32{3, 2} {
		if got := w.econ.credited[fmt.Sprintf("%x/5", units[i][:4])]; got != want {
			t.Errorf("unit %d: %d proofs credited, want %d", i, got, want)
		}
	}
	if len(w.econ.slashed) != 0 {
		t.Errorf("slashed %v", w.econ.slashed)
	}
}

func TestFalseHashIsSlashedAndTheOthersCount(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 1)
	if err := w.submit("alice", proofs(units[0], 0, 4)...); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		w.judge(func(_ types.Batch, i int) capacity.Verdict {
			if i == 2 {
				return capacity.Invalid
			}
			return capacity.Valid
		})
		w.block()
	}
	unit := fmt.Sprintf("%x", units[0][:4])
	if w.econ.credited[unit+"/5"] != 3 || w.econ.slashed[unit+"/REASON_FALSE_HASH"] != 1 {
		t.Errorf("credited %v, slashed %v; want 3 and 1", w.econ.credited, w.econ.slashed)
	}
}

func TestBadProofsAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 3)
	_, bobs := w.addPeer("bob", 1)
	w.econ.max = 4
	if err := w.submit("alice", proofs(units[2], 0, 4)...); err != nil {
		t.Fatal(err)
	}
	if err := w.submit("alice", proof(units[1], 0)); err != nil {
		t.Fatal(err)
	}
	edit := func(f func(p *types.CapacityProof)) []types.CapacityProof {
		p := proof(units[0], 9)
		f(&p)
		return []types.CapacityProof{proof(units[0], 8), p}
	}
	tests := map[string]struct {
		list []types.CapacityProof
		want error
	}{
		"no proof":                 {nil, types.ErrBatchSize},
		"batch over the limit":     {proofs(units[0], 0, 257), types.ErrBatchSize},
		"unit of another provider": {[]types.CapacityProof{proof(units[0], 1), proof(bobs[0], 1)}, types.ErrNotOwner},
		"unit that does not prove": {[]types.CapacityProof{proof(units[0], 1), proof(hash("nobody's", 0), 1)}, types.ErrNotProving},
		"twice in one message":     {edit(func(p *types.CapacityProof) { p.LocalNonce = hash("nonce", 8) }), types.ErrDuplicateProof},
		"twice, apart":             {[]types.CapacityProof{proof(units[0], 1), proof(units[1], 1), proof(units[0], 1)}, types.ErrDuplicateProof},
		"again":                    {[]types.CapacityProof{proof(units[1], 0)}, types.ErrDuplicateProof},
		"again, with another hash": {[]types.CapacityProof{{UnitId: units[1], LocalNonce: hash("nonce", 0), ResultHash: make([]byte, 32)}}, types.ErrDuplicateProof},
		"more than count":          {proofs(units[0], 0, 5), types.ErrTooManyProofs},
		"more than count, later":   {proofs(units[2], 4, 1), types.ErrTooManyProofs},
		"above the difficulty":     {edit(func(p *types.CapacityProof) { p.ResultHash = bytes.Repeat([]byte{0x80}, 32) }), types.ErrProofAboveDifficulty},
		"a megabyte of nonce":      {edit(func(p *types.CapacityProof) { p.LocalNonce = make([]byte, 1<<20) }), types.ErrProofForm},
		"no nonce":                 {edit(func(p *types.CapacityProof) { p.LocalNonce = nil }), types.ErrProofForm},
		"short hash":               {edit(func(p *types.CapacityProof) { p.ResultHash = p.ResultHash[1:] }), types.ErrProofForm},
		"no unit":                  {edit(func(p *types.CapacityProof) { p.UnitId = nil }), types.ErrProofForm},
	}
	before := w.state()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.refused(before, w.submit("alice", tt.list...), tt.want)
		})
	}
}

func TestProofsBelongToTheRunningEpoch(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 1)
	for name, tt := range map[string]struct {
		epoch   uint64
		pending bool
		want    error
	}{
		"past epoch":           {4, false, types.ErrWrongEpoch},
		"epoch zero":           {0, false, types.ErrWrongEpoch},
		"next epoch":           {6, false, types.ErrWrongEpoch},
		"before the beacon is": {5, true, types.ErrNonceUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			w.t, w.clock.pending = t, tt.pending
			_, err := w.Submit(w.ctx(), &types.MsgSubmitProofs{Owner: "alice's owner", Epoch: tt.epoch, Proofs: proofs(units[0], 0, 1)})
			w.refused(types.AdmissionState{}, err, tt.want)
		})
	}
}

// TestEpochBoundary: a proof of the last block of an epoch counts for it, though its
// verdict comes in the next; the first block of the next refuses it.
func TestEpochBoundary(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 1)
	if err := w.submit("alice", proof(units[0], 0)); err != nil {
		t.Fatal(err)
	}
	w.block()
	w.clock.epoch, w.clock.pending = 6, true
	_, err := w.Submit(w.ctx(), &types.MsgSubmitProofs{Owner: "alice's owner", Epoch: 5, Proofs: proofs(units[0], 1, 1)})
	w.refused(w.state(), err, types.ErrWrongEpoch)
	if e, ok, err := w.OldestPending(w.ctx()); e != 5 || !ok || err != nil {
		t.Errorf("oldest pending = %d, %v, %v; want 5", e, ok, err)
	}
	w.run(15)
	if got := w.econ.credited[fmt.Sprintf("%x/5", units[0][:4])]; got != 1 {
		t.Errorf("%d proofs credited to epoch 5, want 1", got)
	}
	if _, ok, err := w.OldestPending(w.ctx()); ok || err != nil {
		t.Errorf("something is pending: %v, %v", ok, err)
	}
	if g := w.state(); len(g.Rounds)+len(g.Nonces)+len(g.Direct)+len(g.Flows) != 0 {
		t.Errorf("left behind: %v", g)
	}
}

func TestQueueIsBounded(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 3)
	w.econ.params.QueueLimit = 40
	if err := w.submit("alice", append(proofs(units[0], 0, 10), proofs(units[1], 0, 4)...)...); err != nil {
		t.Fatal(err) // 8+8 and 8+2 and 8+4: 38
	}
	w.refused(w.state(), w.submit("alice", proof(units[2], 0)), types.ErrQueueFull)
	w.run(1)
	if err := w.submit("alice", proof(units[2], 0)); err != nil {
		t.Errorf("after a block: %v", err)
	}
}

// TestBudget: no block schedules more than its budget and what the one before left.
func TestBudget(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		_, units := w.addPeer(fmt.Sprintf("p%d", i), 1)
		if err := w.submit(fmt.Sprintf("p%d", i), proofs(units[0], 0, 1+i)...); err != nil {
			t.Fatal(err)
		}
	}
	var total uint64
	for height := range uint64(12) {
		w.block()
		var cost uint64
		for _, b := range w.state().Due {
			if b.Due == 1+height+8 {
				cost += w.econ.params.Cost(b.Len())
			}
		}
		if total += cost; total > 16*(height+1) {
			t.Fatalf("%d scheduled in %d blocks", total, height+1)
		}
	}
	if total != 6*8+21 {
		t.Errorf("%d scheduled, want all: %d", total, 6*8+21)
	}
}

// TestFairShare: a provider that floods the queue delays others by a turn, not by
// the length of its queue.
func TestFairShare(t *testing.T) {
	w := newWorld(t)
	for range 40 {
		_, units := w.addPeer("flood", 1)
		if err := w.submit("flood", proofs(units[0], 0, 8)...); err != nil {
			t.Fatal(err)
		}
	}
	w.run(2)
	_, units := w.addPeer("small", 1)
	if err := w.submit("small", proofs(units[0], 0, 2)...); err != nil {
		t.Fatal(err)
	}
	w.run(2 + 8 + 1)
	if got := w.econ.credited[fmt.Sprintf("%x/5", units[0][:4])]; got != 2 {
		t.Errorf("%d proofs of the small provider are credited, want 2", got)
	}
	if n := len(w.state().Queue); n < 20 {
		t.Errorf("only %d batches wait: the flood was not there", n)
	}
}

func TestVerdictsAreRefusedThatAreNotDue(t *testing.T) {
	w := newWorld(t)
	_, units := w.addPeer("alice", 1)
	if err := w.submit("alice", proofs(units[0], 0, 2)...); err != nil {
		t.Fatal(err)
	}
	w.block()
	b := w.state().Due[0]
	entry := func(edit func(v *types.BatchVerdict)) []byte {
		v := types.BatchVerdict{Due: b.Due, Seq: b.Seq, Verdicts: []capacity.Verdict{capacity.Valid, capacity.Invalid}}
		edit(&v)
		return types.AppendVerdicts(nil, []types.BatchVerdict{v})
	}
	nothing := func(*types.BatchVerdict) {}
	w.refused(w.state(), w.Apply(w.ctx(), entry(nothing)), types.ErrNotDue) // too early
	for w.env.Ctx().BlockHeight() < int64(b.Due) {
		w.block()
	}
	before := w.state()
	for name, payload := range map[string][]byte{
		"another batch":  entry(func(v *types.BatchVerdict) { v.Seq++ }),
		"another height": entry(func(v *types.BatchVerdict) { v.Due-- }),
		"one too few":    entry(func(v *types.BatchVerdict) { v.Verdicts = v.Verdicts[1:] }),
		"one too many":   entry(func(v *types.BatchVerdict) { v.Verdicts = append(v.Verdicts, capacity.Valid) }),
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.refused(before, w.Apply(w.ctx(), payload), types.ErrNotDue)
		})
	}
	w.t = t
	for name, payload := range map[string][]byte{
		"unknown is no verdict": entry(func(v *types.BatchVerdict) { v.Verdicts[0] = capacity.Unknown }),
		"twice":                 append(entry(nothing), entry(nothing)...),
		"cut off":               entry(nothing)[:18],
		"empty entry":           entry(func(v *types.BatchVerdict) { v.Verdicts = nil }),
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.refused(before, w.Apply(w.ctx(), payload), types.ErrVerdictForm)
		})
	}
	w.t = t
	if err := w.Apply(w.ctx(), entry(nothing)); err != nil {
		t.Fatal(err)
	}
	if err := w.Apply(w.ctx(), entry(nothing)); err == nil {
		t.Error("verdicts count twice")
	}
}

// TestNoVerdictIsNeverFalse: what nobody can decide lapses, and nobody is slashed.
func TestNoVerdictIsNeverFalse(t *testing.T) {
	w := newWorld(t)
	w.econ.params.Lapse = 20
	_, units := w.addPeer("alice", 1)
	if err := w.submit("alice", proofs(units[0], 0, 2)...); err != nil {
		t.Fatal(err)
	}
	w.clock.epoch = 6
	for range 28 {
		w.block()
	}
	if e, ok, _ := w.OldestPending(w.ctx()); !ok || e != 5 {
		t.Fatalf("epoch 5 is done before its proofs lapsed")
	}
	for range 5 {
		w.block()
	}
	if len(w.econ.credited)+len(w.econ.slashed) != 0 {
		t.Errorf("credited %v, slashed %v", w.econ.credited, w.econ.slashed)
	}
	if _, ok, _ := w.OldestPending(w.ctx()); ok {
		t.Error("epoch 5 is held up for ever")
	}
}

// TestBookingThatFailsStopsNothing: the commitment may have ended since.
func TestBookingThatFailsStopsNothing(t *testing.T) {
	w := newWorld(t)
	w.econ.refuse = types.ErrStatus
	_, units := w.addPeer("alice", 2)
	if err := w.submit("alice", append(proofs(units[0], 0, 2), proofs(units[1], 0, 2)...)...); err != nil {
		t.Fatal(err)
	}
	w.run(15)
	if g := w.state(); len(g.Queue)+len(g.Due) != 0 {
		t.Errorf("batches stay: %v", g)
	}
}

func FuzzParseVerdicts(f *testing.F) {
	f.Add([]byte{})
	f.Add(types.AppendVerdicts(nil, []types.BatchVerdict{
		{Due: 9, Seq: 1, Verdicts: []capacity.Verdict{1, 2}}, {Due: 9, Seq: 2, Verdicts: []capacity.Verdict{1}},
	}))
	f.Add(bytes.Repeat([]byte{1}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := types.ParseVerdicts(b)
		if err == nil && !bytes.Equal(types.AppendVerdicts(nil, list), b) {
			t.Fatal("two encodings of one list")
		}
	})
}
