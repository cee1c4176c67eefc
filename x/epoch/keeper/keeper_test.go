// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/x/epoch/keeper"
	"github.com/go-fluence/fluence/x/epoch/types"
	"github.com/go-fluence/fluence/x/internal/kit"
)

// journal records what a listener was told, as short words.
type journal struct{ told []string }

func (j *journal) EpochsEnded(_ context.Context, first, last uint64, void bool) error {
	word := "live"
	if void {
		word = "void"
	}
	j.told = append(j.told, fmt.Sprintf("%s %d-%d", word, first, last))
	return nil
}

func (j *journal) EpochStarted(_ context.Context, e uint64) error {
	j.told = append(j.told, fmt.Sprintf("start %d", e))
	return nil
}

var local = types.Params{Duration: 10 * time.Second, MinBlocks: 3}

func newKeeper(t testing.TB, p types.Params) (*keeper.Keeper, *kit.Env, *journal) {
	t.Helper()
	env := kit.New(t, types.StoreKey)
	k, j := keeper.New(env.Codec, env.Service, env.Authority), &journal{}
	k.SetHooks(types.MultiHooks{j})
	if err := k.InitGenesis(env.Ctx(), *types.DefaultGenesis(p)); err != nil {
		t.Fatal(err)
	}
	return k, env, j
}

