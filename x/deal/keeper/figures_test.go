// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"errors"
	"testing"

	"github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"

	"cosmossdk.io/math"
)

// TestRecordedBillOfOneWorker replays the run of the first generation: deposit 1000,
// price 100, activated in epoch 2.
//
// Source: deal@b87aa6a6, executed; market rules §1.10, billing.
func TestRecordedBillOfOneWorker(t *testing.T) {
	w := newWorld(t)
	w.pass(t, 1)
	o := w.offer(t, "alice", byUnit(100), 1, 1)
	d := w.deal(t, terms(100, 1), 1000, choose(o, 1, 0))
	w.activate(t, d.DealId, d.WorkerIds[0])
	check := func(epoch uint64, free, reward int64, maxPaid uint64, status types.Status) {
		t.Helper()
		if e := w.current(t).Number; e != epoch {
			t.Fatalf("epoch %d, want %d", e, epoch)
		}
		b := w.balance(t, d.DealId)
		got, _ := w.reward(t, d.DealId, 0)
		if b.Balance.Amount.Int64() != free || got != reward || b.MaxPaidEpoch != maxPaid || w.status(t, d.DealId) != status {
			t.Errorf("epoch %d: free %s, reward %d, max paid %d, %s; want %d, %d, %d, %s",
				epoch, b.Balance, got, b.MaxPaidEpoch, w.status(t, d.DealId), free, reward, maxPaid, status)
		}
	}
	check(2, 1000, 0, 11, types.StatusActive)
	w.pass(t, 1)
	check(3, 900, 100, 11, types.StatusActive)
	w.pass(t, 7)
	check(10, 200, 800, 11, types.StatusActive)
	w.pass(t, 1)
	check(11, 100, 900, 11, types.StatusSmallBalance)
	w.pass(t, 1)
	check(12, 0, 1000, 11, types.StatusInsufficientFunds)
	w.pass(t, 1)
	check(13, 0, 1000, 11, types.StatusInsufficientFunds)
}

// TestRecordedSplit has the figures of the third generation that hold: 20000 earned
// in two epochs are 16000 and 4000, and a deposit of 100000 at 10000, activated in
// epoch 4, lasts until epoch 13. There the running epoch is charged in advance, so
// that 20000 stand there in epoch 5; here in epoch 6, when epoch 5 is known to count.
//
// Source: deal-ts-clients 0.24.0, executed; market rules §1.10, billing.
func TestRecordedSplit(t *testing.T) {
	w := newWorld(t)
	w.pass(t, 3)
	o := w.offer(t, "alice", byUnit(10000), 1, 1)
	w.capacity.share[string(public(1))] = 2_000_000
	d := w.deal(t, terms(10000, 1), 100_000, choose(o, 1, 0))
	w.activate(t, d.DealId, d.WorkerIds[0])
	if b := w.balance(t, d.DealId); b.MaxPaidEpoch != 13 {
		t.Errorf("max paid %d, want 13", b.MaxPaidEpoch)
	}
	w.pass(t, 2)
	if p, s := w.reward(t, d.DealId, 0); p != 16000 || s != 4000 {
		t.Errorf("rewards %d and %d, want 16000 and 4000", p, s)
	}
	w.pass(t, 8)
	p, s := w.reward(t, d.DealId, 0)
	w.pass(t, 1)
	if p1, s1 := w.reward(t, d.DealId, 0); p != 80000 || s != 20000 || p1 != p || s1 != s {
		t.Errorf("rewards %d and %d after the last paid epoch, %d and %d later; want 80000 and 20000", p, s, p1, s1)
	}
	if _, err := w.WithdrawRewards(w.ctx(), &types.MsgWithdrawRewards{Sender: "del", DealId: d.DealId, WorkerIds: d.WorkerIds}); err != nil {
		t.Fatal(err)
	}
	if a, b := w.coins("alice"), w.coins("del"); a != 80000 || b != 20000 {
		t.Errorf("paid %d and %d, want 80000 and 20000", a, b)
	}
	w.export(t)
}

