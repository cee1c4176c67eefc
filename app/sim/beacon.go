// SPDX-License-Identifier: Apache-2.0

package sim

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/proofs/beacon"
	beacontypes "github.com/go-fluence/fluence/x/beacon/types"
)

// beaconOperations are what operators do for the beacon.
func beaconOperations() []operation {
	return []operation{{"register VRF key", 3, registerKey}}
}

// registerKey registers a validator's key again, sometimes with the proof of another.
// An operator acts once per block at most, since sequences are drawn from state.
func registerKey(w *world, _ apptest.Account) ([]byte, error) {
	if w.registered == w.Height() {
		return nil, nil
	}
	w.registered = w.Height()
	v, by := w.Validators[w.rng.IntN(len(w.Validators))], w.Validators[w.rng.IntN(len(w.Validators))]
	operator := sdk.ValAddress(v.Operator.Address())
	return messages(func(*world, apptest.Account) (sdk.Msg, error) {
		return &beacontypes.MsgRegisterKey{
			Operator: operator.String(), Key: v.VRF.Public(),
			Proof: by.VRF.Prove(beacon.PossessionAlpha(params.ChainIDLocal, operator)),
		}, nil
	})(w, v.Operator)
}

// beaconChange is a proposal of other params of x/beacon.
func beaconChange(w *world) sdk.Msg {
	window := 1 + w.rng.Uint32N(4)
	return &beacontypes.MsgUpdateParams{
		Authority: authtypes.NewModuleAddress(govtypes.ModuleName).String(),
		Params:    beacontypes.Params{Window: window, MinOutputs: 1 + w.rng.Uint32N(window), History: 2 + w.rng.Uint64N(20)},
	}
}

// values: the state of x/beacon agrees with itself and with the running epoch.
func values(ctx sdk.Context, a *app.App) error { return a.Beacon.CheckInvariants(ctx) }
