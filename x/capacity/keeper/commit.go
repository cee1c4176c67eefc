// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// maxDeposits is how many commitments one message may pay for.
const maxDeposits = 100

// CreateCommitment pledges all units of a peer. It counts from the epoch after
// the deposit.
//
// Errors: ErrDisabled, ErrInvalidID, ErrNoSuchPeer, ErrNotProvider, ErrNotApproved,
// ErrHasCommitment, ErrInvalidDuration, ErrInvalidUnits, ErrInvalidRate, ErrInvalidDelegator.
func (s msgServer) CreateCommitment(ctx context.Context, msg *types.MsgCreateCommitment) (*types.MsgCreateCommitmentResponse, error) {
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.k.ParamsAt(ctx, now)
	if err != nil {
		return nil, err
	}
	c, err := s.k.newCommitment(ctx, msg, p)
	if err != nil {
		return nil, err
	}
	b, err := s.k.newBook(ctx, c, p)
	if err != nil {
		return nil, err
	}
	rec, err := s.k.records.Get(ctx, now)
	if err != nil {
		return nil, err
	}
	c.UnitCount, c.CreatedEpoch = uint32(len(b.Units)), now
	c.CollateralPerUnit = types.CollateralPerUnit(p.UsdCollateralPerUnit, rec.Price)
	delegator, err := s.k.bytes(c.Delegator)
	if err != nil {
		return nil, err
	}
	c.Id = types.CommitmentID(sdk.UnwrapSDKContext(ctx).BlockHeight(), c.PeerId, c.Duration, delegator, c.RewardRate)
	b.CommitmentId = c.Id
	if err := s.k.insert(ctx, c, b); err != nil {
		return nil, err
	}
	if err := s.k.market.SetCommitment(ctx, c.PeerId, c.Id); err != nil {
		return nil, err
	}
	return &types.MsgCreateCommitmentResponse{CommitmentId: c.Id}, emit(ctx, &types.EventCommitmentCreated{
		PeerId: c.PeerId, CommitmentId: c.Id, Duration: c.Duration, Delegator: c.Delegator,
		RewardDelegationRate: c.RewardRate, FltCollateralPerUnit: c.CollateralPerUnit,
	})
}

// newCommitment checks a message and returns the terms it asks for.
func (k *Keeper) newCommitment(ctx context.Context, msg *types.MsgCreateCommitment, p types.Params) (c types.Commitment, err error) {
	if !p.Enabled {
		return c, types.ErrDisabled.Wrap("params.enabled: governance may set it")
	}
	_, provider, err := k.account("provider", msg.Provider)
	if err != nil {
		return c, err
	}
	delegator, err := k.delegator(provider, msg.Delegator, msg.Open)
	if err != nil {
		return c, err
	}
	switch {
	case len(msg.PeerId) != types.PeerIDSize:
		return c, types.ErrInvalidID.Wrapf("peer_id of %d bytes: want %d", len(msg.PeerId), types.PeerIDSize)
	case msg.Duration < p.MinDuration || msg.Duration > p.MaxDuration:
		return c, types.ErrInvalidDuration.Wrapf("duration %d: want %d to %d epochs", msg.Duration, p.MinDuration, p.MaxDuration)
	case msg.RewardRate < 1 || msg.RewardRate > types.Precision:
		return c, types.ErrInvalidRate.Wrapf("reward_rate %d: want 1 to %d", msg.RewardRate, types.Precision)
	}
	peer, err := k.market.Peer(ctx, msg.PeerId)
	if err != nil {
		return c, types.ErrNoSuchPeer.Wrapf("peer_id %x: %v", msg.PeerId, err)
	}
	if peer.Provider != provider {
		return c, types.ErrNotProvider.Wrapf("peer %x belongs to %s", msg.PeerId, peer.Provider)
	}
	if ok, err := k.market.Approved(ctx, provider); err != nil || !ok {
		return c, types.ErrNotApproved.Wrapf("%s: governance approves providers: %v", provider, err)
	}
	if len(peer.CommitmentId) > 0 {
		return c, types.ErrHasCommitment.Wrapf("peer %x: commitment %x; finish or remove it first", msg.PeerId, peer.CommitmentId)
	}
	return types.Commitment{
		PeerId: msg.PeerId, Provider: provider, Delegator: delegator, Open: msg.Open, RewardRate: msg.RewardRate, Duration: msg.Duration,
		MaxFailedRatio: p.MaxFailedRatio, WithdrawEpochsAfterFailed: p.WithdrawEpochsAfterFailed,
	}, nil
}

