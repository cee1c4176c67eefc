// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/keeper"
	"github.com/go-fluence/fluence/x/beacon/types"
	"github.com/go-fluence/fluence/x/internal/kit"
)

// made is one block as the model remembers it.
type made struct {
	epoch    uint64
	height   int64
	proposer int
	withheld bool
}

// named is one registration as the model remembers it.
type named struct {
	validator int
	key       *beacon.Key
	in, from  uint64
}

// model remembers everything that happened and computes each answer anew.
type model struct {
	blocks []made
	keys   []named
	params map[uint64]types.Params // in force in an epoch
	next   types.Params
}

// keyOf returns the key that counts for a validator in an epoch: the last one whose
// turn has come and that no later registration dropped before it came.
func (m *model) keyOf(validator int, epoch uint64) *beacon.Key {
	var best *beacon.Key
	for i, n := range m.keys {
		dropped := slices.ContainsFunc(m.keys[i+1:], func(later named) bool {
			return later.validator == n.validator && later.in < n.from
		})
		if n.validator == validator && n.from <= epoch && !dropped {
			best = n.key
		}
	}
	return best
}

// values returns the value of every epoch that has one, up to the running one.
func (m *model) values(running uint64) map[uint64][32]byte {
	values := map[uint64][32]byte{}
	var previous [32]byte
	for e := uint64(1); e <= running; e++ {
		p := m.params[e]
		mix, outputs, position := beacon.Begin(chainID, e, previous), uint32(0), uint32(0)
		for _, b := range m.blocks {
			if b.epoch != e || position == p.Window {
				continue
			}
			position++
			k := m.keyOf(b.proposer, e)
			if k == nil || b.withheld {
				continue
			}
			alpha := beacon.OutputAlpha(chainID, b.height)
			out, err := beacon.Verify(k.Public(), alpha, k.Prove(alpha))
			if err != nil {
				panic(err)
			}
			mix, outputs = beacon.Mix(mix, b.height, out), outputs+1
		}
		if position == p.Window && outputs >= p.MinOutputs {
			values[e], previous = mix, mix
		}
	}
	return values
}

// run is a random chain beside its model.
type run struct {
	*world
	m *model
}

func (r *run) step(t *rapid.T) {
	proposer := rapid.IntRange(0, 3).Draw(t, "proposer")
	withhold := rapid.IntRange(0, 3).Draw(t, "withhold") == 0
	epoch, _, _ := r.clock.Place(t.Context())
	if k := r.m.keyOf(proposer, epoch); k != nil {
		r.set[proposer].key = k // the operator put the right file in place
	}
	r.block(proposer, withhold)
	e := r.clock.cur.Number
	if _, ok := r.m.params[e]; !ok {
		r.m.params[e] = r.m.next
	}
	r.m.blocks = append(r.m.blocks, made{e, r.ctx().BlockHeight(), proposer, withhold})
}

func (r *run) register(t *rapid.T) {
	i, e := rapid.IntRange(0, 3).Draw(t, "validator"), r.clock.cur.Number
	key := newKey(fmt.Sprintf("key %d", len(r.m.keys)))
	if _, err := keeper.NewMsgServer(r.k).RegisterKey(r.ctx(), registerMsg(r.world, i, key)); err != nil {
		t.Fatal(err)
	}
	r.m.keys = append(r.m.keys, named{i, key, e, e + 2})
}

func (r *run) update(t *rapid.T) {
	p := types.Params{Window: rapid.Uint32Range(1, 5).Draw(t, "window"), History: rapid.Uint64Range(2, 6).Draw(t, "history")}
	p.MinOutputs = rapid.Uint32Range(1, p.Window).Draw(t, "min outputs")
	if _, err := keeper.NewMsgServer(r.k).UpdateParams(r.ctx(), &types.MsgUpdateParams{Authority: r.env.Authority, Params: p}); err != nil {
		t.Fatal(err)
	}
	r.m.next = p
}

// check compares every epoch's answer with the model's.
func (r *run) check(t *rapid.T) {
	running := r.clock.cur.Number
	values := r.m.values(running)
	g, err := r.k.ExportGenesis(r.ctx())
	if err != nil {
		t.Fatal(err)
	}
	for e := uint64(1); e <= running+1; e++ {
		got, err := r.k.Value(r.ctx(), e)
		want, has := values[e]
		open := e > running || (e == running && r.clock.cur.Blocks < uint64(r.m.params[e].Window))
		switch {
		case has && e < g.KeptFrom:
			if !errors.Is(err, types.ErrPruned) {
				t.Fatalf("epoch %d of %d: %v, want %v", e, running, err, types.ErrPruned)
			}
		case has:
			if err != nil || got != want {
				t.Fatalf("epoch %d of %d: %x, %v, want %x", e, running, got, err, want)
			}
		case open:
			if !errors.Is(err, types.ErrBeaconPending) {
				t.Fatalf("epoch %d of %d: %v, want %v", e, running, err, types.ErrBeaconPending)
			}
		default:
			if !errors.Is(err, types.ErrVoid) && !errors.Is(err, types.ErrPruned) {
				t.Fatalf("epoch %d of %d: %v, want %v", e, running, err, types.ErrVoid)
			}
		}
	}
}

func TestRandomChainsAgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, small, rapid.Uint64Range(2, 6).Draw(rt, "blocks per epoch"))
		r := &run{w, &model{params: map[uint64]types.Params{1: small}, next: small}}
		for i := range 3 {
			r.m.keys = append(r.m.keys, named{validator: i, key: w.set[i].key})
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				r.register(rt)
			case 1:
				r.update(rt)
			default:
				r.step(rt)
			}
		}
		r.check(rt)
		r.reimport(rt)
	})
}

// reimport writes the exported state into an empty store and compares.
func (r *run) reimport(t *rapid.T) {
	g, err := r.k.ExportGenesis(r.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	env := kit.New(r.t, types.StoreKey)
	k := keeper.New(env.Codec, env.Service, r.clock, r.set, env.Authority)
	if err := k.InitGenesis(env.Ctx(), *g); err != nil {
		t.Fatal(err)
	}
	again, err := k.ExportGenesis(env.Ctx())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(env.Codec.MustMarshalJSON(again)); got != r.state() {
		t.Fatalf("imported %s, want %s", got, r.state())
	}
}
