// SPDX-License-Identifier: Apache-2.0

package deal

import (
	"fmt"
	"io"
	"strings"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// page is fluenced deal status for programs. Amounts are in the deal's denom.
type page struct {
	DealID       string       `json:"deal_id"`
	Owner        string       `json:"owner"`
	Status       string       `json:"status"`
	AppCID       string       `json:"app_cid"`
	Epoch        uint64       `json:"epoch"`
	Denom        string       `json:"denom"`
	Price        string       `json:"price"` // per worker and epoch
	PerEpoch     string       `json:"per_epoch"`
	Balance      string       `json:"balance"`
	Withdrawable string       `json:"withdrawable"`
	Minimum      string       `json:"minimum"`
	Earned       string       `json:"earned"` // by workers, not withdrawn
	MaxPaidEpoch uint64       `json:"max_paid_epoch"`
	Target       uint32       `json:"target_workers"`
	Workers      []workerView `json:"workers"`
	Problems     []string     `json:"problems"`
}

// workerView is one worker. WorkerPeerID is its own identity, null until it is active.
type workerView struct {
	WorkerID     string   `json:"worker_id"`
	WorkerPeerID *string  `json:"worker_peer_id"`
	PeerID       string   `json:"peer_id"`
	Provider     string   `json:"provider"`
	State        string   `json:"state"`
	Units        []string `json:"units"`
	JoinedEpoch  uint64   `json:"joined_epoch"`
	Addresses    []string `json:"addresses"`
}

func statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status DEAL",
		Short: "Show what runs where, what it costs, until when it is paid and what is wrong",
		Long: `Show a deal on one page.

  fluenced deal status 0x1f3a...
  fluenced deal status 0x1f3a... --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := dealID(args[0]); err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			v, err := s.view(args[0])
			if err != nil {
				return err
			}
			p, err := s.page(v)
			if err != nil {
				return err
			}
			if s.json() {
				return term.JSON(cmd.OutOrStdout(), p)
			}
			return show(cmd.OutOrStdout(), p, v)
		},
	}
}

// workers reads the workers of a deal.
func (s *session) workers(id string) (list []dealtypes.Worker, err error) {
	err = pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		res, err := s.deals.Workers(s.context(), &dealtypes.QueryWorkersRequest{DealId: id, Pagination: req})
		if err != nil {
			return nil, err
		}
		list = append(list, res.Workers...)
		return res.Pagination, nil
	})
	return list, err
}

// page gathers what there is to say of a deal.
func (s *session) page(v view) (page, error) {
	b, t := v.balance, v.Deal.Terms
	p := page{
		DealID: dealtypes.Hex(v.Deal.Id), Owner: v.Deal.Owner, Status: statusText(v.Status), AppCID: cidText(t.AppCid), Epoch: v.clock.number,
		Denom: t.Denom, Price: t.Price.String(), PerEpoch: b.PerEpoch.Amount.String(), Balance: b.Balance.Amount.String(),
		Withdrawable: b.Withdrawable.Amount.String(), Minimum: b.Minimum.Amount.String(), Earned: b.Locked.Amount.String(),
		MaxPaidEpoch: b.MaxPaidEpoch, Target: t.TargetWorkers, Workers: []workerView{}, Problems: []string{},
	}
	rules, err := s.deals.Params(s.context(), &dealtypes.QueryParamsRequest{})
	if err != nil {
		return p, err
	}
	ws, err := s.workers(p.DealID)
	if err != nil {
		return p, err
	}
	for _, w := range ws {
		one := workerView{
			WorkerID: dealtypes.Hex(w.Id), PeerID: peerText(w.PeerId), Provider: w.Provider, State: stateText(w.State),
			Units: hexes(w.UnitIds), JoinedEpoch: w.JoinedEpoch, Addresses: []string{},
		}
		if len(w.PeerKey) > 0 {
			id := peerText(w.PeerKey)
			one.WorkerPeerID = &id
		}
		if res, err := s.market.Peer(s.context(), &markettypes.QueryPeerRequest{PeerId: dealtypes.Hex(w.PeerId)}); err == nil {
			one.Addresses = append(one.Addresses, res.Peer.Addresses...)
		}
		p.Workers = append(p.Workers, one)
	}
	p.Problems = append(p.Problems, moneyProblems(v, rules.Params)...)
	p.Problems = append(p.Problems, workerProblems(v, ws, rules.Params)...)
	return p, nil
}

// moneyProblems says what is wrong with the deal's money, and what to do.
func moneyProblems(v view, rules dealtypes.Params) (out []string) {
	b, t := v.balance, v.Deal.Terms
	switch v.Status {
	case dealtypes.StatusInsufficientFunds:
		if v.Deal.WorkerCount == 0 {
			return []string{"the money ran out and the workers are gone; fluenced deal fund pays in, fluenced deal match takes workers again"}
		}
		return []string{"the balance does not pay for the running epoch: workers are not paid and go after " +
			fmt.Sprintf("%d epochs; fluenced deal fund pays in", rules.GraceEpochs)}
	case dealtypes.StatusSmallBalance:
		short := sdkmath.MaxInt(sdkmath.ZeroInt(), b.Minimum.Amount.Sub(b.Balance.Amount))
		out = append(out, "the balance is "+chaincmd.Amount(sdk.NewCoin(t.Denom, short))+" below the least deposit: the deal cannot be matched; fluenced deal fund pays in")
	}
	if b.PerEpoch.IsPositive() && b.MaxPaidEpoch <= v.clock.number+rules.LowBalanceEpochs && v.Status != dealtypes.StatusEnded {
		out = append(out, "the balance lasts until "+v.clock.end(b.MaxPaidEpoch)+" only; fluenced deal fund pays in")
	}
	return out
}

// workerProblems says what is wrong with the deal's workers.
func workerProblems(v view, ws []dealtypes.Worker, rules dealtypes.Params) (out []string) {
	if v.Status == dealtypes.StatusEnded {
		return nil
	}
	for _, w := range ws {
		switch {
		case w.State == dealtypes.WorkerFailed:
			out = append(out, fmt.Sprintf("peer %s failed to prove its capacity: the worker is not paid; remove it, or let a standing order replace it", peerText(w.PeerId)))
		case w.State == dealtypes.WorkerJoined && v.clock.number > w.JoinedEpoch+rules.ActivationEpochs:
			out = append(out, fmt.Sprintf("peer %s did not start its worker since epoch %d; fluenced tx deal remove-stale-worker removes it", peerText(w.PeerId), w.JoinedEpoch))
		case w.State == dealtypes.WorkerJoined && v.clock.number > w.JoinedEpoch:
			out = append(out, fmt.Sprintf("peer %s has not started its worker yet, which joined in epoch %d", peerText(w.PeerId), w.JoinedEpoch))
		}
	}
	if n := int(v.Deal.Terms.TargetWorkers) - len(ws); n > 0 {
		out = append(out, fmt.Sprintf("%d of %d workers are missing; fluenced deal match takes them", n, v.Deal.Terms.TargetWorkers))
	}
	return out
}

// show writes a page for people.
func show(w io.Writer, p page, v view) error {
	t := v.Deal.Terms
	rows := [][]string{
		{"status", p.Status},
		{"owner", p.Owner},
		{"app", p.AppCID},
		{"price", chaincmd.Amount(sdk.NewCoin(t.Denom, t.Price)) + " per worker and epoch"},
		{"costs now", v.clock.perDay(v.balance.PerEpoch)},
		{"balance", chaincmd.Amount(v.balance.Balance) + ", of which " + chaincmd.Amount(v.balance.Withdrawable) + " can be withdrawn"},
		{"paid until", paidUntil(v)},
	}
	for _, s := range v.balance.Sponsors {
		rows = append(rows, []string{"deposited by grant", chaincmd.Amount(sdk.NewCoin(t.Denom, s.Amount)) + " of " + s.Depositor})
	}
	if o := v.Deal.StandingOrder; o.Enabled {
		rows = append(rows, []string{"standing order", fmt.Sprintf("%d more workers may be replaced", o.Replacements)})
	}
	if a := v.Deal.AutoTopUp; a.Epochs > 0 {
		rows = append(rows, []string{"automatic top-up", fmt.Sprintf("to %d epochs, up to %s more of %s", a.Epochs, chaincmd.Amount(sdk.NewCoin(t.Denom, a.Allowance)), a.Depositor)})
	}
	if err := term.Table(w, []string{"deal", p.DealID}, rows); err != nil {
		return err
	}
	if len(p.Workers) > 0 {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		var cells [][]string
		for _, one := range p.Workers {
			id := "-"
			if one.WorkerPeerID != nil {
				id = *one.WorkerPeerID
			}
			cells = append(cells, []string{id, one.State, one.PeerID, strings.Join(one.Addresses, " ")})
		}
		if err := term.Table(w, []string{"WORKER", "STATE", "PEER", "ADDRESSES"}, cells); err != nil {
			return err
		}
	}
	for _, problem := range p.Problems {
		if _, err := fmt.Fprintf(w, "\nproblem: %s", problem); err != nil {
			return err
		}
	}
	end := "\nno problems\n"
	if len(p.Problems) > 0 {
		end = "\n"
	}
	_, err := fmt.Fprint(w, end)
	return err
}

func paidUntil(v view) string {
	switch {
	case v.Status == dealtypes.StatusEnded:
		return fmt.Sprintf("ended in epoch %d", v.Deal.EndedEpoch)
	case v.balance.MaxPaidEpoch == 0:
		return "nobody is paid now; with all workers: " + v.clock.lasts(v.balance.Balance.Amount, v.Deal.Terms.Price, uint64(v.Deal.Terms.TargetWorkers))
	}
	return "the end of " + v.clock.end(v.balance.MaxPaidEpoch)
}