// delegator returns who may deposit: the named account, the provider when none
// is named, or nobody yet when the first depositor is to become it.
func (k *Keeper) delegator(provider, named string, open bool) (string, error) {
	switch {
	case open && named != "":
		return "", types.ErrInvalidDelegator.Wrapf("delegator %s with open: name one, or leave it open to the first depositor", named)
	case open:
		return "", nil
	case named == "":
		return provider, nil
	}
	addr, name, err := k.account("delegator", named)
	if err == nil && k.blocked(addr) {
		err = types.ErrInvalidDelegator.Wrapf("delegator %s is a module account", name)
	}
	return name, err
}

// newBook returns the book of a commitment that begins with all units of its peer.
func (k *Keeper) newBook(ctx context.Context, c types.Commitment, p types.Params) (types.Book, error) {
	zero := math.ZeroInt()
	b := types.Book{Status: types.StatusWaitDelegation, Collateral: zero, Slashed: zero, Matured: zero, Withdrawn: zero, PaidProvider: zero, PaidDelegator: zero}
	units, err := k.market.Units(ctx, c.PeerId)
	if err != nil {
		return b, err
	}
	if n := len(units); n < int(p.MinUnits) || n > int(p.MaxUnits) {
		return b, types.ErrInvalidUnits.Wrapf("peer %x has %d units: want %d to %d", c.PeerId, n, p.MinUnits, p.MaxUnits)
	}
	for _, u := range units {
		b.Units = append(b.Units, types.UnitBook{UnitId: u.Id, InDeal: len(u.DealId) > 0, Slashed: zero})
	}
	slices.SortFunc(b.Units, func(x, y types.UnitBook) int { return bytes.Compare(x.UnitId, y.UnitId) })
	return b, nil
}

// insert writes a commitment, its book and its indexes.
func (k *Keeper) insert(ctx context.Context, c types.Commitment, b types.Book) error {
	if err := k.commitments.Set(ctx, c.Id, c); err != nil {
		return err
	}
	if err := k.books.Set(ctx, c.Id, b); err != nil {
		return err
	}
	if b.Status != types.StatusRemoved {
		if err := k.byPeer.Set(ctx, c.PeerId, c.Id); err != nil {
			return err
		}
	}
	if err := k.byProvider.Set(ctx, collections.Join(c.Provider, c.Id)); err != nil {
		return err
	}
	if c.Delegator == "" {
		return nil
	}
	return k.byDelegator.Set(ctx, collections.Join(c.Delegator, c.Id))
}

// erase deletes a commitment of which nothing is left to know.
func (k *Keeper) erase(ctx context.Context, c types.Commitment) error {
	if err := k.commitments.Remove(ctx, c.Id); err != nil {
		return err
	}
	if err := k.books.Remove(ctx, c.Id); err != nil {
		return err
	}
	if err := k.vestings.Clear(ctx, collections.NewPrefixedTripleRange[[]byte, uint64, uint64](c.Id)); err != nil {
		return err
	}
	if err := k.byProvider.Remove(ctx, collections.Join(c.Provider, c.Id)); err != nil {
		return err
	}
	return k.byDelegator.Remove(ctx, collections.Join(c.Delegator, c.Id))
}

