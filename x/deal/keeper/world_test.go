// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
	"time"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/codec"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	rootstore "github.com/cosmos/cosmos-sdk/store/v2"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/go-fluence/fluence/x/deal/keeper"
	"github.com/go-fluence/fluence/x/deal/types"
	epochkeeper "github.com/go-fluence/fluence/x/epoch/keeper"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	"github.com/go-fluence/fluence/x/internal/kit"
	marketkeeper "github.com/go-fluence/fluence/x/market/keeper"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

const (
	chainID   = "fluence-test-1"
	authority = "authority"
	denom     = "uusd"
	minBlocks = 3 // of a live epoch
)

// plain is an address codec that takes any text but the empty one.
type plain struct{}

func (plain) StringToBytes(s string) ([]byte, error) { return []byte(s), nil }
func (plain) BytesToString(b []byte) (string, error) { return string(b), nil }

// purse is a bank over a store of its own.
type purse struct {
	coins collections.Map[pair, math.Int]
}

type pair = collections.Pair[[]byte, string]

func newPurse(s store.KVStoreService) *purse {
	sb := collections.NewSchemaBuilder(s)
	return &purse{collections.NewMap(sb, collections.NewPrefix(1), "coins", collections.PairKeyCodec(collections.BytesKey, collections.StringKey), sdk.IntValue)}
}

var errPoor = errors.New("the account has less")

func (p *purse) GetBalance(ctx context.Context, a sdk.AccAddress, denom string) sdk.Coin {
	n, err := p.coins.Get(ctx, collections.Join([]byte(a), denom))
	if err != nil {
		n = math.ZeroInt()
	}
	return sdk.NewCoin(denom, n)
}

func (p *purse) add(ctx context.Context, a sdk.AccAddress, c sdk.Coin) error {
	return p.coins.Set(ctx, collections.Join([]byte(a), c.Denom), p.GetBalance(ctx, a, c.Denom).Amount.Add(c.Amount))
}

func (p *purse) SendCoins(ctx context.Context, from, to sdk.AccAddress, amount sdk.Coins) error {
	for _, c := range amount {
		have := p.GetBalance(ctx, from, c.Denom)
		if have.IsLT(c) {
			return errPoor
		}
		if err := p.coins.Set(ctx, collections.Join([]byte(from), c.Denom), have.Amount.Sub(c.Amount)); err != nil {
			return err
		}
		if err := p.add(ctx, to, c); err != nil {
			return err
		}
	}
	return nil
}

func (p *purse) SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amount sdk.Coins) error {
	return p.SendCoins(ctx, from, authtypes.NewModuleAddress(module), amount)
}

func (p *purse) FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error {
	return p.SendCoins(ctx, sender, sdk.AccAddress("pool"), amount)
}

// proving is the capacity side: peers prove unless they are named here.
type proving struct {
	idle  map[string]bool
	share map[string]uint64 // delegator "del-" and the peer's number, by peer
}

func (p *proving) PeerActive(_ context.Context, peer []byte) (bool, error) {
	return !p.idle[string(peer)], nil
}

func (p *proving) Share(_ context.Context, peer []byte) (string, uint64, bool, error) {
	rate, ok := p.share[string(peer)]
	return "del", rate, ok, nil
}

// judge lets every epoch with blocks enough live.
type judge struct{}

func (judge) Live(context.Context, uint64) (bool, error) { return true, nil }

