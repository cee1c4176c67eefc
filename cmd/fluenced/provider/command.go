// SPDX-License-Identifier: Apache-2.0

// Package provider is the commands of people who offer machines: they register,
// make offers, add peers and units, pledge capacity and collect rewards. What a
// command costs and brings about is shown before anything is signed.
package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Command returns fluenced provider with all it holds.
func Command() *cobra.Command {
	cmd := below("provider", "Offer machines, pledge their capacity, collect rewards", registerCommand(), offerCommand(), peerCommand(),
		unitCommand(), commitmentCommand(), rewardCommand(), statusCommand())
	cmd.Long = `Offer machines on the market, pledge their capacity and collect rewards.

  fluenced provider register "Example Compute" --from provider
  fluenced provider offer create --price 10000uusd --from provider
  fluenced provider peer add OFFER --units 2 --from provider
  fluenced provider commitment create PEER --duration 100 --from provider
  fluenced provider commitment deposit COMMITMENT --from provider
  fluenced provider status`
	chaincmd.ConnectFlags(cmd.PersistentFlags())
	return cmd
}

// below returns a command that only holds others.
func below(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return term.Usage("see: "+cmd.CommandPath()+" --help", "unknown command %q", args[0])
		},
	}
	cmd.AddCommand(subs...)
	return cmd
}

// sends adds the flags of commands that send.
func sends(cmd *cobra.Command) *cobra.Command {
	chaincmd.SendFlags(cmd.Flags())
	return cmd
}

// session is one command's way to the chain.
type session struct {
	cmd      *cobra.Command
	ctx      client.Context
	market   markettypes.QueryClient
	capacity capacitytypes.QueryClient
	epoch    epochtypes.QueryClient
}

func open(cmd *cobra.Command) (*session, error) {
	ctx, err := chaincmd.Connect(cmd)
	if err != nil {
		return nil, err
	}
	return &session{
		cmd: cmd, ctx: ctx, market: markettypes.NewQueryClient(ctx),
		capacity: capacitytypes.NewQueryClient(ctx), epoch: epochtypes.NewQueryClient(ctx),
	}, nil
}

// sender returns the account that signs.
func (s *session) sender() (string, error) {
	addr, _, err := chaincmd.Sender(s.cmd, s.ctx)
	return addr.String(), err
}

func (s *session) json() bool {
	yes, err := s.cmd.Flags().GetBool("json")
	return err == nil && yes
}

func (s *session) context() context.Context { return s.cmd.Context() }

// sent is what every command that sends tells programs; each adds its own fields.
type sent struct {
	TxHash string `json:"tx_hash"`
	Height int64  `json:"height"`
}

func sentIn(o chaincmd.Outcome) sent { return sent{o.Hash, o.Height} }

// send shows the plan, sends and reports: programs get v, people the line.
func (s *session) send(plan chaincmd.Plan, msgs []sdk.Msg, report func(chaincmd.Outcome) (v any, line string, err error)) error {
	o, err := chaincmd.Send(s.cmd, s.ctx, plan, msgs...)
	if err != nil || o.Printed {
		return hinted(err)
	}
	v, line, err := report(o)
	if err != nil {
		return err
	}
	if s.json() {
		return term.JSON(s.cmd.OutOrStdout(), v)
	}
	_, err = fmt.Fprintln(s.cmd.OutOrStdout(), line)
	return err
}

// hinted adds what to do to refusals that people meet.
func hinted(err error) error {
	var refused *chaincmd.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	for _, known := range []struct{ part, hint string }{
		{"provider not found", "fluenced provider register NAME comes first"},
		{"compute peer exists", "fluenced provider peer move brings it into another offer"},
		{"has a commitment", "fluenced provider commitment status shows it; units are fixed until it is finished"},
		{"has units", "fluenced provider unit remove comes first"},
		{"has compute peers", "fluenced provider peer remove or peer move comes first"},
		{"serves a deal", "wait for the deal's end, or drain the peer so that no other follows"},
		{"not the owner", "--from names another account than the one that made it"},
		{"insufficient funds", "fluenced query bank balances ADDRESS shows what the account has"},
	} {
		if strings.Contains(refused.Reason, known.part) {
			return term.Hint(err, "%s", known.hint)
		}
	}
	return err
}

// simply sends and reports one line.
func (s *session) simply(plan chaincmd.Plan, line string, msgs ...sdk.Msg) error {
	return s.send(plan, msgs, func(o chaincmd.Outcome) (any, string, error) { return sentIn(o), line, nil })
}

// table prints rows for people or v for programs.
func (s *session) table(v any, head []string, rows [][]string) error {
	if s.json() {
		return term.JSON(s.cmd.OutOrStdout(), v)
	}
	return term.Table(s.cmd.OutOrStdout(), head, rows)
}

// pages calls ask with one page request after another until there are no more.
func pages(ask func(*query.PageRequest) (*query.PageResponse, error)) error {
	req := &query.PageRequest{Limit: 100}
	for {
		res, err := ask(req)
		if err != nil || res == nil || len(res.NextKey) == 0 {
			return err
		}
		req = &query.PageRequest{Limit: 100, Key: res.NextKey}
	}
}

func registerCommand() *cobra.Command {
	var metadata string
	cmd := &cobra.Command{
		Use:   "register NAME",
		Short: "Name your account as a provider, or rename it",
		Long: `Name the account as a provider. Offers need a name; a second call renames.

  fluenced provider register "Example Compute" --from provider`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cid, err := parseCID("--metadata", metadata)
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
			plan := chaincmd.Plan{Title: "name a provider", Rows: [][2]string{{"account", me}, {"name", args[0]}}}
			return s.simply(plan, me+" is the provider "+args[0], &markettypes.MsgSetProvider{Provider: me, Name: args[0], Metadata: cid})
		},
	}
	cmd.Flags().StringVar(&metadata, "metadata", "", "CID of a description")
	return sends(cmd)
}

// named returns the names of a resource type in commands.
func resourceNames() []string {
	return []string{"vcpu", "ram", "storage", "ip", "bandwidth"}
}

// resource finds a resource by its number or by the name of its type: the first
// that governance registered.
func (s *session) resource(word string) (markettypes.Resource, error) {
	var found *markettypes.Resource
	err := pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		res, err := s.market.Resources(s.context(), &markettypes.QueryResourcesRequest{Pagination: req})
		if err != nil {
			return nil, err
		}
		for _, r := range res.Resources {
			if found == nil && (fmt.Sprint(r.Id) == word || slices.Index(resourceNames(), strings.ToLower(word)) == int(r.Type)) {
				found = &r
			}
		}
		return res.Pagination, nil
	})
	if err != nil {
		return markettypes.Resource{}, err
	}
	if found == nil {
		return markettypes.Resource{}, term.Usage("use a number of fluenced query market resources, or one of "+strings.Join(resourceNames(), ", "), "unknown resource %q", word)
	}
	return *found, nil
}
