// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
)

// forge changes the trace of particle data and signs the result for every peer of
// the network, so that nothing but the interpreter's own rules can refuse it. It
// returns nil when the data cannot be changed.
func forge(r *rand.Rand, raw []byte, peers []*member) []byte {
	d, err := data.Decode(raw, data.DefaultLimits())
	if err != nil || len(d.Trace) == 0 {
		return nil
	}
	for range 1 + r.IntN(2) {
		d.Trace = damageTrace(r, slices.Clone(d.Trace), peers)
	}
	results, err := data.Results(d.Trace, &d.CIDs)
	if err != nil {
		return nil
	}
	d.Signatures = nil
	for _, p := range peers {
		key, err := data.NewKeyPair(data.KeyFormat(air.KeyEd25519), p.Seed)
		if err != nil {
			return nil
		}
		d.Signatures = append(d.Signatures, key.Sign(results.Of(p.ID), particleID))
	}
	b, err := data.Encode(d)
	if err != nil {
		return nil
	}
	return b
}

// damageTrace moves, drops, doubles or edits states.
func damageTrace(r *rand.Rand, t []data.State, peers []*member) []data.State {
	if len(t) == 0 {
		return t
	}
	i, j := r.IntN(len(t)), r.IntN(len(t))
	switch r.IntN(10) {
	case 0:
		return slices.Delete(t, i, i+1)
	case 1:
		return slices.Insert(t, i, t[j])
	case 2:
		t[i], t[j] = t[j], t[i]
		return t
	case 3:
		return t[:i]
	case 4:
		t[i] = t[j]
		return t
	}
	t[i] = damageState(r, &t[i], len(t), peers)
	return t
}

// near draws a number close to n, at a corner, or anywhere.
func near(r *rand.Rand, n uint32) uint32 {
	switch r.IntN(8) {
	case 0:
		return 0
	case 1:
		return 0xfffffff0
	case 2:
		return uint32(r.IntN(50))
	case 3:
		return n - 1
	}
	return n + 1
}

func damageState(r *rand.Rand, s *data.State, n int, peers []*member) data.State {
	other := peers[r.IntN(len(peers))].ID
	switch s.Kind() {
	case data.KindPar:
		left, right := s.Sizes()
		if r.IntN(2) == 0 {
			return data.Par(near(r, left), right)
		}
		return data.Par(left, near(r, right))
	case data.KindSent, data.KindSentWithID:
		if r.IntN(2) == 0 {
			return data.Sent(other)
		}
		return data.SentWithID(other, uint32(r.IntN(4)))
	case data.KindScalar:
		return [...]data.State{data.Unused(s.CID()), data.Stream(s.CID(), 0), data.Failed(s.CID())}[r.IntN(3)]
	case data.KindStream:
		g, _ := s.Generation()
		if r.IntN(3) == 0 {
			return data.Scalar(s.CID())
		}
		return data.Stream(s.CID(), near(r, g))
	case data.KindUnused:
		return data.Unused(data.ValueCID(fmt.Sprint(r.IntN(3))))
	case data.KindFold:
		return data.Fold(damageLore(r, s.Lore(), n))
	case data.KindAp:
		g, _ := s.Generation()
		return [...]data.State{data.Ap(near(r, g)), data.Ap(near(r, g)), data.ApList(nil), data.ApList([]uint32{0, 1}), data.Fold(nil)}[r.IntN(5)]
	case data.KindCanonSent:
		return data.CanonSent(other)
	case data.KindCanon:
		return [...]data.State{data.CanonSent(other), data.Scalar(s.CID())}[r.IntN(2)]
	}
	return data.Sent(other)
}

func damageLore(r *rand.Rand, lore []data.FoldLore, n int) []data.FoldLore {
	out := make([]data.FoldLore, len(lore))
	for i, l := range lore {
		out[i] = data.FoldLore{ValuePos: l.ValuePos, Ranges: slices.Clone(l.Ranges)}
	}
	if len(out) == 0 {
		return []data.FoldLore{{ValuePos: uint32(r.IntN(n)), Ranges: []data.Range{{}, {}}}}
	}
	i := r.IntN(len(out))
	l := &out[i]
	switch r.IntN(7) {
	case 0:
		return slices.Delete(out, i, i+1)
	case 1:
		return append(out, out[i])
	case 2:
		l.ValuePos = near(r, l.ValuePos)
	case 3:
		l.Ranges = l.Ranges[:r.IntN(len(l.Ranges)+1)]
	case 4:
		slices.Reverse(out)
	default:
		if len(l.Ranges) > 0 {
			g := &l.Ranges[r.IntN(len(l.Ranges))]
			if r.IntN(2) == 0 {
				g.Begin = near(r, g.Begin)
			} else {
				g.Len = near(r, g.Len)
			}
		}
	}
	return out
}

