// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/x/epoch/keeper"
	"github.com/go-fluence/fluence/x/epoch/types"
)

// judge voids the epochs it names.
type judge map[uint64]bool

func (j judge) Live(_ context.Context, epoch uint64) (bool, error) { return !j[epoch], nil }

// broken is a judge that fails.
type broken struct{}

var errJudge = errors.New("no judgement")

func (broken) Live(context.Context, uint64) (bool, error) { return false, errJudge }

func TestAJudgeVoidsAnEpochThatHadBlocks(t *testing.T) {
	k, env, j := newKeeper(t, local)
	k.SetJudge(judge{2: true})
	s := time.Second
	blocks(t, k, env, 0, s, s, 8*s, s, s, 8*s, s, s, 8*s)
	if want := []string{"start 1", "live 1-1", "start 2", "void 2-2", "start 3", "live 3-3", "start 4"}; !reflect.DeepEqual(j.told, want) {
		t.Errorf("told %q, want %q", j.told, want)
	}
}

func TestAJudgeDoesNotSaveAnEpochWithTooFewBlocks(t *testing.T) {
	k, env, j := newKeeper(t, local)
	k.SetJudge(judge{})
	blocks(t, k, env, 0, time.Second, 9*time.Second)
	if want := []string{"start 1", "void 1-1", "start 2"}; !reflect.DeepEqual(j.told, want) {
		t.Errorf("told %q, want %q", j.told, want)
	}
}

func TestAJudgeThatFailsHaltsTheChain(t *testing.T) {
	k, env, _ := newKeeper(t, local)
	k.SetJudge(broken{})
	blocks(t, k, env, 0, 0, 0)
	if err := k.BeginBlock(env.Next(time.Minute)); !errors.Is(err, errJudge) {
		t.Errorf("BeginBlock = %v, want %v", err, errJudge)
	}
}

// TestPlaceForeseesWhatBeginBlockDoes over random blocks and changes of duration.
func TestPlaceForeseesWhatBeginBlockDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, env, _ := newKeeper(t, local)
		for range rapid.IntRange(1, 30).Draw(rt, "blocks") {
			if rapid.IntRange(0, 4).Draw(rt, "change") == 0 {
				p := types.Params{Duration: time.Duration(rapid.IntRange(1, 20).Draw(rt, "seconds")) * time.Second, MinBlocks: 1}
				if _, err := keeper.NewMsgServer(k).UpdateParams(env.Ctx(), &types.MsgUpdateParams{Authority: env.Authority, Params: p}); err != nil {
					rt.Fatal(err)
				}
			}
			ctx := env.Next(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(rt, "gap")))
			epoch, block, err := k.Place(ctx)
			if err != nil {
				rt.Fatal(err)
			}
			if err := k.BeginBlock(ctx); err != nil {
				rt.Fatal(err)
			}
			cur, err := k.Current(ctx)
			if err != nil || cur.Number != epoch || cur.Blocks != block {
				rt.Fatalf("Place = %d, %d; the block is %d of epoch %d, %v", epoch, block, cur.Blocks, cur.Number, err)
			}
		}
	})
}
