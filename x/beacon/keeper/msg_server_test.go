// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"errors"
	"testing"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/keeper"
	"github.com/go-fluence/fluence/x/beacon/types"
)

// registerMsg returns the message that registers key for validator i.
func registerMsg(w *world, i int, key *beacon.Key) *types.MsgRegisterKey {
	v := w.set[i]
	return &types.MsgRegisterKey{
		Operator: v.operator.String(), Key: key.Public(), Proof: key.Prove(beacon.PossessionAlpha(chainID, v.operator)),
	}
}

func TestRegisterKey(t *testing.T) {
	fresh := newKey("fresh")
	tests := map[string]struct {
		edit func(w *world, m *types.MsgRegisterKey)
		want error
	}{
		"accepted":              {func(*world, *types.MsgRegisterKey) {}, nil},
		"no address":            {func(_ *world, m *types.MsgRegisterKey) { m.Operator = "me" }, types.ErrNotValidator},
		"an account's address":  {func(w *world, m *types.MsgRegisterKey) { m.Operator = sdk.AccAddress(w.set[3].operator).String() }, types.ErrNotValidator},
		"not a validator":       {func(_ *world, m *types.MsgRegisterKey) { m.Operator = sdk.ValAddress(make([]byte, 20)).String() }, types.ErrNotValidator},
		"proof for another one": {func(w *world, m *types.MsgRegisterKey) { m.Operator = w.set[0].operator.String() }, types.ErrInvalidKey},
		"proof of another key":  {func(_ *world, m *types.MsgRegisterKey) { m.Key = newKey("other").Public() }, types.ErrInvalidKey},
		"proof on another chain": {func(w *world, m *types.MsgRegisterKey) {
			m.Proof = fresh.Prove(beacon.PossessionAlpha("fluence-local-2", w.set[3].operator))
		}, types.ErrInvalidKey},
		"an output as proof": {func(_ *world, m *types.MsgRegisterKey) { m.Proof = fresh.Prove(beacon.OutputAlpha(chainID, 1)) }, types.ErrInvalidKey},
		"key of small order": {func(_ *world, m *types.MsgRegisterKey) { m.Key = make([]byte, 32); m.Key[0] = 1 }, types.ErrInvalidKey},
		"no key":             {func(_ *world, m *types.MsgRegisterKey) { m.Key = nil }, types.ErrInvalidKey},
		"no proof":           {func(_ *world, m *types.MsgRegisterKey) { m.Proof = nil }, types.ErrInvalidKey},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, small, 4)
			msg, before := registerMsg(w, 3, fresh), w.state()
			tt.edit(w, msg)
			res, err := keeper.NewMsgServer(w.k).RegisterKey(w.ctx(), msg)
			if !errors.Is(err, tt.want) {
				t.Fatalf("RegisterKey = %v, want %v", err, tt.want)
			}
			if wrote := w.state() != before; wrote != (tt.want == nil) {
				t.Errorf("state written %t, want %t", wrote, tt.want == nil)
			}
			if err == nil && res.FromEpoch != 3 {
				t.Errorf("counts from epoch %d, want 3", res.FromEpoch)
			}
		})
	}
}

func TestAKeyCountsFromTheSecondEpochOn(t *testing.T) {
	w := newWorld(t, small, 4)
	old, fresh := w.set[0].key, newKey("fresh")
	if _, err := keeper.NewMsgServer(w.k).RegisterKey(w.ctx(), registerMsg(w, 0, fresh)); err != nil {
		t.Fatal(err)
	}
	for epoch, counts := range map[int]*beacon.Key{1: old, 2: old, 3: fresh} {
		w := newWorld(t, small, 4)
		if _, err := keeper.NewMsgServer(w.k).RegisterKey(w.ctx(), registerMsg(w, 0, fresh)); err != nil {
			t.Fatal(err)
		}
		for range 4 * (epoch - 1) {
			w.block(1, false)
		}
		ctx := w.next(0)
		for _, k := range []*beacon.Key{old, fresh} {
			err := w.source(0).Check(ctx, k.Prove(beacon.OutputAlpha(chainID, ctx.BlockHeight())))
			if (err == nil) != (k == counts) {
				t.Errorf("epoch %d: Check of the old key %t = %v", epoch, k == old, err)
			}
		}
	}
}

func TestALaterRegistrationReplacesAChangeThatIsDue(t *testing.T) {
	w := newWorld(t, small, 4)
	s := keeper.NewMsgServer(w.k)
	for _, name := range []string{"second", "third"} {
		if _, err := s.RegisterKey(w.ctx(), registerMsg(w, 0, newKey(name))); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			w.block(1, false)
		}
	}
	// "second" was registered in epoch 1, "third" in epoch 2; "second" would count from 3, "third" replaced it and counts from 4.
	res, err := keeper.NewQueryServer(w.k).Key(w.ctx(), &types.QueryKeyRequest{Operator: w.set[0].operator.String()})
	if err != nil {
		t.Fatal(err)
	}
	r := res.Registration
	for epoch, want := range map[uint64]*beacon.Key{1: w.set[0].key, 3: w.set[0].key, 4: newKey("third")} {
		if got := r.KeyAt(epoch); string(got) != string(want.Public()) {
			t.Errorf("epoch %d: key %x, want %x", epoch, got, want.Public())
		}
	}
}

func TestUpdateParams(t *testing.T) {
	good := types.Params{Window: 5, MinOutputs: 5, History: 9}
	tests := map[string]struct {
		authority string
		params    types.Params
		want      error
	}{
		"accepted":              {"authority", good, nil},
		"somebody else":         {"mallory", good, types.ErrNotAuthority},
		"no window":             {"authority", types.Params{MinOutputs: 1, History: 9}, types.ErrInvalidParams},
		"window of a million":   {"authority", types.Params{Window: 1e6, MinOutputs: 1, History: 9}, types.ErrInvalidParams},
		"no output needed":      {"authority", types.Params{Window: 5, History: 9}, types.ErrInvalidParams},
		"more than the window":  {"authority", types.Params{Window: 5, MinOutputs: 6, History: 9}, types.ErrInvalidParams},
		"no history":            {"authority", types.Params{Window: 5, MinOutputs: 1, History: 1}, types.ErrInvalidParams},
		"history without bound": {"authority", types.Params{Window: 5, MinOutputs: 1, History: 1 << 63}, types.ErrInvalidParams},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, small, 6)
			before := w.state()
			_, err := keeper.NewMsgServer(w.k).UpdateParams(w.ctx(), &types.MsgUpdateParams{Authority: tt.authority, Params: tt.params})
			if !errors.Is(err, tt.want) {
				t.Fatalf("UpdateParams = %v, want %v", err, tt.want)
			}
			if wrote := w.state() != before; wrote != (tt.want == nil) {
				t.Errorf("state written %t, want %t", wrote, tt.want == nil)
			}
		})
	}
}

func TestParamsChangeWithTheNextEpoch(t *testing.T) {
	w := newWorld(t, small, 6)
	w.block(0, false)
	p := types.Params{Window: 1, MinOutputs: 1, History: 9}
	if _, err := keeper.NewMsgServer(w.k).UpdateParams(w.ctx(), &types.MsgUpdateParams{Authority: w.env.Authority, Params: p}); err != nil {
		t.Fatal(err)
	}
	w.block(0, false)
	w.wantValue(1, types.ErrBeaconPending)
	w.block(0, false)
	w.wantValue(1, nil)
	for range 4 {
		w.block(0, false)
	}
	w.wantValue(2, nil)
}
