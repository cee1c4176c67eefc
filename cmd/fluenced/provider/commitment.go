// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"strings"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// scale is what rates are scaled by.
const scale = 10_000_000

func commitmentCommand() *cobra.Command {
	return below("commitment", "Pledge the capacity of peers", commitmentCreateCommand(), commitmentDepositCommand(),
		commitmentStatusCommand(), commitmentExitCommand(), commitmentFinishCommand(), commitmentRemoveCommand())
}

// flt writes an amount of aflt for people.
func flt(amount sdkmath.Int) string { return chaincmd.Amount(sdk.NewCoin(params.BaseDenom, amount)) }

// percent writes a rate for people.
func percent(rate uint64) string {
	s := strings.TrimRight(fmt.Sprintf("%d.%05d", rate/100_000, rate%100_000), "0")
	return strings.TrimSuffix(s, ".") + " %"
}

func commitmentCreateCommand() *cobra.Command {
	var duration uint64
	var delegator, share string
	var first bool
	cmd := &cobra.Command{
		Use:   "create PEER",
		Short: "Pledge that all units of a peer will prove capacity",
		Long: `Pledge all units of a peer for a number of epochs. The pledge begins with the epoch
after the collateral is deposited. The delegator pays the collateral and gets the
share of the rewards that --share says.

  fluenced provider commitment create 12D3KooW... --duration 100
  fluenced provider commitment create 12D3KooW... --duration 100 --delegator fluence1... --share 20`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rate, err := sdkmath.LegacyNewDecFromStr(share)
			if err != nil || !rate.IsPositive() || rate.GT(sdkmath.LegacyNewDec(100)) {
				return term.Usage("give a percentage above 0 and up to 100", "--share %q", share)
			}
			if duration == 0 {
				return term.Usage("give a number of epochs; fluenced query capacity params shows the bounds", "no --duration given")
			}
			if first && delegator != "" {
				return term.Usage("leave --delegator out: with --open the first depositor becomes it", "--open and --delegator are both given")
			}
			if delegator != "" {
				if _, err := account("--delegator", delegator); err != nil {
					return err
				}
			}
			return act(cmd, args[0], func(s *session, me string, id []byte) error {
				return s.pledge(&capacitytypes.MsgCreateCommitment{
					Provider: me, PeerId: id, Duration: duration, Delegator: delegator, Open: first,
					RewardRate: rate.MulInt64(scale / 100).TruncateInt().Uint64(),
				})
			})
		},
	}
	cmd.Flags().Uint64Var(&duration, "duration", 0, "length of the pledge in epochs")
	cmd.Flags().StringVar(&delegator, "delegator", "", "account that may deposit the collateral (default yours)")
	cmd.Flags().BoolVar(&first, "open", false, "let whoever deposits first become the delegator")
	cmd.Flags().StringVar(&share, "share", "20", "the delegator's share of the rewards, in percent")
	return sends(cmd)
}

// pledge shows what a commitment costs and risks, and makes it.
func (s *session) pledge(msg *capacitytypes.MsgCreateCommitment) error {
	p, err := s.market.Peer(s.context(), &markettypes.QueryPeerRequest{PeerId: text(msg.PeerId)})
	if err != nil {
		return lookedUp(err, "peer", peerText(msg.PeerId), "fluenced provider peer add offers it first")
	}
	price, err := s.capacity.Price(s.context(), &capacitytypes.QueryPriceRequest{})
	if err != nil {
		return err
	}
	rules, err := s.capacity.Params(s.context(), &capacitytypes.QueryParamsRequest{})
	if err != nil {
		return err
	}
	units := sdkmath.NewIntFromUint64(p.Peer.UnitCount)
	penalty := price.CollateralPerUnit.Mul(sdkmath.NewIntFromUint64(rules.Params.SlashingRate)).QuoRaw(scale)
	delegator := msg.Delegator
	switch {
	case msg.Open:
		delegator = "whoever deposits first"
	case delegator == "":
		delegator = msg.Provider
	}
	plan := chaincmd.Plan{
		Title: "pledge the capacity of a peer",
		Rows: [][2]string{
			{"peer", peerText(msg.PeerId)},
			{"units", units.String()},
			{"duration", fmt.Sprintf("%d epochs", msg.Duration)},
			{"collateral at today's price", fmt.Sprintf("%s, %s per unit", flt(price.CollateralPerUnit.Mul(units)), flt(price.CollateralPerUnit))},
			{"paid by", delegator},
			{"delegator's share of rewards", percent(msg.RewardRate)},
			{"penalty per unit and failed epoch", flt(penalty)},
		},
		Notes: []string{
			fmt.Sprintf("proofs needed per unit in every epoch: %d; after %d failed epochs of units together the pledge fails", rules.Params.MinProofs, rules.Params.MaxFailedRatio*p.Peer.UnitCount),
			fmt.Sprintf("rewards are released in %d parts, one every %d epochs", rules.Params.VestingPeriodCount, rules.Params.VestingPeriodDuration),
			"units neither come nor go until the pledge is finished",
		},
	}
	return s.send(plan, []sdk.Msg{msg}, func(o chaincmd.Outcome) (any, string, error) {
		var res capacitytypes.MsgCreateCommitmentResponse
		err := o.Response(0, &res)
		v := struct {
			sent
			CommitmentID string `json:"commitment_id"`
		}{sentIn(o), text(res.CommitmentId)}
		return v, "commitment " + v.CommitmentID + " waits for its collateral", err
	})
}