func blocks(t testing.TB, k *keeper.Keeper, env *kit.Env, gaps ...time.Duration) {
	t.Helper()
	for _, d := range gaps {
		if err := k.BeginBlock(env.Next(d)); err != nil {
			t.Fatal(err)
		}
		if err := k.CheckInvariants(env.Ctx()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEpochsFollowBlockTime(t *testing.T) {
	s := time.Second
	tests := map[string]struct {
		gaps []time.Duration
		told []string
	}{
		"first block of the chain is in epoch 1":   {[]time.Duration{0}, []string{"start 1"}},
		"a moment before the end still belongs":    {[]time.Duration{0, 0, 10*s - 1}, []string{"start 1"}},
		"the end belongs to the next":              {[]time.Duration{0, s, s, 8 * s}, []string{"start 1", "live 1-1", "start 2"}},
		"too few blocks make it void":              {[]time.Duration{0, s, 9 * s}, []string{"start 1", "void 1-1", "start 2"}},
		"a halt ends as one range":                 {[]time.Duration{0, s, s, 100 * s}, []string{"start 1", "live 1-1", "void 2-10", "start 11"}},
		"a halt after a void epoch joins it":       {[]time.Duration{0, 101 * s}, []string{"start 1", "void 1-10", "start 11"}},
		"a century of halt costs the same":         {[]time.Duration{0, s, s, 876000 * time.Hour}, []string{"start 1", "live 1-1", "void 2-315360000", "start 315360001"}},
		"time that stands still changes no epoch":  {[]time.Duration{0, 0, 0, 0, 0}, []string{"start 1"}},
		"time that runs backwards does not either": {[]time.Duration{s, -3 * s}, []string{"start 1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k, env, j := newKeeper(t, local)
			blocks(t, k, env, tt.gaps...)
			if !reflect.DeepEqual(j.told, tt.told) {
				t.Errorf("told %q, want %q", j.told, tt.told)
			}
		})
	}
}

func TestVoidEpochsAreCounted(t *testing.T) {
	k, env, _ := newKeeper(t, local)
	s := time.Second
	// Epoch 1 live, 2-4 void, 5 live, 6 void, 7 live, 8 running.
	blocks(t, k, env, 0, 0, 0, 40*s, 0, 0, 10*s, 10*s, 0, 0, 10*s)
	void := map[uint64]uint64{1: 0, 2: 1, 3: 2, 4: 3, 5: 3, 6: 4, 7: 4, 8: 4}
	for e, want := range void {
		if n, err := k.VoidCount(env.Ctx(), e); err != nil || n != want {
			t.Errorf("VoidCount(%d) = %d, %v; want %d", e, n, err, want)
		}
		is, err := k.Void(env.Ctx(), e)
		if want := e == 2 || e == 3 || e == 4 || e == 6; err != nil || is != want {
			t.Errorf("Void(%d) = %v, %v; want %v", e, is, err, want)
		}
	}
	for _, e := range []uint64{0, 9, 1 << 63} {
		if _, err := k.VoidCount(env.Ctx(), e); !errors.Is(err, types.ErrEpochNotBegun) {
			t.Errorf("VoidCount(%d) = %v, want ErrEpochNotBegun", e, err)
		}
	}
}

func TestUpdateParams(t *testing.T) {
	good := types.Params{Duration: 20 * time.Second, MinBlocks: 1}
	tests := map[string]struct {
		authority string
		params    types.Params
		want      error
	}{
		"accepted":            {"authority", good, nil},
		"somebody else":       {"mallory", good, types.ErrNotAuthority},
		"no duration":         {"authority", types.Params{MinBlocks: 1}, types.ErrInvalidParams},
		"half a second":       {"authority", types.Params{Duration: time.Second / 2, MinBlocks: 1}, types.ErrInvalidParams},
		"one and a half":      {"authority", types.Params{Duration: 3 * time.Second / 2, MinBlocks: 1}, types.ErrInvalidParams},
		"negative":            {"authority", types.Params{Duration: -time.Hour, MinBlocks: 1}, types.ErrInvalidParams},
		"a year":              {"authority", types.Params{Duration: 365 * 24 * time.Hour, MinBlocks: 1}, types.ErrInvalidParams},
		"no block needed":     {"authority", types.Params{Duration: time.Hour}, types.ErrInvalidParams},
		"a million of blocks": {"authority", types.Params{Duration: time.Hour, MinBlocks: 1e6}, types.ErrInvalidParams},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k, env, _ := newKeeper(t, local)
			res, err := keeper.NewMsgServer(k).UpdateParams(env.Ctx(), &types.MsgUpdateParams{Authority: tt.authority, Params: tt.params})
			if !errors.Is(err, tt.want) {
				t.Fatalf("UpdateParams = %v, want %v", err, tt.want)
			}
			next, err := k.NextParams(env.Ctx())
			if err != nil {
				t.Fatal(err)
			}
			if wrote := next != local; wrote != (tt.want == nil) {
				t.Errorf("next params = %v, changed = %v", next, wrote)
			}
			if n := env.Events()["fluence.epoch.v1.EventParamsChanged"]; (n == 1) != (tt.want == nil) {
				t.Errorf("%d events, want one only on success", n)
			}
			if tt.want == nil && res.FromEpoch != 2 {
				t.Errorf("from epoch %d, want 2", res.FromEpoch)
			}
		})
	}
}

func TestParamsChangeWithTheNextEpoch(t *testing.T) {
	k, env, j := newKeeper(t, local)
	s := time.Second
	blocks(t, k, env, 0, 0, 0)
	if _, err := keeper.NewMsgServer(k).UpdateParams(env.Ctx(), &types.MsgUpdateParams{
		Authority: "authority", Params: types.Params{Duration: 60 * s, MinBlocks: 1},
	}); err != nil {
		t.Fatal(err)
	}
	// Epoch 1 still ends after 10 s; 2 lasts from 10 s to 70 s, 3 to 130 s.
	blocks(t, k, env, 9*s, s, 59*s, s)
	want := []string{"start 1", "live 1-1", "start 2", "live 2-2", "start 3"}
	if !reflect.DeepEqual(j.told, want) {
		t.Errorf("told %q, want %q", j.told, want)
	}
	q := keeper.NewQueryServer(k)
	for e, start := range map[uint64]time.Duration{1: 0, 2: 10 * s, 3: 70 * s} {
		res, err := q.Epoch(env.Ctx(), &types.QueryEpochRequest{Number: e})
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Start.Sub(kit.Genesis); got != start {
			t.Errorf("epoch %d starts after %s, want %s", e, got, start)
		}
		if res.Ended != (e < 3) {
			t.Errorf("epoch %d ended = %v", e, res.Ended)
		}
	}
}

func TestHookErrorHaltsTheBlock(t *testing.T) {
	k, env, _ := newKeeper(t, local)
	boom := errors.New("boom")
	k.SetHooks(types.MultiHooks{refuse{boom}})
	if err := k.BeginBlock(env.Next(time.Minute)); !errors.Is(err, boom) {
		t.Errorf("BeginBlock = %v, want %v", err, boom)
	}
}

type refuse struct{ err error }

func (r refuse) EpochsEnded(context.Context, uint64, uint64, bool) error { return r.err }
func (r refuse) EpochStarted(context.Context, uint64) error              { return r.err }

// TestLaws runs random clocks and changes of params against a model that looks
// at each second of each epoch by itself.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, env, j := newKeeper(t, local)
		next := local
		epoch, start, cur, count := uint64(1), kit.Genesis, local, 0
		var told []string
		told = append(told, "start 1")
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "change") {
				next = types.Params{
					Duration:  time.Duration(rapid.IntRange(1, 40).Draw(rt, "duration")) * time.Second,
					MinBlocks: uint32(rapid.IntRange(1, 5).Draw(rt, "min")),
				}
				if _, err := keeper.NewMsgServer(k).UpdateParams(env.Ctx(), &types.MsgUpdateParams{Authority: "authority", Params: next}); err != nil {
					rt.Fatal(err)
				}
			}
			blocks(t, k, env, time.Duration(rapid.IntRange(0, 30_000).Draw(rt, "gap"))*time.Millisecond)
			now := env.Ctx().BlockTime()
			if now.Before(start.Add(cur.Duration)) {
				count++
				continue
			}
			first := uint64(0)
			for !now.Before(start.Add(cur.Duration)) {
				if count >= int(cur.MinBlocks) {
					told = append(told, fmt.Sprintf("live %d-%d", epoch, epoch))
				} else if first == 0 {
					first = epoch
				}
				start, count, cur, epoch = start.Add(cur.Duration), 0, next, epoch+1
			}
			if first > 0 {
				told = append(told, fmt.Sprintf("void %d-%d", first, epoch-1))
			}
			told, count = append(told, fmt.Sprintf("start %d", epoch)), 1
		}
		if !reflect.DeepEqual(j.told, told) {
			rt.Fatalf("told %q, want %q", j.told, told)
		}
		exportImport(t, rt, k, env)
	})
}

func exportImport(t *testing.T, rt *rapid.T, k *keeper.Keeper, env *kit.Env) {
	t.Helper()
	g, err := k.ExportGenesis(env.Ctx())
	if err != nil {
		rt.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		rt.Fatal(err)
	}
	other := kit.New(t, types.StoreKey)
	k2 := keeper.New(other.Codec, other.Service, other.Authority)
	if err := k2.InitGenesis(other.Ctx(), *g); err != nil {
		rt.Fatal(err)
	}
	again, err := k2.ExportGenesis(other.Ctx())
	if err != nil {
		rt.Fatal(err)
	}
	if !reflect.DeepEqual(again, g) {
		rt.Fatalf("imported %v, exported %v", again, g)
	}
}
