// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"fmt"

	"cosmossdk.io/math"
)

// DefaultGenesis returns the state of a fresh chain.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks that the parts of the state agree with each other: every deal has
// an account, every worker a deal, and the money of each deal adds up.
//
// Errors: ErrInvalidParams, ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if len(g.Accounts) != len(g.Deals) {
		return ErrInvalidGenesis.Wrapf("accounts: %d, deals: %d", len(g.Accounts), len(g.Deals))
	}
	workers, err := g.workersOf()
	if err != nil {
		return err
	}
	var last []byte
	deals := make(map[string]Deal, len(g.Deals))
	for i, d := range g.Deals {
		if err := validateDeal(d, g.Accounts[i], workers[string(d.Id)]); err != nil {
			return ErrInvalidGenesis.Wrapf("deals[%d]: %v", i, err)
		}
		if i > 0 && bytes.Compare(last, d.Id) >= 0 {
			return ErrInvalidGenesis.Wrapf("deals[%d]: want them ascending by id", i)
		}
		last, deals[string(d.Id)] = d.Id, d
		delete(workers, string(d.Id))
	}
	if len(workers) > 0 {
		return ErrInvalidGenesis.Wrap("workers: some are of no deal")
	}
	return g.validateLists(deals)
}

// workersOf checks the form of workers and groups them by deal.
func (g GenesisState) workersOf() (map[string][]Worker, error) {
	of := make(map[string][]Worker)
	type place struct{ deal, peer string }
	ids, places, units := map[string]bool{}, map[place]bool{}, map[string]bool{}
	for i, w := range g.Workers {
		p := place{string(w.DealId), string(w.PeerId)}
		switch {
		case len(w.Id) != WorkerIDBytes || bytes.Compare(w.Id, WorkerID(g.WorkerSequence)) > 0:
			return nil, ErrInvalidGenesis.Wrapf("workers[%d]: id %x beyond worker_sequence %d", i, w.Id, g.WorkerSequence)
		case ids[string(w.Id)]:
			return nil, ErrInvalidGenesis.Wrapf("workers[%d]: id %x stands there twice", i, w.Id)
		case len(w.PeerId) != PeerIDBytes || places[p]:
			return nil, ErrInvalidGenesis.Wrapf("workers[%d]: want a peer of 32 bytes that serves the deal once", i)
		case w.Earned.IsNil() || w.Earned.IsNegative() || w.DelegatorShare > Precision:
			return nil, ErrInvalidGenesis.Wrapf("workers[%d]: earned or delegator_share out of bounds", i)
		}
		for _, u := range w.UnitIds {
			if len(u) != UnitIDBytes || units[string(u)] {
				return nil, ErrInvalidGenesis.Wrapf("workers[%d]: unit %x has another size or worker", i, u)
			}
			units[string(u)] = true
		}
		ids[string(w.Id)], places[p] = true, true
		of[string(w.DealId)] = append(of[string(w.DealId)], w)
	}
	return of, nil
}

// validateDeal checks a deal against its account and workers.
func validateDeal(d Deal, a Account, ws []Worker) error {
	if err := CheckID("id", d.Id, DealIDBytes); err != nil {
		return err
	}
	if err := d.Terms.Validate(); err != nil {
		return err
	}
	if !bytes.Equal(a.DealId, d.Id) {
		return fmt.Errorf("account is of deal %s", Hex(a.DealId))
	}
	if int(d.WorkerCount) != len(ws) {
		return fmt.Errorf("worker_count %d: there are %d", d.WorkerCount, len(ws))
	}
	if d.AutoTopUp.Allowance.IsNil() || d.AutoTopUp.Allowance.IsNegative() {
		return fmt.Errorf("auto_top_up: allowance missing or negative")
	}
	paid, earned := uint32(0), math.ZeroInt()
	for _, w := range ws {
		if w.PaidFrom > a.Paid {
			return fmt.Errorf("worker %s: paid from epoch %d of %d", Hex(w.Id), w.PaidFrom, a.Paid)
		}
		if w.State == WorkerActive && d.EndedEpoch == 0 {
			paid++
		}
		earned = earned.Add(ByTime{}.Earned(d.Terms, a, w))
	}
	if paid != a.PaidWorkers {
		return fmt.Errorf("paid_workers %d: there are %d", a.PaidWorkers, paid)
	}
	return a.validate(earned)
}

// validate checks that an account adds up, and that its workers may withdraw what is locked.
func (a Account) validate(earned math.Int) error {
	for _, n := range []math.Int{a.Balance, a.Locked, a.Funded, a.Spent} {
		if n.IsNil() || n.IsNegative() {
			return fmt.Errorf("account: an amount is missing or negative")
		}
	}
	own := a.Balance
	for _, s := range a.Sponsors {
		if s.Amount.IsNil() || !s.Amount.IsPositive() {
			return fmt.Errorf("sponsor %s: want a positive amount", s.Depositor)
		}
		own = own.Sub(s.Amount)
	}
	switch {
	case len(a.Sponsors) > MaxSponsors || own.IsNegative():
		return fmt.Errorf("sponsors: too many, or more than the balance %s", a.Balance)
	case !a.Locked.Equal(earned):
		return fmt.Errorf("locked %s: workers have earned %s", a.Locked, earned)
	case !a.Funded.Equal(a.Balance.Add(a.Locked).Add(a.Spent)):
		return fmt.Errorf("funded %s: want balance %s + locked %s + spent %s", a.Funded, a.Balance, a.Locked, a.Spent)
	}
	return nil
}

func (g GenesisState) validateLists(deals map[string]Deal) error {
	listed := map[string]uint32{}
	for i, e := range g.Access {
		if _, ok := deals[string(e.DealId)]; !ok {
			return ErrInvalidGenesis.Wrapf("access[%d]: no deal %s", i, Hex(e.DealId))
		}
		listed[string(e.DealId)]++
	}
	for _, d := range g.Deals {
		if listed[string(d.Id)] != d.AccessCount {
			return ErrInvalidGenesis.Wrapf("deal %s: access_count %d, list of %d", Hex(d.Id), d.AccessCount, listed[string(d.Id)])
		}
	}
	for i, r := range g.Rematches {
		if _, ok := deals[string(r.DealId)]; !ok {
			return ErrInvalidGenesis.Wrapf("rematches[%d]: no deal %s", i, Hex(r.DealId))
		}
	}
	for i, gr := range g.Grants {
		if err := CheckAmount("limit", gr.Limit, gr.Limit.Denom); err != nil {
			return ErrInvalidGenesis.Wrapf("grants[%d]: %v", i, err)
		}
	}
	return nil
}
