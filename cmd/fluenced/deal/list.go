// SPDX-License-Identifier: Apache-2.0

package deal

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

// row is a deal of a list for programs.
type row struct {
	DealID  string `json:"deal_id"`
	Owner   string `json:"owner"`
	Status  string `json:"status"`
	Workers uint32 `json:"workers"`
	Target  uint32 `json:"target_workers"`
	Price   string `json:"price"` // per worker and epoch, in denom
	Denom   string `json:"denom"`
	AppCID  string `json:"app_cid"`
}

func listCommand() *cobra.Command {
	var owner, peer string
	var all, ended bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List your deals, those of another account, of a peer, or all",
		Long: `List deals that run.

  fluenced deal list --from customer
  fluenced deal list --all --ended --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all && (owner != "" || peer != "") || owner != "" && peer != "" {
				return term.Usage("give one of them", "more than one of --all, --owner and --peer is given")
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			if owner == "" && peer == "" && !all {
				if owner, err = s.sender(); err != nil {
					return err
				}
			}
			list, err := s.list(owner, peer, ended)
			if err != nil {
				return err
			}
			return s.print(list)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&owner, "owner", "", "account whose deals are listed (default yours)")
	fs.StringVar(&peer, "peer", "", "peer whose deals are listed")
	fs.BoolVar(&all, "all", false, "list the deals of all accounts")
	fs.BoolVar(&ended, "ended", false, "list ended deals as well")
	return cmd
}

// list reads the deals of an owner, of a peer, or all.
func (s *session) list(owner, peer string, ended bool) ([]row, error) {
	rows := []row{}
	add := func(d dealtypes.Deal, st dealtypes.Status) {
		if st == dealtypes.StatusEnded && !ended {
			return
		}
		rows = append(rows, row{
			DealID: dealtypes.Hex(d.Id), Owner: d.Owner, Status: statusText(st), Workers: d.WorkerCount, Target: d.Terms.TargetWorkers,
			Price: d.Terms.Price.String(), Denom: d.Terms.Denom, AppCID: cidText(d.Terms.AppCid),
		})
	}
	err := pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		if peer != "" {
			res, err := s.deals.DealsByPeer(s.context(), &dealtypes.QueryDealsByPeerRequest{PeerId: peer, Pagination: req})
			if err != nil {
				return nil, err
			}
			for _, d := range res.Deals {
				add(d.Deal, d.Status)
			}
			return res.Pagination, nil
		}
		var res *dealtypes.QueryDealsResponse
		var err error
		if owner != "" {
			res, err = s.deals.DealsByOwner(s.context(), &dealtypes.QueryDealsByOwnerRequest{Owner: owner, Pagination: req})
		} else {
			res, err = s.deals.Deals(s.context(), &dealtypes.QueryDealsRequest{Pagination: req})
		}
		if err != nil {
			return nil, err
		}
		for _, d := range res.Deals {
			add(d.Deal, d.Status)
		}
		return res.Pagination, nil
	})
	return rows, err
}

func (s *session) print(list []row) error {
	if s.json() {
		return term.JSON(s.cmd.OutOrStdout(), list)
	}
	var cells [][]string
	for _, r := range list {
		price, err := sdk.ParseCoinNormalized(r.Price + r.Denom)
		if err != nil {
			return err
		}
		cells = append(cells, []string{r.DealID, r.Status, fmt.Sprintf("%d/%d", r.Workers, r.Target), chaincmd.Amount(price), r.AppCID})
	}
	return term.Table(s.cmd.OutOrStdout(), []string{"DEAL", "STATUS", "WORKERS", "PRICE", "APP"}, cells)
}