// refused reports whether a run with the code changed nothing.
func refused(code int64) bool { return code > 0 && code < 10000 || code >= 20000 && code < 30000 }

// TestForgedTracesAreTreatedAsAquaVMTreatsThem gives steps of random networks a
// forged trace with good signatures. Where AquaVM refuses we refuse, where it
// crashes we refuse, and where it goes on we do the same, but for the named
// deviations.
func TestForgedTracesAreTreatedAsAquaVMTreatsThem(t *testing.T) {
	invocations := int(fromEnvironment(t, invocationsVariable, 20_000)) / 2
	seed := fromEnvironment(t, seedVariable, 1)
	avm := newEngine(t).New()
	counts := map[string]int{}
	found := map[string]int{}
	const enough = 5
	for ; counts["invocations"] < invocations && len(found) < enough; seed++ {
		s := drawSetup(seed)
		s.hostile = true
		n, d := simulate(t.Context(), avm, s, counts)
		if d == nil {
			continue
		}
		counts["differences"]++
		if found[d.kind]++; found[d.kind] == 1 {
			small := shrink(t.Context(), avm, s, d.kind)
			n, d = simulate(t.Context(), avm, small, map[string]int{})
			t.Error(n.report(d))
		}
	}
	logCounts(t, counts)
}

// judgeForged compares the outcomes of a step with a forged trace.
func (n *run) judgeForged(ctx context.Context, in air.Input, ours, theirs *air.Outcome) *difference {
	switch {
	case theirs == nil && !refused(ours.Code):
		return differ("accepted where avm.wasm crashes", "code %d %s", ours.Code, ours.Message)
	case theirs == nil || refused(ours.Code) && refused(theirs.Code):
		if theirs != nil && ours.Code != theirs.Code {
			n.counts[fmt.Sprintf("both refuse, %d and %d", ours.Code, theirs.Code)]++
		}
		return nil
	case deviation(ours, theirs):
		return nil
	case ours.Code == int64(exec.CodeTrace) && oddAp(in.Data):
		// AquaVM looks at the generations of an ap only where it meets the ap itself, we
		// also where a fold refers to it.
		n.counts["stricter: ap without exactly one generation"]++
		return nil
	}
	d := compare(ours, theirs, particleID)
	if plain := withoutRequests(&in); d != nil && plain != nil {
		// The own-state rule: a request of this peer that previous data lacks is read
		// as one without a number (perimeter.md 2.1). AquaVM must do the same on data
		// that say so.
		n.counts["named deviation: request unknown to the peer"]++
		in.Data = plain
		if _, theirs, d = n.invoke(ctx, in); d == nil && theirs != nil {
			d = compare(ours, theirs, particleID)
		}
	}
	return n.pardon(&in, ours, theirs, d)
}

// oddAp reports whether data holds an ap that does not have one generation.
func oddAp(raw []byte) bool {
	d, err := data.Decode(raw, data.DefaultLimits())
	return err == nil && slices.ContainsFunc(d.Trace, func(s data.State) bool {
		return s.Kind() == data.KindAp && len(s.Generations()) != 1
	})
}

// withoutRequests returns the arriving data with the numbers taken off the
// requests of the current peer; nil when there are none. Where previous data has
// the request at the same place, that one counts anyway.
func withoutRequests(in *air.Input) []byte {
	d, err := data.Decode(in.Data, data.DefaultLimits())
	if err != nil {
		return nil
	}
	changed := false
	for i := range d.Trace {
		s := &d.Trace[i]
		if s.Kind() == data.KindSentWithID && s.Peer() == in.Params.CurrentPeerID {
			d.Trace[i], changed = data.Sent(s.Peer()), true
		}
	}
	if !changed {
		return nil
	}
	b, err := data.Encode(d)
	if err != nil {
		return nil
	}
	return b
}
