// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"

	"github.com/spf13/cobra"

	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// commitmentView is a commitment for programs. Amounts are in aflt.
type commitmentView struct {
	CommitmentID   string  `json:"commitment_id"`
	PeerID         string  `json:"peer_id"`
	Status         string  `json:"status"`
	Delegator      *string `json:"delegator"`
	RewardRate     uint64  `json:"reward_rate"` // the delegator's share, scaled by 1e7
	Units          uint32  `json:"units"`
	ActiveUnits    uint32  `json:"active_units"`
	ExitedUnits    uint32  `json:"exited_units"`
	StartEpoch     uint64  `json:"start_epoch"`
	EndEpoch       uint64  `json:"end_epoch"` // the first after the term
	Failures       uint64  `json:"failures"`
	FailuresLeft   uint64  `json:"failures_left"`
	NextFailed     uint64  `json:"next_failed_epoch"` // when it fails if no proof comes; 0 for never
	FailedEpoch    uint64  `json:"failed_epoch"`
	Collateral     string  `json:"collateral"`
	Slashed        string  `json:"slashed"`
	CollateralBack bool    `json:"collateral_withdrawn"`
}

func viewCommitment(c capacitytypes.CommitmentView) commitmentView {
	v := commitmentView{
		CommitmentID: text(c.Commitment.Id), PeerID: peerText(c.Commitment.PeerId), Status: statusName(c.Status),
		RewardRate: c.Commitment.RewardRate, Units: c.Commitment.UnitCount, ActiveUnits: c.ActiveUnits, ExitedUnits: c.ExitedUnits,
		StartEpoch: c.Commitment.StartEpoch, EndEpoch: c.EndEpoch, Failures: c.TotalFails, NextFailed: c.NextFailedEpoch,
		FailedEpoch: c.FailedEpoch, Collateral: c.Collateral.String(), Slashed: c.Slashed.String(), CollateralBack: c.CollateralWithdrawn,
	}
	if c.Commitment.Delegator != "" {
		v.Delegator = &c.Commitment.Delegator
	}
	if c.MaxFails > c.TotalFails {
		v.FailuresLeft = c.MaxFails - c.TotalFails
	}
	return v
}

// term names the epochs in which proofs are due.
func (v commitmentView) term() string {
	if v.StartEpoch == 0 {
		return "from the epoch after the deposit"
	}
	return fmt.Sprintf("%d until before %d", v.StartEpoch, v.EndEpoch)
}

func commitmentStatusCommand() *cobra.Command {
	var provider string
	cmd := &cobra.Command{
		Use:   "status [COMMITMENT]",
		Short: "Show a commitment, or list yours",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if _, err := parseID("commitment", args[0]); err != nil {
					return err
				}
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				return s.showCommitment(args[0])
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
			views, rows := []commitmentView{}, [][]string{}
			for _, c := range list {
				v := viewCommitment(c)
				views = append(views, v)
				rows = append(rows, []string{v.CommitmentID, v.Status, fmt.Sprint(v.Units), v.term(), fmt.Sprint(v.FailuresLeft), v.PeerID})
			}
			return s.table(views, []string{"COMMITMENT", "STATUS", "UNITS", "EPOCHS", "FAILURES LEFT", "PEER"}, rows)
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "account of another provider")
	return cmd
}

// commitment returns a commitment.
func (s *session) commitment(id string) (*capacitytypes.QueryCommitmentResponse, error) {
	res, err := s.capacity.Commitment(s.context(), &capacitytypes.QueryCommitmentRequest{Id: id})
	return res, lookedUp(err, "commitment", id, "fluenced provider commitment status lists yours; one that is finished and paid is forgotten")
}

func (s *session) showCommitment(id string) error {
	res, err := s.commitment(id)
	if err != nil {
		return err
	}
	v, c := viewCommitment(res.Commitment), res.Commitment
	delegator := "whoever deposits first"
	if v.Delegator != nil {
		delegator = *v.Delegator
	}
	rows := [][]string{
		{"peer", v.PeerID},
		{"status", v.Status},
		{"delegator", delegator},
		{"delegator's share", percent(v.RewardRate)},
		{"units", fmt.Sprintf("%d, of which %d prove now and %d left", v.Units, v.ActiveUnits, v.ExitedUnits)},
		{"epochs", v.term()},
		{"failures", fmt.Sprintf("%d, %d left", v.Failures, v.FailuresLeft)},
		{"collateral", flt(c.Collateral)},
		{"slashed", flt(c.Slashed)},
	}
	if v.FailedEpoch != 0 {
		rows = append(rows, []string{"failed in epoch", fmt.Sprint(v.FailedEpoch)})
	}
	return s.table(v, []string{"commitment", v.CommitmentID}, rows)
}