// RemoveCommitment deletes a pledge that waits for its collateral.
//
// Errors: ErrNotFound, ErrNotProvider, ErrStatus.
func (s msgServer) RemoveCommitment(ctx context.Context, msg *types.MsgRemoveCommitment) (*types.MsgRemoveCommitmentResponse, error) {
	v, err := s.k.ofProvider(ctx, msg.Provider, msg.CommitmentId)
	if err != nil {
		return nil, err
	}
	if v.b.Status != types.StatusWaitDelegation {
		return nil, types.ErrStatus.Wrapf("commitment %x is %s: only one without collateral is removed", v.c.Id, v.b.Status)
	}
	if err := s.k.erase(ctx, v.c); err != nil {
		return nil, err
	}
	if err := s.k.release(ctx, v.c); err != nil {
		return nil, err
	}
	return &types.MsgRemoveCommitmentResponse{}, emit(ctx, &types.EventCommitmentRemoved{CommitmentId: v.c.Id})
}

// release parts a peer and its commitment.
func (k *Keeper) release(ctx context.Context, c types.Commitment) error {
	if err := k.byPeer.Remove(ctx, c.PeerId); err != nil {
		return err
	}
	return k.market.SetCommitment(ctx, c.PeerId, nil)
}

// ofProvider returns a commitment of the given provider.
//
// Errors: ErrNotFound, ErrInvalidID, ErrNotProvider.
func (k *Keeper) ofProvider(ctx context.Context, provider string, id []byte) (*view, error) {
	v, err := k.load(ctx, id)
	if err != nil {
		return nil, err
	}
	_, name, err := k.account("provider", provider)
	if err != nil {
		return nil, err
	}
	if v.c.Provider != name {
		return nil, types.ErrNotProvider.Wrapf("commitment %x belongs to %s", id, v.c.Provider)
	}
	return v, nil
}