func commitmentDepositCommand() *cobra.Command {
	var most string
	cmd := &cobra.Command{
		Use:   "deposit COMMITMENT...",
		Short: "Deposit the collateral of commitments, which begin with the next epoch",
		Long: `Deposit the collateral of commitments that wait for it. What is taken is computed
from the price of the epoch in which the transaction runs, up to --max.

  fluenced provider commitment deposit 0x3a... --from provider`,
		Args: cobra.RangeArgs(1, 100),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := parseIDs("commitment", args)
			if err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			return s.deposit(ids, most)
		},
	}
	cmd.Flags().StringVar(&most, "max", "", "the most that may be taken, like 10000000000000000000aflt (default 2 % above today's price)")
	return sends(cmd)
}

func (s *session) deposit(ids [][]byte, most string) error {
	me, err := s.sender()
	if err != nil {
		return err
	}
	price, err := s.capacity.Price(s.context(), &capacitytypes.QueryPriceRequest{})
	if err != nil {
		return err
	}
	due := sdkmath.ZeroInt()
	plan := chaincmd.Plan{Title: "deposit collateral", Notes: []string{"it comes back after the term, less what is slashed"}}
	for _, id := range ids {
		res, err := s.commitment(text(id))
		if err != nil {
			return err
		}
		sum := price.CollateralPerUnit.MulRaw(int64(res.Commitment.Commitment.UnitCount))
		plan.Rows = append(plan.Rows, [2]string{text(id), flt(sum)})
		due = due.Add(sum)
	}
	limit := sdk.NewCoin(params.BaseDenom, due.Add(due.QuoRaw(50)))
	if most != "" {
		if limit, err = sdk.ParseCoinNormalized(most); err != nil || limit.Denom != params.BaseDenom {
			return term.Usage("write it like 10000000000000000000aflt", "--max %q is no amount of aflt", most)
		}
	}
	plan.Rows = append(plan.Rows, [2]string{"together at today's price", flt(due)}, [2]string{"at most", chaincmd.Amount(limit)})
	return s.send(plan, []sdk.Msg{&capacitytypes.MsgDepositCollateral{Depositor: me, CommitmentIds: ids, MaxAmount: limit}}, func(o chaincmd.Outcome) (any, string, error) {
		var res capacitytypes.MsgDepositCollateralResponse
		err := o.Response(0, &res)
		v := struct {
			sent
			Amount string `json:"amount"` // in aflt
		}{sentIn(o), res.Amount.Amount.String()}
		return v, chaincmd.Amount(res.Amount) + " are deposited; proofs are due from the next epoch on", err
	})
}

// remaining returns the units of a commitment that have not left it.
func (s *session) remaining(id []byte) ([][]byte, error) {
	res, err := s.capacity.Units(s.context(), &capacitytypes.QueryUnitsRequest{Id: text(id)})
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, u := range res.Units {
		if u.State != capacitytypes.UnitExited {
			out = append(out, u.UnitId)
		}
	}
	return out, nil
}

func commitmentExitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exit COMMITMENT [UNIT...]",
		Short: "Take units, by default all, out of a commitment that ended",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("commitment", args[0])
			if err != nil {
				return err
			}
			units, err := parseIDs("unit", args[1:])
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
			if len(units) == 0 {
				if units, err = s.remaining(id); err != nil {
					return err
				}
			}
			if len(units) == 0 {
				return term.Hint(errors.New("no unit is left in the commitment"), "fluenced provider commitment finish %s closes it", text(id))
			}
			plan := chaincmd.Plan{
				Title: "take units out of a commitment", Rows: [][2]string{{"commitment", text(id)}, {"units", fmt.Sprint(len(units))}},
				Notes: []string{"deals that use these units lose them"},
			}
			return s.simply(plan, fmt.Sprintf("%d units left the commitment", len(units)), &capacitytypes.MsgExitUnits{Provider: me, CommitmentId: id, UnitIds: units})
		},
	}
	return sends(cmd)
}

func commitmentFinishCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "finish COMMITMENT",
		Short: "Take all units out of an ended commitment, fetch the collateral and close it",
		Long: `Close a commitment that ended: units that are still in it leave, the collateral less
what was slashed goes to the delegator, and the peer is free for changes. After a
failure the chain asks for some epochs of waiting first.

  fluenced provider commitment finish 0x3a... --from provider`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("commitment", args[0])
			if err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			return s.finish(id)
		},
	}
	return sends(cmd)
}

func (s *session) finish(id []byte) error {
	me, err := s.sender()
	if err != nil {
		return err
	}
	res, err := s.commitment(text(id))
	if err != nil {
		return err
	}
	c := res.Commitment
	if c.Status != capacitytypes.StatusInactive && c.Status != capacitytypes.StatusFailed {
		return term.Hint(fmt.Errorf("commitment %s is %s", text(id), statusName(c.Status)), "it can be finished from epoch %d on", c.EndEpoch)
	}
	units, err := s.remaining(id)
	if err != nil {
		return err
	}
	var msgs []sdk.Msg
	if len(units) > 0 {
		msgs = append(msgs, &capacitytypes.MsgExitUnits{Provider: me, CommitmentId: id, UnitIds: units})
	}
	if !c.CollateralWithdrawn {
		msgs = append(msgs, &capacitytypes.MsgWithdrawCollateral{Sender: me, CommitmentId: id})
	}
	msgs = append(msgs, &capacitytypes.MsgFinishCommitment{Sender: me, CommitmentId: id})
	plan := chaincmd.Plan{
		Title: "finish a commitment",
		Rows: [][2]string{
			{"commitment", text(id)},
			{"units that leave", fmt.Sprint(len(units))},
			{"collateral", flt(c.Collateral)},
			{"slashed of it", flt(c.Slashed)},
			{"goes back to", c.Commitment.Delegator},
		},
	}
	if len(units) > 0 {
		plan.Notes = []string{"deals that use these units lose them"}
	}
	return s.simply(plan, "commitment "+text(id)+" is finished", msgs...)
}

func commitmentRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove COMMITMENT",
		Short: "Remove a commitment that waits for its collateral",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("commitment", args[0])
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
			plan := chaincmd.Plan{Title: "remove a commitment", Rows: [][2]string{{"commitment", text(id)}}}
			return s.simply(plan, "commitment "+text(id)+" is removed", &capacitytypes.MsgRemoveCommitment{Provider: me, CommitmentId: id})
		},
	}
	return sends(cmd)
}

// statusName names a status as people do.
func statusName(s capacitytypes.Status) string {
	return strings.ToLower(strings.TrimPrefix(capacitytypes.Status_name[int32(s)], "STATUS_"))
}

// commitments returns the commitments of a provider.
func (s *session) commitments(provider string) (list []capacitytypes.CommitmentView, err error) {
	err = pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		res, err := s.capacity.Commitments(s.context(), &capacitytypes.QueryCommitmentsRequest{Provider: provider, Pagination: req})
		if err != nil {
			return nil, err
		}
		list = append(list, res.Commitments...)
		return res.Pagination, nil
	})
	return list, err
}
