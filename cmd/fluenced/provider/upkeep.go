// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strconv"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// act runs a command on one peer: read the id, open, know the sender.
func act(cmd *cobra.Command, peer string, do func(s *session, me string, id []byte) error) error {
	id, err := parsePeer(peer)
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
	return do(s, me, id)
}

func peerDrainCommand() *cobra.Command {
	var off bool
	cmd := &cobra.Command{
		Use:   "drain PEER",
		Short: "Stop matching deals to a peer, or take them again with --off",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(cmd, args[0], func(s *session, me string, id []byte) error {
				plan := chaincmd.Plan{Title: "drain a peer", Rows: [][2]string{{"peer", peerText(id)}}, Notes: []string{"deals that run stay until they end; proofs stay due"}}
				line := "no further deal is matched to " + peerText(id)
				if off {
					plan = chaincmd.Plan{Title: "take deals again", Rows: [][2]string{{"peer", peerText(id)}}}
					line = "deals are matched to " + peerText(id) + " again"
				}
				return s.simply(plan, line, &markettypes.MsgDrainPeer{Provider: me, PeerId: id, Draining: !off})
			})
		},
	}
	cmd.Flags().BoolVar(&off, "off", false, "take deals again")
	return sends(cmd)
}

func peerMaintainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "maintain PEER FROM UNTIL",
		Short: "Announce maintenance from one epoch to before another; 0 0 withdraws it",
		Long: `Announce that no deal is to be matched to the peer from epoch FROM up to, and
without, epoch UNTIL. A window begins after the running epoch. FROM and UNTIL 0
withdraw one that has not begun.

  fluenced provider peer maintain 12D3KooW... 120 123`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			var at [2]uint64
			for i := range at {
				n, err := strconv.ParseUint(args[i+1], 10, 64)
				if err != nil {
					return term.Usage("give two numbers of epochs; fluenced query epoch current shows the running one", "epoch %q is no number", args[i+1])
				}
				at[i] = n
			}
			return act(cmd, args[0], func(s *session, me string, id []byte) error {
				w := markettypes.Window{From: at[0], Until: at[1]}
				plan := chaincmd.Plan{
					Title: "announce maintenance", Rows: [][2]string{{"peer", peerText(id)}, {"from epoch", args[1]}, {"until before epoch", args[2]}},
					Notes: []string{"proofs that are due stay due"},
				}
				return s.simply(plan, fmt.Sprintf("%s is in maintenance from epoch %d until before %d", peerText(id), w.From, w.Until), &markettypes.MsgSetMaintenance{Provider: me, PeerId: id, Window: w})
			})
		},
	}
	return sends(cmd)
}

func peerMoveCommand() *cobra.Command {
	var words []string
	cmd := &cobra.Command{
		Use:   "move PEER OFFER",
		Short: "Move a peer to another of your offers",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			offer, err := parseID("offer", args[1])
			if err != nil {
				return err
			}
			return act(cmd, args[0], func(s *session, me string, id []byte) error {
				supplies, err := s.supplies(words)
				if err != nil {
					return err
				}
				plan := chaincmd.Plan{
					Title: "move a peer", Rows: append([][2]string{{"peer", peerText(id)}, {"to offer", text(offer)}}, supplyRows(supplies)...),
					Notes: []string{"deals that run keep the price they were matched at"},
				}
				return s.simply(plan, peerText(id)+" is in offer "+text(offer), &markettypes.MsgMovePeer{Provider: me, PeerId: id, OfferId: offer, Supplies: supplies})
			})
		},
	}
	cmd.Flags().StringArrayVar(&words, "supply", nil, "what the machine has, when the offers are priced in different ways, like vcpu=4; may be repeated")
	return sends(cmd)
}

func peerRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove PEER...",
		Short: "Remove peers without units and without commitment",
		Args:  cobra.RangeArgs(1, markettypes.MaxPeersPerMessage),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids := make([][]byte, len(args))
			plan := chaincmd.Plan{Title: "remove peers"}
			for i, a := range args {
				var err error
				if ids[i], err = parsePeer(a); err != nil {
					return err
				}
				plan.Rows = append(plan.Rows, [2]string{"peer", peerText(ids[i])})
			}
			return act(cmd, args[0], func(s *session, me string, _ []byte) error {
				return s.simply(plan, fmt.Sprintf("removed: %d", len(ids)), &markettypes.MsgRemovePeers{Provider: me, PeerIds: ids})
			})
		},
	}
	return sends(cmd)
}

