// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/keeper"
	"github.com/go-fluence/fluence/x/beacon/types"
)

func (w *world) wantValue(epoch uint64, want error) [32]byte {
	w.t.Helper()
	v, err := w.k.Value(w.ctx(), epoch)
	if !errors.Is(err, want) {
		w.t.Fatalf("Value(%d) after block %d of epoch %d = %v, want %v", epoch, w.clock.cur.Blocks, w.clock.cur.Number, err, want)
	}
	return v
}

func TestValueMixesTheOutputsOfTheWindow(t *testing.T) {
	w := newWorld(t, small, 6)
	want := beacon.Begin(chainID, 1, [32]byte{})
	for i := range 3 {
		w.wantValue(1, types.ErrBeaconPending)
		payload := w.block(i, false)
		out, err := beacon.Verify(w.set[i].key.Public(), beacon.OutputAlpha(chainID, w.ctx().BlockHeight()), payload)
		if err != nil {
			t.Fatal(err)
		}
		want = beacon.Mix(want, w.ctx().BlockHeight(), out)
	}
	if got := w.wantValue(1, nil); got != want {
		t.Errorf("value %x, want %x", got, want)
	}
	nonce, err := w.k.Nonce(w.ctx(), 1)
	if err != nil || nonce != beacon.Nonce(chainID, 1, want) {
		t.Errorf("nonce %x, error %v", nonce, err)
	}
	for range 3 { // the rest of the epoch changes nothing
		if payload := w.block(0, false); payload != nil {
			t.Errorf("an output after the window: %x", payload)
		}
	}
	if got := w.wantValue(1, nil); got != want {
		t.Errorf("value %x at the end of the epoch, want %x", got, want)
	}
}

func TestNextValueHasThePreviousInIt(t *testing.T) {
	w := newWorld(t, small, 3)
	for range 3 {
		w.block(0, false)
	}
	want := beacon.Begin(chainID, 2, w.wantValue(1, nil))
	for range 3 {
		payload := w.block(1, false)
		out, err := beacon.Verify(w.set[1].key.Public(), beacon.OutputAlpha(chainID, w.ctx().BlockHeight()), payload)
		if err != nil {
			t.Fatal(err)
		}
		want = beacon.Mix(want, w.ctx().BlockHeight(), out)
	}
	if got := w.wantValue(2, nil); got != want {
		t.Errorf("value %x, want %x", got, want)
	}
}

func TestTooFewOutputsVoidTheEpoch(t *testing.T) {
	w := newWorld(t, small, 4)
	w.block(0, true)
	w.block(1, false)
	w.wantValue(1, types.ErrBeaconPending)
	w.block(3, false) // has no key
	w.wantValue(1, types.ErrVoid)
	if live, err := w.k.Live(w.ctx(), 1); live || err != nil {
		t.Errorf("Live = %t, %v", live, err)
	}
	w.block(0, false)
	for range 4 {
		w.block(0, false)
	}
	w.wantValue(1, types.ErrVoid)
	w.wantValue(2, nil)
	if live, err := w.k.Live(w.ctx(), 2); !live || err != nil {
		t.Errorf("Live = %t, %v", live, err)
	}
}

func TestAnEpochThatEndsBeforeItsWindowIsVoid(t *testing.T) {
	w := newWorld(t, small, 2)
	for range 3 {
		w.block(0, false)
	}
	w.wantValue(1, types.ErrVoid)
	w.wantValue(2, types.ErrBeaconPending)
	w.wantValue(3, types.ErrBeaconPending)
}

func TestAProposerThatWithholdsIsNamed(t *testing.T) {
	w := newWorld(t, small, 5)
	w.block(0, true)
	if n := w.env.Events()["fluence.beacon.v1.EventOutputMissed"]; n != 1 {
		t.Errorf("%d events of a withheld output, want 1", n)
	}
	w.block(3, false) // has no key to withhold
	if n := w.env.Events()["fluence.beacon.v1.EventOutputMissed"]; n != 0 {
		t.Errorf("%d events of a proposer without a key, want 0", n)
	}
	w.block(1, false)
	w.block(1, true) // after the window
	if n := w.env.Events()["fluence.beacon.v1.EventOutputMissed"]; n != 0 {
		t.Errorf("%d events after the window, want 0", n)
	}
}

func TestOnlyTheHistoryIsKept(t *testing.T) {
	w := newWorld(t, small, 3)
	for range 10 * 3 {
		w.block(0, false)
	}
	w.wantValue(4, types.ErrPruned)
	w.wantValue(5, nil)
	w.wantValue(10, nil)
	w.wantValue(11, types.ErrBeaconPending)
}

