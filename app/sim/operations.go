// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"math/big"
	"slices"
	"time"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// operation is one thing an account may do. tx returns nil when it cannot be done now.
type operation struct {
	name   string
	weight int
	tx     func(w *world, a apptest.Account) ([]byte, error)
}

// gas is what every transaction may use; the fee is paid in full, so that no draw is too poor.
const gas = 1_500_000

func operations() []operation {
	return append([]operation{
		{"bank send", 20, messages(send)},
		{"bank multi-send", 5, messages(multiSend)},
		{"delegate", 10, messages(delegate)},
		{"undelegate", 6, messages(undelegate)},
		{"redelegate", 4, messages(redelegate)},
		{"withdraw reward", 6, messages(withdraw)},
		{"fund community pool", 2, messages(fundPool)},
		{"propose", 3, messages(propose)},
		{"vote", 8, messages(vote)},
		{"deposit", 3, messages(deposit)},
		{"grant", 4, messages(grant)},
		{"execute grant", 4, messages(execute)},
		{"revoke grant", 2, messages(revoke)},
		{"allow fees", 3, messages(allow)},
		{"vesting account", 2, messages(vesting)},
		{"EVM transfer", 15, transfer},
		{"EVM deploy", 5, deploy},
	}, slices.Concat(marketOperations(), beaconOperations(), dealOperations(), capacityOperations())...)
}

func messages(draw func(w *world, a apptest.Account) (sdk.Msg, error)) func(*world, apptest.Account) ([]byte, error) {
	return func(w *world, a apptest.Account) ([]byte, error) {
		msg, err := draw(w, a)
		if err != nil || msg == nil {
			return nil, err
		}
		s := w.Next(a)
		s.Gas = gas
		return apptest.SignTx(w.Apps[0].Encoding(), a, s, msg)
	}
}

func (w *world) account() apptest.Account { return w.Accounts[w.rng.IntN(len(w.Accounts))] }

// neighbour returns an account that a deals with more often than chance would have it.
func (w *world) neighbour(a apptest.Account, step int) apptest.Account {
	i := slices.IndexFunc(w.Accounts, func(b apptest.Account) bool { return b.Address().Equals(a.Address()) })
	return w.Accounts[(i+step*(1+w.rng.IntN(2))+len(w.Accounts))%len(w.Accounts)]
}

func (w *world) validator() string {
	return sdk.ValAddress(w.Validators[w.rng.IntN(len(w.Validators))].Operator.Address()).String()
}

// coins draws an amount, sometimes more than anybody has.
func (w *world) coins() sdk.Coin {
	if w.rng.IntN(2) == 0 {
		return apptest.USD(1 + w.rng.Int64N(2_000_000))
	}
	return w.stake()
}

func (w *world) stake() sdk.Coin {
	return sdk.NewCoin(params.BaseDenom, sdkmath.NewIntFromUint64(1+w.rng.Uint64N(1<<63)).MulRaw(1+w.rng.Int64N(100)))
}

func send(w *world, a apptest.Account) (sdk.Msg, error) {
	return apptest.Send(a, w.account(), w.coins()), nil
}

func multiSend(w *world, a apptest.Account) (sdk.Msg, error) {
	c := sdk.NewCoins(apptest.USD(1 + w.rng.Int64N(100)))
	return &banktypes.MsgMultiSend{
		Inputs: []banktypes.Input{banktypes.NewInput(a.Address(), c.Add(c...))},
		Outputs: []banktypes.Output{
			banktypes.NewOutput(w.account().Address(), c), banktypes.NewOutput(w.account().Address(), c),
		},
	}, nil
}

func delegate(w *world, a apptest.Account) (sdk.Msg, error) {
	return stakingtypes.NewMsgDelegate(a.Address().String(), w.validator(), w.stake()), nil
}

func undelegate(w *world, a apptest.Account) (sdk.Msg, error) {
	return stakingtypes.NewMsgUndelegate(a.Address().String(), w.validator(), w.stake()), nil
}

func redelegate(w *world, a apptest.Account) (sdk.Msg, error) {
	return stakingtypes.NewMsgBeginRedelegate(a.Address().String(), w.validator(), w.validator(), w.stake()), nil
}

