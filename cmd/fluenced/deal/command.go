// SPDX-License-Identifier: Apache-2.0

// Package deal is the commands of customers: they rent workers for an app, fund the
// deal, look after it and end it. What a command costs, and until when the money
// lasts, is shown before anything is signed.
package deal

import (
	"context"
	"fmt"
	"strings"
	"time"

	sdkmath "cosmossdk.io/math"
	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/ipfs/go-cid"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/trust"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Command returns fluenced deal with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "deal",
		Long: `Rent workers that run your app, pay for them by the epoch, and end the deal.

  fluenced deal create --app bafkrei... --price 100uusd --workers 2 --epochs 100 --match --from customer
  fluenced deal status 0x1f3a...
  fluenced deal fund 0x1f3a... 10000uusd --from customer
  fluenced deal stop 0x1f3a... --from customer`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return term.Usage("see: "+cmd.CommandPath()+" --help", "unknown command %q", args[0])
		},
	}
	chaincmd.ConnectFlags(cmd.PersistentFlags())
	cmd.AddCommand(createCommand(), fundCommand(), matchCommand(), statusCommand(), logsCommand(), appCommand(),
		withdrawCommand(), stopCommand(), listCommand())
	return cmd
}

// session is one command's way to the chain.
type session struct {
	cmd    *cobra.Command
	ctx    client.Context
	deals  dealtypes.QueryClient
	market markettypes.QueryClient
	epochs epochtypes.QueryClient
}

func open(cmd *cobra.Command) (*session, error) {
	ctx, err := chaincmd.Connect(cmd)
	if err != nil {
		return nil, err
	}
	return &session{
		cmd: cmd, ctx: ctx, deals: dealtypes.NewQueryClient(ctx), market: markettypes.NewQueryClient(ctx), epochs: epochtypes.NewQueryClient(ctx),
	}, nil
}

func (s *session) context() context.Context { return s.cmd.Context() }

// sender returns the account that signs.
func (s *session) sender() (string, error) {
	addr, _, err := chaincmd.Sender(s.cmd, s.ctx)
	return addr.String(), err
}

func (s *session) json() bool {
	yes, err := s.cmd.Flags().GetBool("json")
	return err == nil && yes
}

// sent is what every command that sends tells programs; each adds its own fields.
type sent struct {
	TxHash string `json:"tx_hash"`
	Height int64  `json:"height"`
}

// send shows the plan, sends and reports: programs get v, people the line.
func (s *session) send(plan chaincmd.Plan, msg sdk.Msg, report func(sent, chaincmd.Outcome) (v any, line string, err error)) error {
	o, err := chaincmd.Send(s.cmd, s.ctx, plan, msg)
	if err != nil || o.Printed {
		return err
	}
	v, line, err := report(sent{o.Hash, o.Height}, o)
	if err != nil {
		return err
	}
	if s.json() {
		return term.JSON(s.cmd.OutOrStdout(), v)
	}
	_, err = fmt.Fprintln(s.cmd.OutOrStdout(), line)
	return err
}

// simply sends and reports one line.
func (s *session) simply(plan chaincmd.Plan, msg sdk.Msg, line string) error {
	return s.send(plan, msg, func(b sent, _ chaincmd.Outcome) (any, string, error) { return b, line, nil })
}

// pages calls ask with one page request after another until there are no more.
func pages(ask func(*query.PageRequest) (*query.PageResponse, error)) error {
	req := &query.PageRequest{Limit: 200}
	for {
		res, err := ask(req)
		if err != nil || res == nil || len(res.NextKey) == 0 {
			return err
		}
		req = &query.PageRequest{Limit: 200, Key: res.NextKey}
	}
}

// clock tells people when epochs are.
type clock struct {
	number   uint64
	start    time.Time
	duration time.Duration
}

func (s *session) clock() (clock, error) {
	res, err := s.epochs.Current(s.context(), &epochtypes.QueryCurrentRequest{})
	if err != nil {
		return clock{}, err
	}
	return clock{res.Current.Number, res.Current.Start, res.Current.Params.Duration}, nil
}

// end writes when an epoch ends if none in between changes its length or is void.
func (c clock) end(epoch uint64) string {
	if epoch < c.number {
		return fmt.Sprintf("epoch %d (over)", epoch)
	}
	n := epoch - c.number + 1
	if n > uint64(10*365*24*time.Hour/c.duration) {
		return fmt.Sprintf("epoch %d (in more than ten years)", epoch)
	}
	return fmt.Sprintf("epoch %d (about %s)", epoch, c.start.Add(time.Duration(n)*c.duration).UTC().Format("2006-01-02 15:04:05 UTC"))
}

// lasts writes for how long a balance pays so many workers.
func (c clock) lasts(balance, price sdkmath.Int, workers uint64) string {
	cost := price.Mul(sdkmath.NewIntFromUint64(workers))
	if !cost.IsPositive() {
		return "as long as no worker is paid"
	}
	n := balance.Quo(cost)
	if !n.IsPositive() {
		return "not for one epoch"
	}
	if !n.IsUint64() || n.Uint64() > 1<<40 {
		return "for ever"
	}
	return fmt.Sprintf("%d epochs, until the end of %s", n.Uint64(), c.end(c.number-1+n.Uint64()))
}

// perDay writes what an amount per epoch is in a day.
func (c clock) perDay(perEpoch sdk.Coin) string {
	day := perEpoch.Amount.MulRaw(int64(24 * time.Hour / time.Second)).QuoRaw(int64(c.duration / time.Second))
	return fmt.Sprintf("%s, %s a day", chaincmd.Amount(perEpoch), chaincmd.Amount(sdk.NewCoin(perEpoch.Denom, day)))
}

func dealID(s string) ([]byte, error) {
	id, err := dealtypes.ParseDealID(s)
	if err != nil {
		return nil, term.Usage("write it as 0x and 40 hexadecimal digits; fluenced deal list shows yours", "deal %q is not an id", s)
	}
	return id, nil
}

func coin(what, s string) (sdk.Coin, error) {
	c, err := sdk.ParseCoinNormalized(s)
	if err != nil || !c.IsPositive() {
		return c, term.Usage("write it like 100uusd", "%s %q is not an amount", what, s)
	}
	return c, nil
}

// appCID reads the CID of an app into the 36 bytes the chain keeps.
func appCID(what, s string) ([]byte, error) {
	if s == "" {
		return nil, term.Usage("fluenced app pack makes an app and shows its CID", "no %s given", what)
	}
	c, err := cid.Decode(s)
	if err == nil {
		err = dealtypes.CheckCID(what, c.Bytes())
	}
	if err != nil {
		return nil, term.Usage("give a CIDv1 of raw bytes under sha2-256, like bafkrei...", "%s %q is no CID of an app", what, s)
	}
	return c.Bytes(), nil
}

func cidText(b []byte) string {
	c, err := cid.Cast(b)
	if err != nil {
		return dealtypes.Hex(b)
	}
	return c.String()
}

// peerText writes a key as a libp2p peer id; nothing for no key.
func peerText(key []byte) string {
	if len(key) == 0 {
		return ""
	}
	k, err := trust.NewKey(trust.Ed25519, key)
	if err != nil {
		return dealtypes.Hex(key)
	}
	return k.PeerID()
}

// statusText writes a status in lower case without its prefix.
func statusText(s dealtypes.Status) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "STATUS_"))
}

func stateText(s dealtypes.WorkerState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "WORKER_STATE_"))
}
