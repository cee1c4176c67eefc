// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
)

// Books returns an error when the coins that modules hold are not the coins that they owe.
func Books(ctx sdk.Context, a *app.App) error {
	for _, check := range []struct {
		name string
		f    func(sdk.Context, *app.App) error
	}{
		{"supply", supply}, {"stake", stake}, {"rewards", rewards}, {"deposits", deposits}, {"market", supplySide}, {"deals", customers}, {"capacity", pledges}, {"beacon", values},
	} {
		if err := check.f(ctx, a); err != nil {
			return fmt.Errorf("%s: %w", check.name, err)
		}
	}
	return nil
}

// supply: what exists is what is held.
func supply(ctx sdk.Context, a *app.App) error {
	held := make(map[string]sdkmath.Int)
	var err error
	a.Bank.IterateAllBalances(ctx, func(addr sdk.AccAddress, c sdk.Coin) bool {
		if c.IsNegative() {
			err = fmt.Errorf("%s holds %s", addr, c)
		}
		if held[c.Denom].IsNil() {
			held[c.Denom] = sdkmath.ZeroInt()
		}
		held[c.Denom] = held[c.Denom].Add(c.Amount)
		return err != nil
	})
	for _, denom := range []string{params.BaseDenom, params.StableDenom} {
		if total := a.Bank.GetSupply(ctx, denom); err == nil && !total.Amount.Equal(held[denom]) {
			err = fmt.Errorf("%s exist, %s are held", total, held[denom])
		}
	}
	return err
}

func balance(ctx sdk.Context, a *app.App, module string) sdkmath.Int {
	return a.Bank.GetBalance(ctx, authtypes.NewModuleAddress(module), params.BaseDenom).Amount
}

// stake: the pools hold what validators and leaving delegators are owed.
func stake(ctx sdk.Context, a *app.App) error {
	bonded, leaving := sdkmath.ZeroInt(), sdkmath.ZeroInt()
	validators, err := a.Staking.GetAllValidators(ctx)
	if err != nil {
		return err
	}
	for _, v := range validators {
		if v.IsBonded() {
			bonded = bonded.Add(v.Tokens)
		} else {
			leaving = leaving.Add(v.Tokens)
		}
	}
	err = a.Staking.IterateUnbondingDelegations(ctx, func(_ int64, u stakingtypes.UnbondingDelegation) bool {
		for _, e := range u.Entries {
			leaving = leaving.Add(e.Balance)
		}
		return false
	})
	if err != nil {
		return err
	}
	if have := balance(ctx, a, stakingtypes.BondedPoolName); !have.Equal(bonded) {
		return fmt.Errorf("the bonded pool holds %s, validators have %s", have, bonded)
	}
	if have := balance(ctx, a, stakingtypes.NotBondedPoolName); !have.Equal(leaving) {
		return fmt.Errorf("the other pool holds %s, %s are owed", have, leaving)
	}
	return nil
}

// rewards: the module holds what it has not paid out yet.
func rewards(ctx sdk.Context, a *app.App) error {
	owed := sdk.DecCoins{}
	a.Distr.IterateValidatorOutstandingRewards(ctx, func(_ sdk.ValAddress, r distrtypes.ValidatorOutstandingRewards) bool {
		owed = owed.Add(r.Rewards...)
		return false
	})
	pool, err := a.Distr.FeePool.Get(ctx)
	if err != nil {
		return err
	}
	want, _ := owed.Add(pool.CommunityPool...).TruncateDecimal()
	if have := balance(ctx, a, distrtypes.ModuleName); !have.Equal(want.AmountOf(params.BaseDenom)) {
		return fmt.Errorf("the module holds %s, owes %s", have, want)
	}
	return nil
}

// deposits: the module holds the deposits of open proposals.
func deposits(ctx sdk.Context, a *app.App) error {
	want := sdkmath.ZeroInt()
	all, err := a.Gov.Deposits.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	list, err := all.Values()
	if err != nil {
		return err
	}
	for _, d := range list {
		want = want.Add(coinsOf(d).AmountOf(params.BaseDenom))
	}
	if have := balance(ctx, a, govtypes.ModuleName); !have.Equal(want) {
		return fmt.Errorf("the module holds %s, deposits are %s", have, want)
	}
	return nil
}

func coinsOf(d govv1.Deposit) sdk.Coins { return d.Amount }
