// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
	"github.com/go-fluence/fluence/x/internal/kit"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// clock counts epochs and remembers which were void.
type clock struct {
	now   uint64
	voids []uint64 // in ascending order
}

func (c *clock) Number(context.Context) (uint64, error) { return c.now, nil }

func (c *clock) VoidCount(_ context.Context, upTo uint64) (n uint64, err error) {
	if upTo == 0 || upTo > c.now {
		return 0, fmt.Errorf("epoch %d has not begun", upTo)
	}
	i, found := slices.BinarySearch(c.voids, upTo)
	if n = uint64(i); found {
		n++
	}
	return n, nil
}

// silent is a beacon that never speaks: admission is tested elsewhere.
type silent struct{}

var errSilent = errors.New("no beacon")

func (silent) Nonce(context.Context, uint64) ([32]byte, error) { return [32]byte{}, errSilent }
func (silent) Value(context.Context, uint64) ([32]byte, error) { return [32]byte{}, errSilent }

// stall is a market of peers and units that calls its listener as x/market does.
type stall struct {
	peers    map[string]*markettypes.Peer
	units    map[string]*markettypes.Unit
	of       map[string][][]byte // units by peer, sorted
	approved func(string) bool
	hooks    markettypes.UnitHooks
}

var errAbsent = errors.New("absent")

func (m *stall) Peer(_ context.Context, id []byte) (markettypes.Peer, error) {
	if p := m.peers[string(id)]; p != nil {
		return *p, nil
	}
	return markettypes.Peer{}, errAbsent
}

func (m *stall) Unit(_ context.Context, id []byte) (markettypes.Unit, error) {
	if u := m.units[string(id)]; u != nil {
		return *u, nil
	}
	return markettypes.Unit{}, errAbsent
}

func (m *stall) Units(_ context.Context, peer []byte) (list []markettypes.Unit, err error) {
	for _, u := range m.of[string(peer)] {
		list = append(list, *m.units[string(u)])
	}
	return list, nil
}

func (m *stall) SetCommitment(_ context.Context, peer, commitment []byte) error {
	m.peers[string(peer)].CommitmentId = commitment
	return nil
}

func (m *stall) Approved(_ context.Context, account string) (bool, error) {
	return m.approved == nil || m.approved(account), nil
}

func (m *stall) take(ctx context.Context, unit []byte) error {
	u := m.units[string(unit)]
	if err := m.hooks.UnitsTaken(ctx, u.PeerId, [][]byte{unit}); err != nil {
		return err
	}
	u.DealId = []byte("deal")
	return nil
}

func (m *stall) giveBack(ctx context.Context, unit []byte) error {
	u := m.units[string(unit)]
	if err := m.hooks.UnitsReturned(ctx, u.PeerId, [][]byte{unit}); err != nil {
		return err
	}
	u.DealId = nil
	return nil
}

// purse holds the coins of all accounts.
type purse map[string]math.Int

func (p purse) of(addr []byte) math.Int {
	if x, ok := p[string(addr)]; ok {
		return x
	}
	return math.ZeroInt()
}

func (p purse) move(from, to []byte, amt sdk.Coins) error {
	x := amt.AmountOf(types.Denom)
	if p.of(from).LT(x) {
		return fmt.Errorf("%s has %s, not %s", from, p.of(from), x)
	}
	p[string(from)] = p.of(from).Sub(x)
	p[string(to)] = p.of(to).Add(x)
	return nil
}

func (p purse) GetBalance(_ context.Context, addr sdk.AccAddress, denom string) sdk.Coin {
	return sdk.NewCoin(denom, p.of(addr))
}

