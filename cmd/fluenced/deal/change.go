// SPDX-License-Identifier: Apache-2.0

package deal

import (
	"fmt"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

// view is a deal as the chain shows it now.
type view struct {
	*dealtypes.QueryDealResponse
	balance *dealtypes.QueryBalanceResponse
	clock   clock
}

// acting is a command on one deal that sends a message: run gets the signer.
func acting(use, short, long string, args cobra.PositionalArgs, run func(s *session, v view, id []byte, me string, args []string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := dealID(args[0])
			if err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			me, err := s.sender()
			if err != nil {
				return err
			}
			v, err := s.view(args[0])
			if err != nil {
				return err
			}
			return run(s, v, id, me, args[1:])
		},
	}
	chaincmd.SendFlags(cmd.Flags())
	return cmd
}

// view reads a deal and its money.
func (s *session) view(id string) (v view, err error) {
	if v.QueryDealResponse, err = s.deals.Deal(s.context(), &dealtypes.QueryDealRequest{DealId: id}); err != nil {
		if status.Code(err) == codes.NotFound {
			err = term.Hint(fmt.Errorf("there is no deal %s", id), "fluenced deal list shows yours")
		}
		return v, err
	}
	if v.balance, err = s.deals.Balance(s.context(), &dealtypes.QueryBalanceRequest{DealId: id}); err != nil {
		return v, err
	}
	v.clock, err = s.clock()
	return v, err
}

func fundCommand() *cobra.Command {
	var depositor string
	cmd := acting("fund DEAL AMOUNT", "Pay into a deal, your own or another's", `Pay into a deal. What you pay into another's deal is its owner's from then on.

  fluenced deal fund 0x1f3a... 10000uusd --from customer`, cobra.ExactArgs(2),
		func(s *session, v view, id []byte, me string, args []string) error {
			amount, err := coin("AMOUNT", args[0])
			if err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "pay into a deal", Rows: [][2]string{
				{"deal", dealtypes.Hex(id)},
				{"amount", chaincmd.Amount(amount)},
				{"paid until now", v.clock.lasts(v.balance.Balance.Amount, v.Deal.Terms.Price, v.paidWorkers())},
				{"paid until then", v.clock.lasts(v.balance.Balance.Amount.Add(amount.Amount), v.Deal.Terms.Price, v.paidWorkers())},
			}}
			if v.Deal.Owner != me {
				plan.Notes = append(plan.Notes, "the deal is "+v.Deal.Owner+"'s, and so is the money from then on")
			}
			return s.simply(plan, &dealtypes.MsgFundDeal{Sender: me, DealId: id, Amount: amount, Depositor: depositor}, chaincmd.Amount(amount)+" paid in")
		})
	cmd.Flags().StringVar(&depositor, "depositor", "", "account that granted you deposits (default yours)")
	return cmd
}

// paidWorkers is how many workers the deal pays; as many as it wants before the first is active.
func (v view) paidWorkers() uint64 {
	if n := v.balance.PerEpoch.Amount.Quo(v.Deal.Terms.Price); n.IsPositive() {
		return n.Uint64()
	}
	return uint64(v.Deal.Terms.TargetWorkers)
}

func withdrawCommand() *cobra.Command {
	return acting("withdraw DEAL [AMOUNT]", "Take back what the deal does not need, or a part of it", `Take back money that is not needed. A running deal keeps its least deposit;
fluenced deal stop returns that as well.

  fluenced deal withdraw 0x1f3a... 500uusd --from customer`, cobra.RangeArgs(1, 2),
		func(s *session, v view, id []byte, me string, args []string) error {
			amount := v.balance.Withdrawable
			if len(args) > 0 {
				var err error
				if amount, err = coin("AMOUNT", args[0]); err != nil {
					return err
				}
			}
			if !amount.IsPositive() {
				return term.Hint(fmt.Errorf("deal %s has nothing that it does not need", dealtypes.Hex(id)), "a running deal keeps %s; fluenced deal stop returns it", chaincmd.Amount(v.balance.Minimum))
			}
			plan := chaincmd.Plan{Title: "take money back", Rows: [][2]string{
				{"deal", dealtypes.Hex(id)},
				{"amount", chaincmd.Amount(amount)},
				{"paid until then", v.clock.lasts(v.balance.Balance.Amount.Sub(sdkmath.MinInt(amount.Amount, v.balance.Balance.Amount)), v.Deal.Terms.Price, v.paidWorkers())},
			}}
			return s.simply(plan, &dealtypes.MsgWithdrawDeal{Owner: me, DealId: id, Amount: amount}, chaincmd.Amount(amount)+" taken back")
		})
}

