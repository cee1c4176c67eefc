// SPDX-License-Identifier: Apache-2.0

package sim

import (
	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	capacitykeeper "github.com/go-fluence/fluence/x/capacity/keeper"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// capacityOperations are what providers and delegators do for commitments. Nobody
// proves anything, so that commitments fail and are slashed.
func capacityOperations() []operation {
	return []operation{
		{"create commitment", 6, messages(createCommitment)},
		{"deposit collateral", 6, messages(depositCollateral)},
		{"remove commitment", 1, messages(removeCommitment)},
		{"exit units", 4, messages(exitUnits)},
		{"withdraw collateral", 2, messages(withdrawCollateral)},
		{"finish commitment", 3, messages(finishCommitment)},
		{"withdraw reward", 1, messages(withdrawReward)},
		{"fund reward pool", 1, messages(fundRewardPool)},
	}
}

// pledges: collateral, active units, rewards and indexes of capacity agree.
func pledges(ctx sdk.Context, a *app.App) error { return a.Capacity.CheckInvariants(ctx) }

func createCommitment(w *world, a apptest.Account) (sdk.Msg, error) {
	p, ok, err := w.peerOf(a)
	if err != nil || !ok || len(p.CommitmentId) > 0 {
		return nil, err
	}
	msg := &capacitytypes.MsgCreateCommitment{
		Provider: a.Address().String(), PeerId: p.Id, Duration: 10 + w.rng.Uint64N(20), RewardRate: 1 + w.rng.Uint64N(capacitytypes.Precision),
	}
	switch w.rng.IntN(3) {
	case 0:
		msg.Open = true
	case 1:
		msg.Delegator = w.account().Address().String()
	}
	return msg, nil
}

// commitment returns a commitment that a party has, in one of the given states.
func (w *world) commitment(provider, delegator string, states ...capacitytypes.Status) (c capacitytypes.CommitmentView, ok bool, err error) {
	q, err := capacitykeeper.NewQueryServer(w.Apps[0].Capacity).Commitments(w.Context(), &capacitytypes.QueryCommitmentsRequest{Provider: provider, Delegator: delegator})
	if err != nil {
		return c, false, err
	}
	for _, i := range w.rng.Perm(len(q.Commitments)) {
		for _, s := range states {
			if q.Commitments[i].Status == s {
				return q.Commitments[i], true, nil
			}
		}
	}
	return c, false, nil
}

func depositCollateral(w *world, a apptest.Account) (sdk.Msg, error) {
	c, ok, err := w.commitment("", "", capacitytypes.StatusWaitDelegation)
	if err != nil || !ok || c.Commitment.Delegator != "" && c.Commitment.Delegator != a.Address().String() {
		return nil, err
	}
	most := sdk.NewCoin(capacitytypes.Denom, capacitytypes.OneFLT().MulRaw(10_000))
	return &capacitytypes.MsgDepositCollateral{Depositor: a.Address().String(), CommitmentIds: [][]byte{c.Commitment.Id}, MaxAmount: most}, nil
}

func removeCommitment(w *world, a apptest.Account) (sdk.Msg, error) {
	c, ok, err := w.commitment(a.Address().String(), "", capacitytypes.StatusWaitDelegation)
	if err != nil || !ok {
		return nil, err
	}
	return &capacitytypes.MsgRemoveCommitment{Provider: a.Address().String(), CommitmentId: c.Commitment.Id}, nil
}

// over returns a commitment of the account that has ended.
func (w *world) over(a apptest.Account) (capacitytypes.CommitmentView, bool, error) {
	return w.commitment(a.Address().String(), "", capacitytypes.StatusFailed, capacitytypes.StatusInactive)
}

func exitUnits(w *world, a apptest.Account) (sdk.Msg, error) {
	c, ok, err := w.over(a)
	if err != nil || !ok {
		return nil, err
	}
	_, units, err := w.Apps[0].Capacity.CommittedUnits(w.Context(), c.Commitment.PeerId)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	if c.ExitedUnits > 0 {
		units = units[:1] // perhaps again: refused
	}
	return &capacitytypes.MsgExitUnits{Provider: a.Address().String(), CommitmentId: c.Commitment.Id, UnitIds: units}, nil
}

func withdrawCollateral(w *world, a apptest.Account) (sdk.Msg, error) {
	c, ok, err := w.over(a)
	if err != nil || !ok {
		return nil, err
	}
	return &capacitytypes.MsgWithdrawCollateral{Sender: a.Address().String(), CommitmentId: c.Commitment.Id}, nil
}

func finishCommitment(w *world, a apptest.Account) (sdk.Msg, error) {
	c, ok, err := w.over(a)
	if err != nil || !ok {
		return nil, err
	}
	return &capacitytypes.MsgFinishCommitment{Sender: a.Address().String(), CommitmentId: c.Commitment.Id}, nil
}

func withdrawReward(w *world, a apptest.Account) (sdk.Msg, error) {
	c, ok, err := w.commitment("", a.Address().String(), capacitytypes.StatusActive, capacitytypes.StatusFailed)
	if err != nil || !ok {
		return nil, err
	}
	return &capacitytypes.MsgWithdrawReward{Sender: a.Address().String(), CommitmentId: c.Commitment.Id}, nil
}

func fundRewardPool(w *world, a apptest.Account) (sdk.Msg, error) {
	return &capacitytypes.MsgFundRewardPool{Sender: a.Address().String(), Amount: sdk.NewCoin(capacitytypes.Denom, sdkmath.NewInt(1+w.rng.Int64N(1e18)))}, nil
}