type world struct {
	*keeper.Keeper
	types.MsgServer
	query    types.QueryServer
	market   *marketkeeper.Keeper
	supply   markettypes.MsgServer
	epochs   *epochkeeper.Keeper
	bank     *purse
	capacity *proving
	context  sdk.Context
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := emptyWorld(t)
	if err := w.InitGenesis(w.ctx(), *types.DefaultGenesis()); err != nil {
		t.Fatal(err)
	}
	if err := w.market.InitGenesis(w.ctx(), *markettypes.DefaultGenesis()); err != nil {
		t.Fatal(err)
	}
	e := epochtypes.DefaultGenesis(epochtypes.Params{Duration: time.Minute, MinBlocks: minBlocks})
	if err := w.epochs.InitGenesis(w.ctx(), *e); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cust", "rich", "pal"} {
		if err := w.bank.add(w.ctx(), sdk.AccAddress(name), sdk.NewInt64Coin(denom, 1e12)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// emptyWorld has real deals, market and epochs over one store each.
func emptyWorld(t testing.TB) *world {
	t.Helper()
	keys := storetypes.NewKVStoreKeys(types.StoreKey, markettypes.StoreKey, epochtypes.StoreKey, "purse")
	cdc := codec.NewProtoCodec(cdctypes.NewInterfaceRegistry())
	service := func(name string) store.KVStoreService { return runtime.NewKVStoreService(keys[name]) }
	w := &world{
		epochs:   epochkeeper.New(cdc, service(epochtypes.StoreKey), authority),
		bank:     newPurse(service("purse")),
		capacity: &proving{map[string]bool{}, map[string]uint64{}},
		context: sdk.NewContext(multistore(t, keys), cmtproto.Header{}, false, log.NewNopLogger()).
			WithBlockTime(kit.Genesis).WithBlockHeight(1).WithChainID(chainID).WithEventManager(sdk.NewEventManager()),
	}
	w.market = marketkeeper.New(cdc, service(markettypes.StoreKey), plain{}, w.epochs, authority)
	w.supply = marketkeeper.NewMsgServer(w.market)
	w.Keeper = keeper.New(cdc, service(types.StoreKey), plain{}, w.epochs, judge{}, w.market, w.capacity, w.bank, w.bank, authority)
	w.MsgServer = keeper.NewMsgServer(w.Keeper)
	w.query = keeper.NewQueryServer(w.Keeper)
	return w
}

// multistore has a tree of its own for every key.
func multistore(t testing.TB, keys map[string]*storetypes.KVStoreKey) storetypes.CommitMultiStore {
	t.Helper()
	cms := rootstore.NewCommitMultiStore(dbm.NewMemDB(), log.NewNopLogger())
	for _, k := range keys {
		cms.MountStoreWithDB(k, storetypes.StoreTypeIAVL, nil)
	}
	if err := cms.LoadLatestVersion(); err != nil {
		t.Fatal(err)
	}
	return cms
}

func (w *world) ctx() sdk.Context { return w.context }

// block ends the running block and begins one that is d later.
func (w *world) block(t testing.TB, d time.Duration) {
	t.Helper()
	w.end(t)
	w.context = w.context.WithBlockTime(w.context.BlockTime().Add(d)).
		WithBlockHeight(w.context.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
	if err := w.epochs.BeginBlock(w.ctx()); err != nil {
		t.Fatal(err)
	}
}

// end runs the end of the running block.
func (w *world) end(t testing.TB) {
	t.Helper()
	if err := w.EndBlock(w.ctx()); err != nil {
		t.Fatal(err)
	}
}

// ripen makes the running epoch one that cannot end void any more.
func (w *world) ripen(t testing.TB) {
	t.Helper()
	for cur := w.current(t); cur.Blocks < minBlocks; cur.Blocks++ {
		w.block(t, 0)
	}
}

func (w *world) current(t testing.TB) epochtypes.Current {
	t.Helper()
	cur, err := w.epochs.Current(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	return cur
}

// pass ends the running epoch live and goes on for so many epochs, all live.
func (w *world) pass(t testing.TB, n int) {
	t.Helper()
	for range n {
		w.ripen(t)
		w.block(t, time.Minute)
		w.end(t)
	}
}

// halt ends the running epoch, which is void if it had too few blocks, and lets n
// epochs pass without a block.
func (w *world) halt(t testing.TB, n int) {
	t.Helper()
	w.block(t, time.Duration(n+1)*time.Minute)
	w.end(t)
}

// export returns the state, after it was checked; the module holds to the last unit what it owes.
func (w *world) export(t testing.TB) *types.GenesisState {
	t.Helper()
	if err := w.CheckInvariants(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := w.market.CheckInvariants(w.ctx()); err != nil {
		t.Fatal(err)
	}
	owed, err := w.Owed(w.ctx(), denom)
	if err != nil {
		t.Fatal(err)
	}
	if have := w.coins(types.ModuleName); have != owed.Int64() {
		t.Fatalf("the module holds %d, owes %s", have, owed)
	}
	g, err := w.ExportGenesis(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// coins returns what an account has; a module is named by its name.
func (w *world) coins(name string) int64 {
	a := sdk.AccAddress(name)
	if name == types.ModuleName {
		a = authtypes.NewModuleAddress(name)
	}
	return w.bank.GetBalance(w.ctx(), a, denom).Amount.Int64()
}

// events returns how often each event of deals was emitted in the running block.
func (w *world) events() map[string]int {
	n := map[string]int{}
	for _, e := range w.ctx().EventManager().Events() {
		if short, ok := bytes.CutPrefix([]byte(e.Type), []byte("fluence.deal.v1.")); ok {
			n[string(short)]++
		}
	}
	return n
}

// refuses runs a call that must fail with an error and leave the state as it was.
func (w *world) refuses(t *testing.T, want error, call func(ctx context.Context) error) {
	t.Helper()
	before, coins := w.export(t), w.coins("cust")
	events := len(w.ctx().EventManager().Events())
	err := call(w.ctx())
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if after := w.export(t); !reflect.DeepEqual(after, before) {
		t.Errorf("a refusal changed %v to %v", before, after)
	}
	if got := w.coins("cust"); got != coins {
		t.Errorf("a refusal moved coins: %d, had %d", got, coins)
	}
	if got := len(w.ctx().EventManager().Events()); got != events {
		t.Errorf("a refusal emitted %d events", got-events)
	}
}

// key returns the key of a peer or worker.
func key(n int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte{byte(n), byte(n >> 8)})
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(n int) []byte { return key(n).Public().(ed25519.PublicKey) }

func unit(peer, n int) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 16), uint64(peer)), uint64(n))
}

func units(peer int, ns ...int) (out [][]byte) {
	for _, n := range ns {
		out = append(out, unit(peer, n))
	}
	return out
}

func cid(n byte) []byte {
	return append([]byte{1, 0x55, 0x12, 0x20}, bytes.Repeat([]byte{n}, 32)...)
}

// offer registers an offer of a provider with peers of some units each.
func (w *world) offer(t testing.TB, provider string, terms markettypes.Terms, unitCount int, peers ...int) []byte {
	t.Helper()
	if _, err := w.supply.SetProvider(w.ctx(), &markettypes.MsgSetProvider{Provider: provider, Name: provider}); err != nil {
		t.Fatal(err)
	}
	msg := &markettypes.MsgRegisterOffer{Provider: provider, Terms: terms}
	for _, n := range peers {
		p := markettypes.NewPeer{Id: public(n), Owner: provider + "-peer", ExpiresAt: 1 << 40}
		for u := range unitCount {
			p.UnitIds = append(p.UnitIds, unit(n, u))
		}
		p.Signature = ed25519.Sign(key(n), markettypes.PeerBytes(chainID, []byte(provider), []byte(p.Owner), p.ExpiresAt))
		if len(terms.Prices) > 0 {
			p.Supplies = []markettypes.Supply{
				{ResourceId: 1, Max: 2 * uint64(unitCount), Details: "{}"}, {ResourceId: 2, Max: 4096 * uint64(unitCount)}, {ResourceId: 3, Max: 1000},
			}
		}
		msg.Peers = append(msg.Peers, p)
	}
	res, err := w.supply.RegisterOffer(w.ctx(), msg)
	if err != nil {
		t.Fatal(err)
	}
	return res.OfferId
}

func byUnit(price int64) markettypes.Terms {
	return markettypes.Terms{Denom: denom, MinPrice: math.NewInt(price), MinProtocolVersion: 1, MaxProtocolVersion: 1}
}

func terms(price int64, target uint32) types.Terms {
	return types.Terms{
		AppCid: cid(1), Denom: denom, Price: math.NewInt(price), TargetWorkers: target, UnitsPerWorker: 1, ProtocolVersion: 1,
	}
}

func uusd(n int64) sdk.Coin { return sdk.NewInt64Coin(denom, n) }

func choose(offer []byte, peer int, ns ...int) types.Selection {
	return types.Selection{OfferId: offer, PeerId: public(peer), UnitIds: units(peer, ns...)}
}

// deal creates, funds and matches a deal of "cust" with one message.
func (w *world) deal(t testing.TB, te types.Terms, deposit int64, match ...types.Selection) *types.MsgCreateDealResponse {
	t.Helper()
	res, err := w.CreateDeal(w.ctx(), &types.MsgCreateDeal{Owner: "cust", Terms: te, Deposit: uusd(deposit), Match: match})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// activation returns the message with which a provider activates a worker under the n-th key.
func (w *world) activation(t testing.TB, deal, worker []byte, n int) *types.MsgActivateWorker {
	t.Helper()
	v, err := w.Worker(w.ctx(), deal, worker)
	if err != nil {
		t.Fatal(err)
	}
	return &types.MsgActivateWorker{
		Sender: v.Provider, DealId: deal, WorkerId: worker, PeerKey: public(n),
		Signature: ed25519.Sign(key(n), types.ActivationBytes(chainID, deal, worker, v.PeerId)),
	}
}

func (w *world) activate(t testing.TB, deal, worker []byte) {
	t.Helper()
	if _, err := w.ActivateWorker(w.ctx(), w.activation(t, deal, worker, 1000)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) balance(t testing.TB, deal []byte) *types.QueryBalanceResponse {
	t.Helper()
	b, err := w.query.Balance(w.ctx(), &types.QueryBalanceRequest{DealId: types.Hex(deal)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) status(t testing.TB, deal []byte) types.Status {
	t.Helper()
	d, err := w.query.Deal(w.ctx(), &types.QueryDealRequest{DealId: types.Hex(deal)})
	if err != nil {
		t.Fatal(err)
	}
	return d.Status
}

// reward returns what provider and delegator of a deal's n-th worker may withdraw.
func (w *world) reward(t testing.TB, deal []byte, n int) (provider, delegator int64) {
	t.Helper()
	r, err := w.query.Rewards(w.ctx(), &types.QueryRewardsRequest{DealId: types.Hex(deal)})
	if err != nil {
		t.Fatal(err)
	}
	return r.Rewards[n].ProviderReward.Amount.Int64(), r.Rewards[n].DelegatorReward.Amount.Int64()
}

func moduleAddress() []byte { return authtypes.NewModuleAddress(types.ModuleName) }
