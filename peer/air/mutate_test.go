// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
)

// TestMutatedDataDoNoHarm takes honest runs, changes the trace of arriving data
// and lets everybody sign what comes out: peers that conspire. Whatever the
// receiver makes of it, it writes data that verify, or refuses and keeps what it
// had.
func TestMutatedDataDoNoHarm(t *testing.T) {
	refused, accepted := 0, 0
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		peers := members("A", "B", "C")
		g := newScriptGen(rnd, ids(peers))
		n := &network{rnd: rnd, script: g.script(), members: peers, service: services(peers)}
		n.step = func(m *member, in air.Input) (air.Outcome, bool) {
			in.Budget = air.Budget{Steps: 50_000, Bytes: 4 << 20}
			if len(in.Data) > 0 {
				hostile := in
				hostile.Data = mutate(rnd, in.Data, peers)
				out := mustInvoke(t, hostile)
				void := out.Code > 0 && out.Code < 10000 || out.Code/10000 == 2
				switch wrong := ""; {
				case void && (!bytes.Equal(out.Data, in.Prev) || len(out.Calls)+len(out.Next) > 0):
					t.Errorf("seed %d: code %d changed something", seed, out.Code)
				case void:
					refused++
				default:
					accepted++
					if wrong = verifies(out.Data, in.Params.ParticleID); wrong != "" {
						t.Errorf("seed %d: code %d with data that do not verify: %s\nscript %s\ndata %s\nout %s", seed, out.Code, wrong,
							n.script, showTrace(hostile.Data), showTrace(out.Data))
					}
				}
			}
			out := mustInvoke(t, in)
			return out, out.Code/10000 != 2 && out.Code != 1
		}
		n.run(15)
	}
	if refused < 50 || accepted < 50 {
		t.Errorf("%d refused, %d accepted: the mutations are not of both kinds", refused, accepted)
	}
}

// mutate changes some states of a trace and signs it anew for all.
func mutate(rnd *rand.Rand, b []byte, all []*member) []byte {
	d, err := airdata.Decode(b, airdata.Limits{})
	if err != nil || len(d.Trace) == 0 {
		return b
	}
	for range 1 + rnd.IntN(3) {
		i, k := rnd.IntN(len(d.Trace)), rnd.IntN(len(d.Trace))
		switch rnd.IntN(6) {
		case 0:
			d.Trace[i], d.Trace[k] = d.Trace[k], d.Trace[i]
		case 1:
			d.Trace[i] = d.Trace[k]
		case 2:
			d.Trace = slices.Insert(d.Trace, i, d.Trace[k])
		case 3:
			if len(d.Trace) > 1 {
				d.Trace = slices.Delete(d.Trace, i, i+1)
			}
		case 4:
			d.Trace[i] = randomState(rnd, d, all)
		case 5:
			d.Trace[i].SetGeneration(uint32(rnd.IntN(5)))
		}
	}
	f := forger{d: *d}
	f.d.Signatures = nil
	return f.seal(all...)
}

func randomState(rnd *rand.Rand, d *airdata.InterpreterData, all []*member) airdata.State {
	var cid airdata.CID
	for c := range d.CIDs.ServiceResults.All() {
		if cid = c; rnd.IntN(3) == 0 {
			break
		}
	}
	peer := all[rnd.IntN(len(all))].id
	small := func() uint32 { return uint32(rnd.IntN(4)) }
	switch rnd.IntN(8) {
	case 0:
		return airdata.Par(small(), small())
	case 1:
		return airdata.Sent(peer)
	case 2:
		return airdata.SentWithID(peer, small())
	case 3:
		return airdata.Scalar(cid)
	case 4:
		return airdata.Stream(cid, small())
	case 5:
		return airdata.Failed(cid)
	case 6:
		return airdata.Fold([]airdata.FoldLore{{ValuePos: small(), Ranges: []airdata.Range{{Begin: small(), Len: small()}, {Begin: small(), Len: small()}}}})
	}
	return airdata.Ap(small())
}