func (p purse) SendCoinsFromAccountToModule(_ context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error {
	return p.move(from, []byte(module), amt)
}

func (p purse) SendCoinsFromModuleToAccount(_ context.Context, module string, to sdk.AccAddress, amt sdk.Coins) error {
	return p.move([]byte(module), to, amt)
}

func (p purse) FundCommunityPool(_ context.Context, amt sdk.Coins, from sdk.AccAddress) error {
	return p.move(from, []byte("community"), amt)
}

// plain is an address codec that takes any text but an empty one.
type plain struct{}

func (plain) StringToBytes(s string) ([]byte, error) {
	if s == "" {
		return nil, errAbsent
	}
	return []byte(s), nil
}
func (plain) BytesToString(b []byte) (string, error) { return string(b), nil }

// deals gives units back when they exit, and remembers failures.
type deals struct {
	w      *world
	failed []string
}

func (d *deals) CommitmentFailed(_ context.Context, peer []byte, epoch uint64) error {
	d.failed = append(d.failed, fmt.Sprintf("%x:%d", peer[:2], epoch))
	return nil
}

func (d *deals) UnitsExiting(ctx context.Context, _ []byte, units [][]byte) error {
	for _, u := range units {
		if len(d.w.market.units[string(u)].DealId) > 0 {
			if err := d.w.market.giveBack(ctx, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// world is a keeper with everything around it.
type world struct {
	*Keeper
	msg    types.MsgServer
	query  types.QueryServer
	env    *kit.Env
	clock  *clock
	market *stall
	bank   purse
	deals  *deals
	held   uint64 // admission holds this epoch back, if not 0
}

// failer is a test, or a run of a property.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// flt returns n thousandths of an FLT.
func flt(thousandths int64) math.Int { return math.NewInt(thousandths).MulRaw(1e15) }

// id returns 32 bytes for a name.
func id(name string) []byte {
	h := sha256.Sum256([]byte(name))
	return h[:]
}

// emptyWorld returns a world without a keeper.
func emptyWorld(t testing.TB) *world {
	t.Helper()
	return &world{
		env: kit.New(t, types.StoreKey), clock: &clock{now: 1}, bank: purse{},
		market: &stall{peers: map[string]*markettypes.Peer{}, units: map[string]*markettypes.Unit{}, of: map[string][][]byte{}},
	}
}

// build makes the keeper over what the world has.
func (w *world) build() {
	w.Keeper = New(w.env.Codec, w.env.Service, Deps{
		Addresses: plain{}, Epochs: w.clock, Beacon: silent{}, Market: w.market, Bank: w.bank, Community: w.bank,
		Blocked:    func(a sdk.AccAddress) bool { return string(a) == types.ModuleName },
		Collateral: sdk.AccAddress(types.ModuleName), Rewards: sdk.AccAddress(types.RewardPoolName),
	}, w.env.Authority)
	w.msg, w.query = NewMsgServer(w.Keeper), NewQueryServer(w.Keeper)
	w.market.hooks = w.Keeper
	w.deals = &deals{w: w}
	w.SetHooks(w.deals)
	w.hold = func(context.Context) (uint64, bool, error) { return w.held, w.held > 0, nil }
}

func newWorld(t testing.TB, p types.Params, price uint64, pool math.Int) *world {
	t.Helper()
	w := emptyWorld(t)
	w.build()
	g := types.DefaultGenesis(p)
	g.Price, g.Pool = price, pool
	if err := w.InitGenesis(w.env.Ctx(), *g); err != nil {
		t.Fatal(err)
	}
	return w
}

// ctx returns the context of the running block.
func (w *world) ctx() sdk.Context { return w.env.Ctx() }

// peer adds a peer with units to the market and returns their ids.
func (w *world) peer(provider, name string, units int) (peer []byte, ids [][]byte) {
	peer = id(name)
	w.market.peers[string(peer)] = &markettypes.Peer{Id: peer, Provider: provider, Owner: "owner of " + name}
	for i := range units {
		u := id(fmt.Sprintf("%s unit %d", name, i))
		w.market.units[string(u)] = &markettypes.Unit{Id: u, PeerId: peer}
		ids = append(ids, u)
	}
	slices.SortFunc(ids, bytes.Compare)
	w.market.of[string(peer)] = ids
	return peer, ids
}

// fund gives an account FLT.
func (w *world) fund(account string, n int64) {
	w.bank[account] = w.bank.of([]byte(account)).Add(flt(1000 * n))
}

// block ends the running block and begins the next.
func (w *world) block(t failer) {
	t.Helper()
	if err := w.EndBlock(w.ctx()); err != nil {
		t.Fatal(err)
	}
	w.env.Next(time.Second)
}

// next ends the epoch, void or not, skips some, and begins another with one block.
func (w *world) next(t failer, void bool, skipped uint64) {
	t.Helper()
	if void {
		w.clock.voids = append(w.clock.voids, w.clock.now)
	}
	for range skipped {
		w.clock.now++
		w.clock.voids = append(w.clock.voids, w.clock.now)
	}
	w.clock.now++
	if err := w.EpochStarted(w.ctx(), w.clock.now); err != nil {
		t.Fatal(err)
	}
	w.block(t)
}

// create makes a commitment of a new peer and pays for it.
func (w *world) create(t testing.TB, name string, units int, duration uint64) (commitment []byte, ids [][]byte) {
	t.Helper()
	peer, ids := w.peer("provider", name, units)
	resp, err := w.msg.CreateCommitment(w.ctx(), &types.MsgCreateCommitment{
		Provider: "provider", PeerId: peer, Duration: duration, Delegator: "delegator", RewardRate: 2_000_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.fund("delegator", 1_000_000)
	if _, err := w.msg.DepositCollateral(w.ctx(), deposit("delegator", flt(1_000_000_000), resp.CommitmentId)); err != nil {
		t.Fatal(err)
	}
	return resp.CommitmentId, ids
}

func deposit(from string, most math.Int, ids ...[]byte) *types.MsgDepositCollateral {
	return &types.MsgDepositCollateral{Depositor: from, CommitmentIds: ids, MaxAmount: sdk.Coin{Denom: types.Denom, Amount: most}}
}

// credit counts proofs of units in the running epoch.
func (w *world) credit(t testing.TB, n uint32, units ...[]byte) {
	t.Helper()
	for _, u := range units {
		if err := w.CreditProofs(w.ctx(), u, w.clock.now, n); err != nil {
			t.Fatal(err)
		}
	}
}

// check fails the test when the state contradicts itself.
func (w *world) check(t failer) {
	t.Helper()
	g, err := w.ExportGenesis(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if g.Params.PenaltyMultiple == 0 { // the official params, which genesis refuses
		err = w.consistent(w.ctx(), g)
	} else {
		err = w.CheckInvariants(w.ctx())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// dump returns all state as text.
func (w *world) dump(t failer) string {
	t.Helper()
	g, err := w.ExportGenesis(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	return string(w.env.Codec.MustMarshalJSON(g))
}