func unitCommand() *cobra.Command {
	return below("unit", "Add and remove compute units", unitAddCommand(), unitRemoveCommand(), unitListCommand())
}

func unitAddCommand() *cobra.Command {
	var count int
	var names, words []string
	cmd := &cobra.Command{
		Use:   "add PEER",
		Short: "Add compute units to a peer without commitment",
		Long: `Add compute units. Where the peer supplies resources, its vCPU grow by two per
unit; more memory is given in the same step.

  fluenced provider unit add 12D3KooW... --count 2 --supply ram=16384`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 0 || count > markettypes.MaxUnitsPerMessage || (count > 0) == (len(names) > 0) {
				return term.Usage(fmt.Sprintf("give --count from 1 to %d, or ids with --unit", markettypes.MaxUnitsPerMessage), "--count is %d with %d of --unit", count, len(names))
			}
			ids, err := parseIDs("--unit", names)
			if err == nil && count > 0 {
				ids, err = newUnits(count)
			}
			if err != nil {
				return err
			}
			return act(cmd, args[0], func(s *session, me string, id []byte) error {
				supplies, err := s.supplies(words)
				if err != nil {
					return err
				}
				plan := chaincmd.Plan{Title: "add compute units", Rows: append([][2]string{{"peer", peerText(id)}, {"units", fmt.Sprint(len(ids))}}, supplyRows(supplies)...)}
				msg := &markettypes.MsgAddUnits{Provider: me, PeerId: id, UnitIds: ids, Supplies: supplies}
				return s.send(plan, []sdk.Msg{msg}, func(o chaincmd.Outcome) (any, string, error) {
					v := struct {
						sent
						UnitIDs []string `json:"unit_ids"`
					}{sentIn(o), texts(ids)}
					return v, strings.Join(prefixed("unit ", v.UnitIDs), "\n"), nil
				})
			})
		},
	}
	cmd.Flags().IntVar(&count, "count", 0, "number of units, with ids drawn at random")
	cmd.Flags().StringArrayVar(&names, "unit", nil, "id of a unit; may be repeated")
	cmd.Flags().StringArrayVar(&words, "supply", nil, "what the machine has of a resource from now on, like ram=16384; may be repeated")
	return sends(cmd)
}

func unitRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove PEER UNIT...",
		Short: "Remove free compute units of a peer without commitment",
		Args:  cobra.RangeArgs(2, 1+markettypes.MaxUnitsPerMessage),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := parseIDs("unit", args[1:])
			if err != nil {
				return err
			}
			return act(cmd, args[0], func(s *session, me string, id []byte) error {
				plan := chaincmd.Plan{Title: "remove compute units", Rows: [][2]string{{"peer", peerText(id)}, {"units", fmt.Sprint(len(ids))}}}
				return s.simply(plan, fmt.Sprintf("removed: %d", len(ids)), &markettypes.MsgRemoveUnits{Provider: me, PeerId: id, UnitIds: ids})
			})
		},
	}
	return sends(cmd)
}

// units returns the units of a peer.
func (s *session) units(peer []byte) (list []markettypes.Unit, err error) {
	err = pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		res, err := s.market.Units(s.context(), &markettypes.QueryUnitsRequest{PeerId: text(peer), Pagination: req})
		if err != nil {
			return nil, err
		}
		list = append(list, res.Units...)
		return res.Pagination, nil
	})
	return list, err
}

func unitListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list PEER",
		Short: "List the compute units of a peer and the deals they serve",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parsePeer(args[0])
			if err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			list, err := s.units(id)
			if err != nil {
				return err
			}
			type unitRow struct {
				UnitID   string  `json:"unit_id"`
				DealID   *string `json:"deal_id"`
				WorkerID *string `json:"worker_id"`
			}
			views, rows := []unitRow{}, [][]string{}
			for _, u := range list {
				v, deal := unitRow{UnitID: text(u.Id)}, "none"
				if len(u.DealId) > 0 {
					d, w := text(u.DealId), text(u.WorkerId)
					v.DealID, v.WorkerID, deal = &d, &w, d
				}
				views = append(views, v)
				rows = append(rows, []string{v.UnitID, deal})
			}
			return s.table(views, []string{"UNIT", "DEAL"}, rows)
		},
	}
	return cmd
}