func stopCommand() *cobra.Command {
	return acting("stop DEAL", "End a deal for good: its workers go, the rest of the money returns", `End a deal. The running epoch is paid in full; everything else comes back at once.

  fluenced deal stop 0x1f3a... --from customer`, cobra.ExactArgs(1),
		func(s *session, v view, id []byte, me string, _ []string) error {
			back := v.balance.Balance.Amount.Sub(sdkmath.MinInt(v.balance.Balance.Amount, v.balance.PerEpoch.Amount))
			plan := chaincmd.Plan{Title: "end a deal", Rows: [][2]string{
				{"deal", dealtypes.Hex(id)},
				{"workers that go", fmt.Sprint(v.Deal.WorkerCount)},
				{"comes back, at least", chaincmd.Amount(sdk.NewCoin(v.Deal.Terms.Denom, back))},
			}, Notes: []string{"this cannot be undone"}}
			return s.simply(plan, &dealtypes.MsgStopDeal{Owner: me, DealId: id}, "deal "+dealtypes.Hex(id)+" ended")
		})
}

func appCommand() *cobra.Command {
	return acting("app DEAL CID", "Change the app; workers deploy the new one", `Change the app. Workers keep the old one until the new one answers.

  fluenced deal app 0x1f3a... bafkrei... --from customer`, cobra.ExactArgs(2),
		func(s *session, v view, id []byte, me string, args []string) error {
			app, err := appCID("CID", args[0])
			if err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "change the app", Rows: [][2]string{
				{"deal", dealtypes.Hex(id)}, {"from", cidText(v.Deal.Terms.AppCid)}, {"to", cidText(app)},
			}}
			return s.simply(plan, &dealtypes.MsgSetAppCID{Owner: me, DealId: id, AppCid: app}, "app is "+cidText(app))
		})
}

func matchCommand() *cobra.Command {
	var limit uint32
	cmd := acting("match DEAL", "Take the workers that are missing from peers that fit", `Ask the chain for peers that fit the deal, and take their units.

  fluenced deal match 0x1f3a... --from customer`, cobra.ExactArgs(1),
		func(s *session, v view, id []byte, me string, _ []string) error {
			missing := v.Deal.Terms.TargetWorkers - v.Deal.WorkerCount
			if missing == 0 {
				return fmt.Errorf("deal %s has all %d workers it wants", dealtypes.Hex(id), v.Deal.Terms.TargetWorkers)
			}
			if limit > 0 {
				missing = min(missing, limit)
			}
			found, err := s.candidates(&dealtypes.QueryMatchCandidatesRequest{DealId: dealtypes.Hex(id)}, int(missing))
			if err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "take workers", Rows: [][2]string{{"deal", dealtypes.Hex(id)}}}
			for _, m := range found {
				plan.Rows = append(plan.Rows, [2]string{"worker on peer", peerText(m.PeerId)})
			}
			n := v.Deal.WorkerCount + uint32(len(found))
			cost := v.Deal.Terms.Price.MulRaw(int64(n))
			plan.Rows = append(plan.Rows, [2]string{fmt.Sprintf("all %d workers per epoch", n), v.clock.perDay(sdk.NewCoin(v.Deal.Terms.Denom, cost))},
				[2]string{"lasts, with them", v.clock.lasts(v.balance.Balance.Amount, v.Deal.Terms.Price, uint64(n))})
			return s.send(plan, &dealtypes.MsgMatchDeal{Owner: me, DealId: id, Match: found}, func(b sent, o chaincmd.Outcome) (any, string, error) {
				var res dealtypes.MsgMatchDealResponse
				err := o.Response(0, &res)
				return struct {
					sent
					WorkerIDs []string `json:"worker_ids"`
				}{b, hexes(res.WorkerIds)}, fmt.Sprintf("%d workers joined", len(res.WorkerIds)), err
			})
		})
	cmd.Flags().Uint32Var(&limit, "limit", 0, "the most workers to take; 0 for all that are missing")
	return cmd
}