func TestAShorterHistoryIsReachedAFewValuesAtATime(t *testing.T) {
	w := newWorld(t, types.Params{Window: 1, MinOutputs: 1, History: 100}, 1)
	for range 60 {
		w.block(0, false)
	}
	_, err := keeper.NewMsgServer(w.k).UpdateParams(w.ctx(), &types.MsgUpdateParams{
		Authority: w.env.Authority, Params: types.Params{Window: 1, MinOutputs: 1, History: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []uint64{16, 32, 48} {
		w.block(0, false)
		w.wantValue(gone, types.ErrPruned)
		w.wantValue(gone+1, nil)
	}
}

// payload returns what validator i would put into the block at height of the chain.
func payload(w *world, i int, chain string, height int64) []byte {
	return w.set[i].key.Prove(beacon.OutputAlpha(chain, height))
}

func TestCheckRefusesWhatIsNotTheProposersOutput(t *testing.T) {
	tests := map[string]struct {
		before int // blocks of the epoch before this one
		by     int
		make   func(w *world, height int64) []byte
		want   error
	}{
		"nothing":              {0, 0, func(*world, int64) []byte { return nil }, nil},
		"its output":           {0, 0, func(w *world, h int64) []byte { return payload(w, 0, chainID, h) }, nil},
		"last of the window":   {2, 0, func(w *world, h int64) []byte { return payload(w, 0, chainID, h) }, nil},
		"of another validator": {0, 0, func(w *world, h int64) []byte { return payload(w, 1, chainID, h) }, types.ErrInvalidOutput},
		"of another height":    {0, 0, func(w *world, h int64) []byte { return payload(w, 0, chainID, h-1) }, types.ErrInvalidOutput},
		"of another chain":     {0, 0, func(w *world, h int64) []byte { return payload(w, 0, "fluence-local-2", h) }, types.ErrInvalidOutput},
		"proof of possession": {0, 0, func(w *world, h int64) []byte {
			return w.set[0].key.Prove(beacon.PossessionAlpha(chainID, w.set[0].operator))
		}, types.ErrInvalidOutput},
		"a flipped bit":         {0, 0, func(w *world, h int64) []byte { p := payload(w, 0, chainID, h); p[0] ^= 1; return p }, types.ErrInvalidOutput},
		"cut short":             {0, 0, func(w *world, h int64) []byte { return payload(w, 0, chainID, h)[:79] }, types.ErrInvalidOutput},
		"zeros":                 {0, 0, func(*world, int64) []byte { return make([]byte, keeper.PayloadBytes) }, types.ErrInvalidOutput},
		"proposer without key":  {0, 3, func(w *world, h int64) []byte { return payload(w, 3, chainID, h) }, types.ErrNoKey},
		"after the window":      {3, 0, func(w *world, h int64) []byte { return payload(w, 0, chainID, h) }, types.ErrNoWindow},
		"first of the next one": {4, 0, func(w *world, h int64) []byte { return payload(w, 0, chainID, h) }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, small, 4)
			for range tt.before {
				w.block(1, false)
			}
			ctx, before := w.next(tt.by), w.state()
			p := tt.make(w, ctx.BlockHeight())
			if err := keeper.NewSource(w.k, nil).Check(ctx, p); !errors.Is(err, tt.want) {
				t.Errorf("Check = %v, want %v", err, tt.want)
			}
			if w.state() != before {
				t.Error("Check wrote")
			}
			if p == nil {
				return
			}
			w.begin(ctx)
			before = w.state()
			if err := keeper.NewSource(w.k, nil).Execute(ctx, p); !errors.Is(err, tt.want) {
				t.Errorf("Execute = %v, want %v", err, tt.want)
			}
			if wrote := w.state() != before; wrote != (tt.want == nil) {
				t.Errorf("state written %t, want %t", wrote, tt.want == nil)
			}
		})
	}
}

func TestAStrangerProposesWithoutOutput(t *testing.T) {
	w := newWorld(t, small, 4)
	ctx := w.next(0).WithProposer(bytes.Repeat([]byte{9}, 20))
	if p, err := w.source(0).Prepare(ctx, keeper.PayloadBytes); p != nil || err != nil {
		t.Errorf("Prepare = %x, %v", p, err)
	}
	err := w.source(0).Check(ctx, payload(w, 0, chainID, ctx.BlockHeight()))
	if !errors.Is(err, types.ErrNotValidator) {
		t.Errorf("Check = %v, want %v", err, types.ErrNotValidator)
	}
	w.begin(ctx)
	w.end(ctx)
}

func TestASecondOutputInOneBlockIsRefused(t *testing.T) {
	w := newWorld(t, small, 4)
	ctx := w.next(0)
	p := payload(w, 0, chainID, ctx.BlockHeight())
	w.begin(ctx)
	if err := w.source(0).Execute(ctx, p); err != nil {
		t.Fatal(err)
	}
	before := w.state()
	if err := w.source(0).Execute(ctx, p); !errors.Is(err, types.ErrNoWindow) || w.state() != before {
		t.Errorf("Execute = %v, want %v and no change", err, types.ErrNoWindow)
	}
}

func TestAValidatorWithoutItsKeyFileProposesNothing(t *testing.T) {
	w := newWorld(t, small, 4)
	ctx := w.next(0)
	if p, err := keeper.NewSource(w.k, nil).Prepare(ctx, keeper.PayloadBytes); p != nil || err != nil {
		t.Errorf("Prepare without a key = %x, %v", p, err)
	}
	if p, err := w.source(1).Prepare(ctx, keeper.PayloadBytes); p != nil || err != nil {
		t.Errorf("Prepare with another key than the registered = %x, %v", p, err)
	}
	if p, err := w.source(0).Prepare(ctx, keeper.PayloadBytes-1); p != nil || err != nil {
		t.Errorf("Prepare without room = %x, %v", p, err)
	}
}
