// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// maxRewardsPerTx bounds how many rewards one transaction withdraws.
const maxRewardsPerTx = 50

func rewardCommand() *cobra.Command {
	return below("reward", "See and withdraw rewards of capacity", rewardListCommand(), rewardWithdrawCommand())
}

// rewardView is what a commitment earned, in aflt, for both parties and for the provider alone.
type rewardView struct {
	CommitmentID     string `json:"commitment_id"`
	Vested           string `json:"vested"`
	VestedProvider   string `json:"vested_provider"`
	Unvested         string `json:"unvested"`
	UnvestedProvider string `json:"unvested_provider"`
	Withdrawn        string `json:"withdrawn"`
}

// reward returns what a commitment earned; vested may be withdrawn now.
func (s *session) reward(id []byte) (v rewardView, vested, unvested sdkmath.Int, err error) {
	r, err := s.capacity.Rewards(s.context(), &capacitytypes.QueryRewardsRequest{Id: text(id)})
	if err != nil {
		return v, vested, unvested, err
	}
	vested, unvested = r.Unlocked.Amount, r.Total.Amount.Sub(r.Unlocked.Amount)
	return rewardView{
		CommitmentID: text(id), Vested: vested.String(), VestedProvider: r.Unlocked.Provider.String(),
		Unvested: unvested.String(), UnvestedProvider: r.Total.Provider.Sub(r.Unlocked.Provider).String(),
		Withdrawn: r.Withdrawn.Amount.String(),
	}, vested, unvested, nil
}

func rewardListCommand() *cobra.Command {
	var provider string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rewards of your commitments",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := open(cmd)
			if err != nil {
				return err
			}
			if provider == "" {
				if provider, err = s.sender(); err != nil {
					return err
				}
			}
			list, err := s.commitments(provider)
			if err != nil {
				return err
			}
			views, rows := []rewardView{}, [][]string{}
			for _, c := range list {
				v, vested, unvested, err := s.reward(c.Commitment.Id)
				if err != nil {
					return err
				}
				views = append(views, v)
				rows = append(rows, []string{v.CommitmentID, flt(vested), flt(unvested), percent(c.Commitment.RewardRate)})
			}
			return s.table(views, []string{"COMMITMENT", "VESTED", "UNVESTED", "DELEGATOR'S SHARE"}, rows)
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "account of another provider")
	return cmd
}

func rewardWithdrawCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "withdraw [COMMITMENT...]",
		Short: "Withdraw vested rewards, by default of all your commitments",
		Long: `Withdraw what is vested. Provider and delegator each get their share, whoever asks.

  fluenced provider reward withdraw --from provider`,
		Args: cobra.MaximumNArgs(maxRewardsPerTx),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := parseIDs("commitment", args)
			if err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			return s.withdraw(ids)
		},
	}
	return sends(cmd)
}

func (s *session) withdraw(ids [][]byte) error {
	me, err := s.sender()
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		list, err := s.commitments(me)
		if err != nil {
			return err
		}
		for _, c := range list {
			ids = append(ids, c.Commitment.Id)
		}
	}
	plan := chaincmd.Plan{Title: "withdraw rewards"}
	var msgs []sdk.Msg
	for _, id := range ids {
		_, vested, _, err := s.reward(id)
		if err != nil {
			return err
		}
		if !vested.IsPositive() || len(msgs) == maxRewardsPerTx {
			continue
		}
		plan.Rows = append(plan.Rows, [2]string{text(id), flt(vested)})
		msgs = append(msgs, &capacitytypes.MsgWithdrawReward{Sender: me, CommitmentId: id})
	}
	if len(msgs) == 0 {
		return term.Hint(errors.New("nothing is vested yet"), "fluenced provider reward list shows what will be")
	}
	return s.send(plan, msgs, func(o chaincmd.Outcome) (any, string, error) {
		v := struct {
			sent
			Provider  string `json:"provider"`  // in aflt
			Delegator string `json:"delegator"` // in aflt
		}{sent: sentIn(o)}
		provider, delegator := sdkmath.ZeroInt(), sdkmath.ZeroInt()
		for i := range msgs {
			var res capacitytypes.MsgWithdrawRewardResponse
			if err := o.Response(i, &res); err != nil {
				return v, "", err
			}
			provider, delegator = provider.Add(res.Provider.Amount), delegator.Add(res.Delegator.Amount)
		}
		v.Provider, v.Delegator = provider.String(), delegator.String()
		return v, fmt.Sprintf("%s to the provider, %s to delegators", flt(provider), flt(delegator)), nil
	})
}
