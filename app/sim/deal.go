// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/ed25519"
	"encoding/binary"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	dealkeeper "github.com/go-fluence/fluence/x/deal/keeper"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

// dealOperations are what customers do, and what providers do for them.
func dealOperations() []operation {
	return []operation{
		{"create deal", 8, messages(createDeal)},
		{"fund deal", 6, messages(fundDeal)},
		{"withdraw from deal", 3, messages(withdrawDeal)},
		{"match deal", 6, messages(matchDeal)},
		{"activate worker", 12, messages(activateWorker)},
		{"remove worker", 3, messages(removeWorker)},
		{"withdraw rewards", 8, messages(withdrawRewards)},
		{"stop deal", 1, messages(stopDeal)},
		{"grant deposits", 2, messages(grantDeposit)},
		{"standing order", 2, messages(standingOrder)},
		{"auto top-up", 2, messages(autoTopUp)},
	}
}

// customers: the money of deals adds up, no unit is in two deals.
func customers(ctx sdk.Context, a *app.App) error { return a.Deal.CheckInvariants(ctx) }

// createDeal draws a deal with those providers that could serve it; all accounts are
// on its list, so that they need not prove capacity.
func createDeal(w *world, a apptest.Account) (sdk.Msg, error) {
	t := dealtypes.Terms{
		AppCid: append([]byte{1, 0x55, 0x12, 0x20}, w.ids(1)[0]...), Denom: "uusd", Price: sdkmath.NewInt(1 + w.rng.Int64N(2000)),
		TargetWorkers: 1 + w.rng.Uint32N(3), UnitsPerWorker: 1 + w.rng.Uint32N(2), ProtocolVersion: 1 + w.rng.Uint64N(2),
	}
	msg := &dealtypes.MsgCreateDeal{Owner: a.Address().String(), Terms: t, Access: dealtypes.AccessWhitelist}
	for _, b := range w.Accounts {
		msg.AccessList = append(msg.AccessList, b.Address().String())
	}
	msg.Deposit = sdk.NewCoin("uusd", t.Minimum(2).MulRaw(1+w.rng.Int64N(4)))
	c, err := dealkeeper.NewQueryServer(w.Apps[0].Deal).MatchCandidates(w.Context(), &dealtypes.QueryMatchCandidatesRequest{
		Terms: &msg.Terms, Access: msg.Access, AccessList: msg.AccessList,
	})
	if err != nil {
		return nil, err
	}
	if w.rng.IntN(4) > 0 {
		msg.Match = c.Candidates
	}
	return msg, nil
}

// deal returns a deal, one of a's if own is set; ok is false when there is none.
func (w *world) deal(a apptest.Account, own bool) (d dealtypes.Deal, ok bool, err error) {
	all, err := dealkeeper.NewQueryServer(w.Apps[0].Deal).Deals(w.Context(), &dealtypes.QueryDealsRequest{})
	if err != nil {
		return d, false, err
	}
	var list []dealtypes.Deal
	for _, e := range all.Deals {
		if e.Deal.EndedEpoch == 0 && (!own || e.Deal.Owner == a.Address().String()) {
			list = append(list, e.Deal)
		}
	}
	if len(list) == 0 {
		return d, false, nil
	}
	return list[w.rng.IntN(len(list))], true, nil
}

// worker returns a worker, mostly one of a's in the given state; ok is false when there is none.
func (w *world) worker(a apptest.Account, state ...dealtypes.WorkerState) (v dealtypes.Worker, ok bool, err error) {
	q := dealkeeper.NewQueryServer(w.Apps[0].Deal)
	deals, err := q.Deals(w.Context(), &dealtypes.QueryDealsRequest{})
	if err != nil {
		return v, false, err
	}
	var all, own []dealtypes.Worker
	for _, d := range deals.Deals {
		ws, err := q.Workers(w.Context(), &dealtypes.QueryWorkersRequest{DealId: dealtypes.Hex(d.Deal.Id)})
		if err != nil {
			return v, false, err
		}
		for _, one := range ws.Workers {
			all = append(all, one)
			if one.Provider == a.Address().String() && (len(state) == 0 || one.State == state[0]) {
				own = append(own, one)
			}
		}
	}
	if w.rng.IntN(8) > 0 {
		all = own
	}
	if len(all) == 0 {
		return v, false, nil
	}
	return all[w.rng.IntN(len(all))], true, nil
}

func fundDeal(w *world, a apptest.Account) (sdk.Msg, error) {
	d, ok, err := w.deal(a, w.rng.IntN(2) == 0)
	if err != nil || !ok {
		return nil, err
	}
	msg := &dealtypes.MsgFundDeal{Sender: a.Address().String(), DealId: d.Id, Amount: apptest.USD(1 + w.rng.Int64N(20_000))}
	if w.rng.IntN(3) == 0 {
		msg.Depositor = w.neighbour(a, -1).Address().String()
	}
	return msg, nil
}