// TestRecordedLeastDeposit: 20000 are taken for 10000 per epoch, one worker and two
// epochs; 19999 are not.
//
// Source: deal-ts-clients 0.24.0, executed; market rules §1.10, creation.
func TestRecordedLeastDeposit(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateDeal(w.ctx(), &types.MsgCreateDeal{Owner: "cust", Terms: terms(10000, 1), Deposit: uusd(19999)})
	if !errors.Is(err, types.ErrDepositTooSmall) {
		t.Errorf("19999: %v, want ErrDepositTooSmall", err)
	}
	w.deal(t, terms(10000, 1), 20000)
}

// TestRecordedPriceByResource: 2 vCPU, 4096 MiB and 1000 of storage at 1 each cost
// 5098 per worker and epoch; a deal that pays one less is refused.
//
// Source: deal-ts-clients 0.24.0, executed; market rules §1.10, matching.
func TestRecordedPriceByResource(t *testing.T) {
	w := newWorld(t)
	if _, err := w.supply.RegisterResources(w.ctx(), &markettypes.MsgRegisterResources{Authority: authority, Resources: []markettypes.Resource{
		{Type: markettypes.ResourceVCPU, Metadata: "v"}, {Type: markettypes.ResourceRAM, Metadata: "r"}, {Type: markettypes.ResourceStorage, Metadata: "s"},
	}}); err != nil {
		t.Fatal(err)
	}
	priced := markettypes.Terms{Denom: denom, MinPrice: math.ZeroInt(), MinProtocolVersion: 2, MaxProtocolVersion: 2}
	for i := range 3 {
		priced.Prices = append(priced.Prices, markettypes.Price{ResourceId: uint64(i + 1), Price: math.NewInt(1)})
	}
	o := w.offer(t, "alice", priced, 1, 1)
	te := terms(5097, 1)
	te.ProtocolVersion = 2
	te.Resources = []markettypes.Quantity{{ResourceId: 1, Amount: 2}, {ResourceId: 2, Amount: 4096}, {ResourceId: 3, Amount: 1000}}
	create := func(price int64) error {
		te.Price = math.NewInt(price)
		_, err := w.CreateDeal(w.ctx(), &types.MsgCreateDeal{Owner: "cust", Terms: te, Deposit: uusd(2 * price), Match: []types.Selection{choose(o, 1, 0)}})
		return err
	}
	if err := create(5097); !errors.Is(err, markettypes.ErrPriceTooLow) {
		t.Errorf("5097: %v, want ErrPriceTooLow", err)
	}
	if err := create(5098); err != nil {
		t.Errorf("5098: %v", err)
	}
	w.export(t)
}

// TestVoidEpochsAreNotBilled: a halt of 5 epochs moves the end of payment by 5, and
// an epoch of too few blocks by 1.
func TestVoidEpochsAreNotBilled(t *testing.T) {
	w := newWorld(t)
	o := w.offer(t, "alice", byUnit(100), 1, 1)
	d := w.deal(t, terms(100, 1), 1000, choose(o, 1, 0))
	w.activate(t, d.DealId, d.WorkerIds[0])
	w.pass(t, 2)
	w.ripen(t)
	w.halt(t, 5) // epoch 3 is live, 4 to 8 are not, 9 runs
	if got, _ := w.reward(t, d.DealId, 0); got != 300 {
		t.Errorf("reward %d after 3 live epochs", got)
	}
	w.halt(t, 0) // 9 had one block
	b := w.balance(t, d.DealId)
	if b.Balance.Amount.Int64() != 700 || b.MaxPaidEpoch != 16 || b.Epoch != 10 {
		t.Errorf("balance %s, max paid %d in epoch %d; want 700, 16 in 10", b.Balance, b.MaxPaidEpoch, b.Epoch)
	}
	w.pass(t, 7)
	if b := w.balance(t, d.DealId); !b.Balance.IsZero() || b.MaxPaidEpoch != 16 {
		t.Errorf("balance %s, max paid %d; want 0, 16", b.Balance, b.MaxPaidEpoch)
	}
	w.halt(t, 3)
	if b := w.balance(t, d.DealId); b.MaxPaidEpoch != 16 {
		t.Errorf("max paid %d after another halt; want 16", b.MaxPaidEpoch)
	}
	w.export(t)
}