func withdraw(w *world, a apptest.Account) (sdk.Msg, error) {
	return distrtypes.NewMsgWithdrawDelegatorReward(a.Address().String(), w.validator()), nil
}

func fundPool(w *world, a apptest.Account) (sdk.Msg, error) {
	return distrtypes.NewMsgFundCommunityPool(sdk.NewCoins(w.stake()), a.Address().String()), nil
}

func propose(w *world, a apptest.Account) (sdk.Msg, error) {
	var change sdk.Msg = &epochtypes.MsgUpdateParams{
		Authority: authtypes.NewModuleAddress(govtypes.ModuleName).String(),
		Params:    epochtypes.Params{Duration: time.Duration(10+w.rng.IntN(20)) * time.Second, MinBlocks: 1 + w.rng.Uint32N(5)},
	}
	if w.rng.IntN(3) == 0 {
		change = beaconChange(w)
	}
	return govv1.NewMsgSubmitProposal([]sdk.Msg{change}, sdk.NewCoins(apptest.FLT(1+w.rng.Int64N(12))), a.Address().String(),
		"", "epoch", "another duration", false)
}

// proposal draws one of the last three proposals, which may be open, or one that never was.
func (w *world) proposal() (uint64, error) {
	next, err := w.Apps[0].Gov.ProposalID.Peek(w.Context())
	return max(next, 4) - 1 - w.rng.Uint64N(3), err
}

func vote(w *world, a apptest.Account) (sdk.Msg, error) {
	id, err := w.proposal()
	return govv1.NewMsgVote(a.Address(), id, govv1.VoteOption(1+w.rng.Int32N(4)), ""), err
}

func deposit(w *world, a apptest.Account) (sdk.Msg, error) {
	id, err := w.proposal()
	return govv1.NewMsgDeposit(a.Address(), id, sdk.NewCoins(apptest.FLT(1+w.rng.Int64N(10)))), err
}

func grant(w *world, a apptest.Account) (sdk.Msg, error) {
	until := w.Time().Add(time.Duration(1+w.rng.IntN(600)) * time.Second)
	limit := banktypes.NewSendAuthorization(sdk.NewCoins(apptest.USD(1000)), nil)
	return authz.NewMsgGrant(a.Address(), w.neighbour(a, 1).Address(), limit, &until)
}

func execute(w *world, a apptest.Account) (sdk.Msg, error) {
	m := authz.NewMsgExec(a.Address(), []sdk.Msg{apptest.Send(w.neighbour(a, -1), a, apptest.USD(1+w.rng.Int64N(600)))})
	return &m, nil
}

func revoke(w *world, a apptest.Account) (sdk.Msg, error) {
	m := authz.NewMsgRevoke(a.Address(), w.neighbour(a, 1).Address(), sdk.MsgTypeURL(&banktypes.MsgSend{}))
	return &m, nil
}

func allow(w *world, a apptest.Account) (sdk.Msg, error) {
	until := w.Time().Add(time.Duration(1+w.rng.IntN(600)) * time.Second)
	return feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{
		SpendLimit: sdk.NewCoins(apptest.FLT(1)), Expiration: &until,
	}, a.Address(), w.account().Address())
}

func vesting(w *world, a apptest.Account) (sdk.Msg, error) {
	to := make([]byte, 20)
	for i := range to {
		to[i] = byte(w.rng.Uint32())
	}
	end := w.Time().Add(time.Duration(1+w.rng.IntN(600)) * time.Second).Unix()
	return vestingtypes.NewMsgCreateVestingAccount(a.Address(), to, sdk.NewCoins(apptest.FLT(1)), end, w.rng.IntN(2) == 0), nil
}

func transfer(w *world, a apptest.Account) ([]byte, error) {
	to := w.account().Ethereum()
	return w.EVMTx(a, &to, new(big.Int).SetUint64(w.rng.Uint64()), 21_000+w.rng.Uint64N(100_000), nil)
}

// deploy creates a contract that keeps a random byte in its first slot, or fails on the way.
func deploy(w *world, a apptest.Account) ([]byte, error) {
	code := []byte{0x60, byte(w.rng.Uint32()), 0x60, 0, 0x55, 0x60, 0, 0x60, 0, 0xf3}
	return w.EVMTx(a, nil, big.NewInt(0), 60_000+w.rng.Uint64N(200_000), code)
}