func withdrawDeal(w *world, a apptest.Account) (sdk.Msg, error) {
	d, ok, err := w.deal(a, true)
	if err != nil || !ok {
		return nil, err
	}
	return &dealtypes.MsgWithdrawDeal{Owner: d.Owner, DealId: d.Id, Amount: apptest.USD(1 + w.rng.Int64N(5000))}, nil
}

func matchDeal(w *world, a apptest.Account) (sdk.Msg, error) {
	d, ok, err := w.deal(a, true)
	if err != nil || !ok {
		return nil, err
	}
	c, err := dealkeeper.NewQueryServer(w.Apps[0].Deal).MatchCandidates(w.Context(), &dealtypes.QueryMatchCandidatesRequest{DealId: dealtypes.Hex(d.Id)})
	if err != nil || len(c.Candidates) == 0 {
		return nil, err
	}
	return &dealtypes.MsgMatchDeal{Owner: d.Owner, DealId: d.Id, Match: c.Candidates}, nil
}

// activateWorker activates a worker of a's, or tries to activate another's.
func activateWorker(w *world, a apptest.Account) (sdk.Msg, error) {
	v, ok, err := w.worker(a, dealtypes.WorkerJoined)
	if err != nil || !ok {
		return nil, err
	}
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, w.rng.Uint64())
	key := ed25519.NewKeyFromSeed(seed)
	return &dealtypes.MsgActivateWorker{
		Sender: a.Address().String(), DealId: v.DealId, WorkerId: v.Id, PeerKey: key.Public().(ed25519.PublicKey),
		Signature: ed25519.Sign(key, dealtypes.ActivationBytes(w.Context().ChainID(), v.DealId, v.Id, v.PeerId)),
	}, nil
}

func removeWorker(w *world, a apptest.Account) (sdk.Msg, error) {
	v, ok, err := w.worker(a)
	if err != nil || !ok {
		return nil, err
	}
	if w.rng.IntN(2) == 0 {
		return &dealtypes.MsgRemoveStaleWorker{Sender: a.Address().String(), DealId: v.DealId, WorkerId: v.Id}, nil
	}
	return &dealtypes.MsgRemoveWorker{Sender: a.Address().String(), DealId: v.DealId, WorkerId: v.Id}, nil
}

func withdrawRewards(w *world, a apptest.Account) (sdk.Msg, error) {
	v, ok, err := w.worker(a, dealtypes.WorkerActive)
	if err != nil || !ok {
		return nil, err
	}
	d, err := dealkeeper.NewQueryServer(w.Apps[0].Deal).Balance(w.Context(), &dealtypes.QueryBalanceRequest{DealId: dealtypes.Hex(v.DealId)})
	if err != nil || d.Locked.IsZero() {
		return nil, err
	}
	return &dealtypes.MsgWithdrawRewards{Sender: a.Address().String(), DealId: v.DealId, WorkerIds: [][]byte{v.Id}}, nil
}

func stopDeal(w *world, a apptest.Account) (sdk.Msg, error) {
	d, ok, err := w.deal(a, true)
	if err != nil || !ok {
		return nil, err
	}
	return &dealtypes.MsgStopDeal{Owner: d.Owner, DealId: d.Id}, nil
}

func grantDeposit(w *world, a apptest.Account) (sdk.Msg, error) {
	to := w.neighbour(a, 1).Address().String()
	if w.rng.IntN(4) == 0 {
		return &dealtypes.MsgRevokeDeposit{Granter: a.Address().String(), Grantee: to, Denom: "uusd"}, nil
	}
	return &dealtypes.MsgGrantDeposit{Granter: a.Address().String(), Grantee: to, Limit: apptest.USD(1 + w.rng.Int64N(50_000))}, nil
}

func standingOrder(w *world, a apptest.Account) (sdk.Msg, error) {
	d, ok, err := w.deal(a, true)
	if err != nil || !ok {
		return nil, err
	}
	return &dealtypes.MsgSetStandingOrder{Owner: d.Owner, DealId: d.Id, StandingOrder: dealtypes.StandingOrder{Enabled: true, Replacements: 1 + w.rng.Uint32N(3)}}, nil
}

func autoTopUp(w *world, a apptest.Account) (sdk.Msg, error) {
	d, ok, err := w.deal(a, true)
	if err != nil || !ok {
		return nil, err
	}
	return &dealtypes.MsgSetAutoTopUp{Owner: d.Owner, DealId: d.Id, AutoTopUp: dealtypes.AutoTopUp{
		Depositor: w.neighbour(a, -1).Address().String(), Allowance: sdkmath.NewInt(1 + w.rng.Int64N(50_000)), Epochs: 1 + w.rng.Uint64N(10),
	}}, nil
}