// DepositCollateral pays for pledges, all or none. The collateral is that of the
// running epoch's price, whatever it was when they were made.
//
// Errors: ErrInvalidUnits, ErrInvalidAmount, ErrNotFound, ErrStatus, ErrNotDelegator, ErrPriceExpired, ErrCollateral.
func (s msgServer) DepositCollateral(ctx context.Context, msg *types.MsgDepositCollateral) (*types.MsgDepositCollateralResponse, error) {
	from, depositor, err := s.k.account("depositor", msg.Depositor)
	if err != nil {
		return nil, err
	}
	if err := checkAmount("max_amount", msg.MaxAmount); err != nil {
		return nil, err
	}
	if n := len(msg.CommitmentIds); n < 1 || n > maxDeposits {
		return nil, types.ErrInvalidID.Wrapf("commitment_ids: %d: want 1 to %d", n, maxDeposits)
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	perUnit, p, err := s.k.priceNow(ctx, now)
	if err != nil {
		return nil, err
	}
	total := math.ZeroInt()
	views := make([]*view, len(msg.CommitmentIds))
	for i, id := range msg.CommitmentIds {
		if slices.ContainsFunc(msg.CommitmentIds[:i], func(o []byte) bool { return bytes.Equal(o, id) }) {
			return nil, types.ErrInvalidID.Wrapf("commitment_ids[%d] %x stands twice", i, id)
		}
		if views[i], err = s.k.payable(ctx, id, depositor); err != nil {
			return nil, err
		}
		total = total.Add(perUnit.MulRaw(int64(views[i].c.UnitCount)))
	}
	if total.GT(msg.MaxAmount.Amount) {
		return nil, types.ErrCollateral.Wrapf("%s%s is required, max_amount is %s", total, types.Denom, msg.MaxAmount)
	}
	coin := sdk.NewCoin(types.Denom, total)
	if err := s.k.bank.SendCoinsFromAccountToModule(ctx, from, types.ModuleName, sdk.NewCoins(coin)); err != nil {
		return nil, err
	}
	for _, v := range views {
		if err := s.k.begin(ctx, v, depositor, perUnit, p, now); err != nil {
			return nil, err
		}
	}
	return &types.MsgDepositCollateralResponse{Amount: coin}, nil
}

// priceNow returns the collateral of a unit at the running epoch's price.
//
// Errors: ErrPriceExpired, ErrDisabled.
func (k *Keeper) priceNow(ctx context.Context, now uint64) (math.Int, types.Params, error) {
	p, err := k.ParamsAt(ctx, now)
	if err != nil {
		return math.Int{}, p, err
	}
	rec, err := k.records.Get(ctx, now)
	if err != nil {
		return math.Int{}, p, err
	}
	if priceExpired(rec, p) {
		return math.Int{}, p, types.ErrPriceExpired.Wrapf("made in epoch %d, good for %d epochs: wait for the feeders", rec.Priced, p.PriceExpiry)
	}
	if !p.Enabled {
		return math.Int{}, p, types.ErrDisabled.Wrap("params.enabled: governance may set it")
	}
	return types.CollateralPerUnit(p.UsdCollateralPerUnit, rec.Price), p, nil
}

// payable returns a commitment that the depositor may pay for.
func (k *Keeper) payable(ctx context.Context, id []byte, depositor string) (*view, error) {
	v, err := k.load(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case v.b.Status != types.StatusWaitDelegation:
		return nil, types.ErrStatus.Wrapf("commitment %x is %s: collateral is deposited once", id, v.b.Status)
	case v.c.Delegator != depositor && !(v.c.Open && v.c.Delegator == ""):
		return nil, types.ErrNotDelegator.Wrapf("commitment %x: only %s may deposit", id, v.c.Delegator)
	}
	return v, nil
}

// begin starts a commitment with the next epoch.
func (k *Keeper) begin(ctx context.Context, v *view, depositor string, perUnit math.Int, p types.Params, now uint64) error {
	v.c.Delegator, v.c.CollateralPerUnit, v.c.StartEpoch = depositor, perUnit, now+1
	v.c.MaxFailedRatio, v.c.WithdrawEpochsAfterFailed = p.MaxFailedRatio, p.WithdrawEpochsAfterFailed
	v.b.Status, v.b.Settled, v.b.Collateral = types.StatusActive, now, v.c.Required()
	var ids [][]byte
	for i := range v.b.Units {
		v.b.Units[i].From = now + 1
		ids = append(ids, v.b.Units[i].UnitId)
	}
	if err := k.insert(ctx, v.c, v.b); err != nil {
		return err
	}
	if err := k.changeActive(ctx, v.c.EndEpoch(), int64(v.b.ActiveUnits())); err != nil {
		return err
	}
	if err := k.changeTotals(ctx, func(t *types.Totals) { t.Collateral = t.Collateral.Add(v.b.Collateral) }); err != nil {
		return err
	}
	if err := k.schedule(ctx, v); err != nil {
		return err
	}
	if err := emit(ctx, &types.EventCollateralDeposited{CommitmentId: v.c.Id, StakerAddress: depositor, TotalCollateral: v.b.Collateral}); err != nil {
		return err
	}
	return emit(ctx, &types.EventCommitmentActivated{PeerId: v.c.PeerId, CommitmentId: v.c.Id, StartEpoch: v.c.StartEpoch, EndEpoch: v.c.EndEpoch(), UnitIds: ids})
}

// checkAmount refuses coins of another denom, and amounts below 1 or beyond 2^127.
func checkAmount(field string, c sdk.Coin) error {
	if c.Denom != types.Denom || c.Amount.IsNil() || !c.Amount.IsPositive() || c.Amount.BigInt().BitLen() > 127 {
		return types.ErrInvalidAmount.Wrapf("%s: want 1 to 2^127-1 of %s", field, types.Denom)
	}
	return nil
}
