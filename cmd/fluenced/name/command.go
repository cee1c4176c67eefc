// SPDX-License-Identifier: Apache-2.0

// Package name is the commands that register, renew and resolve global names.
package name

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/ipfs/go-cid"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/trust"
	"github.com/go-fluence/fluence/x/names/types"
)

// Command returns fluenced name with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "name", Short: "Register, renew, set and resolve global names"}
	cmd.AddCommand(registerCommand(), renewCommand(), transferCommand(), takeCommand(), setCommand(), giveCommand(), primaryCommand(), resolveCommand())
	return cmd
}

func sending(cmd *cobra.Command) *cobra.Command {
	chaincmd.ConnectFlags(cmd.Flags())
	chaincmd.SendFlags(cmd.Flags())
	return cmd
}

// check refuses what is no name before anything is asked of a validator.
func check(name string) error {
	if err := types.CheckName(name); err != nil {
		return term.Usage("labels of a-z, 0-9 and inner hyphens, joined by dots, at most four", "%w", err)
	}
	return nil
}

// connect returns a client and the sender.
func connect(cmd *cobra.Command) (client.Context, sdk.AccAddress, error) {
	ctx, err := chaincmd.Connect(cmd)
	if err != nil {
		return ctx, nil, err
	}
	from, _, err := chaincmd.Sender(cmd, ctx)
	return ctx, from, err
}

// send sends one message and prints the transaction's hash, or JSON.
func send(cmd *cobra.Command, ctx client.Context, plan chaincmd.Plan, msg sdk.Msg) error {
	out, err := chaincmd.Send(cmd, ctx, plan, msg)
	if err != nil || out.Printed {
		return err
	}
	return printed(cmd, map[string]any{"tx_hash": out.Hash, "height": out.Height}, out.Hash)
}

func printed(cmd *cobra.Command, v any, text string) error {
	if asJSON, err := cmd.Flags().GetBool("json"); err != nil || asJSON {
		return errors.Join(err, term.JSON(cmd.OutOrStdout(), v))
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}

// price asks what a period costs.
func price(cmd *cobra.Command, ctx client.Context, name string, seconds uint64) (*types.QueryAvailableResponse, error) {
	return types.NewQueryClient(ctx).Available(cmd.Context(), &types.QueryAvailableRequest{Name: name, Seconds: seconds})
}

func period(d time.Duration) (uint64, error) {
	if d < time.Second {
		return 0, term.Usage("choose --period like 8760h", "period of %v", d)
	}
	return uint64(d / time.Second), nil
}

const year = 8760 * time.Hour

func registerCommand() *cobra.Command {
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "register NAME",
		Short: "Register a first-level name: commit, wait for a block, reveal and pay",
		Long: `Register a name for the sender. Two transactions are sent: the first hides which name
it is, so that nobody who sees it can be faster. The price of now is the most that
is paid.

  fluenced name register alice --period 8760h --from alice`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := check(name); err != nil {
				return err
			}
			if strings.Contains(name, ".") {
				return term.Usage("fluenced name give makes names below an own one", "%s is not of the first level", name)
			}
			seconds, err := period(lasts)
			if err != nil {
				return err
			}
			ctx, from, err := connect(cmd)
			if err != nil {
				return err
			}
			return register(cmd, ctx, from, name, seconds)
		},
	}
	cmd.Flags().DurationVar(&lasts, "period", year, "how long it is paid for")
	return sending(cmd)
}

func register(cmd *cobra.Command, ctx client.Context, from sdk.AccAddress, name string, seconds uint64) error {
	quote, err := price(cmd, ctx, name, seconds)
	if err != nil {
		return err
	}
	if !quote.Available {
		return term.Hint(fmt.Errorf("%s is taken", name), "fluenced name resolve %s shows by whom", name)
	}
	salt := make([]byte, 32)
	if _, err := rand.Read(salt); err != nil {
		return err
	}
	cost := chaincmd.Amount(sdk.NewCoin(quote.Denom, quote.Price))
	out, err := chaincmd.Send(cmd, ctx, chaincmd.Plan{
		Title: "Commit to a name", Rows: [][2]string{{"name", name}, {"price, paid in the second step", cost}},
	}, &types.MsgCommit{Sender: from.String(), Hash: types.CommitmentHash(name, from, salt, quote.Price)})
	if err != nil || out.Printed {
		return err
	}
	if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "committed in block %d; should the second step fail: salt %s, max price %s\n", out.Height, hex.EncodeToString(salt), quote.Price); err != nil {
		return err
	}
	params, err := types.NewQueryClient(ctx).Params(cmd.Context(), &types.QueryParamsRequest{})
	if err != nil {
		return err
	}
	if err := wait(cmd, ctx, out.Height+int64(params.Params.MinCommitBlocks)-1); err != nil {
		return err
	}
	out, err = chaincmd.Send(cmd, ctx, chaincmd.Plan{
		Title: "Register a name", Rows: [][2]string{{"name", name}, {"price at most", cost}, {"days", fmt.Sprint(seconds / 86_400)}},
	}, &types.MsgRegister{Owner: from.String(), Name: name, Salt: salt, Seconds: seconds, MaxPrice: quote.Price})
	if err != nil {
		return err
	}
	var res types.MsgRegisterResponse
	if err := out.Response(0, &res); err != nil {
		return err
	}
	until := time.Unix(int64(res.ExpiresAt), 0).UTC().Format(time.RFC3339)
	return printed(cmd, map[string]any{"tx_hash": out.Hash, "height": out.Height, "name": name, "paid": res.Paid.String(), "expires_at": res.ExpiresAt},
		fmt.Sprintf("%s is registered until %s", name, until))
}

// wait waits until a block is there.
func wait(cmd *cobra.Command, ctx client.Context, height int64) error {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := ctx.Client.Status(cmd.Context())
		if err != nil {
			return err
		}
		if s.SyncInfo.LatestBlockHeight >= height {
			return nil
		}
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-tick.C:
		}
	}
}

func renewCommand() *cobra.Command {
	var lasts time.Duration
	cmd := &cobra.Command{
		Use: "renew NAME", Short: "Pay for a longer period of a name", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check(args[0]); err != nil {
				return err
			}
			seconds, err := period(lasts)
			if err != nil {
				return err
			}
			ctx, from, err := connect(cmd)
			if err != nil {
				return err
			}
			now, err := types.NewQueryClient(ctx).Resolve(cmd.Context(), &types.QueryResolveRequest{Name: args[0]})
			if err != nil {
				return err
			}
			quote, err := price(cmd, ctx, args[0], seconds)
			if err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "Renew a name", Rows: [][2]string{{"name", args[0]}, {"owner", now.Name.Owner}, {"price", chaincmd.Amount(sdk.NewCoin(quote.Denom, quote.Price))}}}
			return send(cmd, ctx, plan, &types.MsgRenew{Sender: from.String(), Name: args[0], Seconds: seconds, Owner: now.Name.Owner, MaxPrice: quote.Price})
		},
	}
	cmd.Flags().DurationVar(&lasts, "period", year, "how much longer")
	return sending(cmd)
}

// plain is a command of one message about a name and perhaps another argument.
func plain(use, short string, n int, msg func(from string, args []string) sdk.Msg) *cobra.Command {
	return sending(&cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(n),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check(args[0]); err != nil {
				return err
			}
			ctx, from, err := connect(cmd)
			if err != nil {
				return err
			}
			return send(cmd, ctx, chaincmd.Plan{Title: short, Rows: [][2]string{{"name", strings.Join(args, " → ")}}}, msg(from.String(), args))
		},
	})
}

func transferCommand() *cobra.Command {
	return plain("transfer NAME ACCOUNT", "Offer a name to another account, which then takes it", 2, func(from string, args []string) sdk.Msg {
		return &types.MsgTransfer{Owner: from, Name: args[0], NextOwner: args[1]}
	})
}

func takeCommand() *cobra.Command {
	return plain("take NAME", "Take a name that was offered to this account", 1, func(from string, args []string) sdk.Msg {
		return &types.MsgAcceptTransfer{Sender: from, Name: args[0]}
	})
}

func giveCommand() *cobra.Command {
	var fixed bool
	cmd := plain("give NAME ACCOUNT", "Make a name below an own one, or give it to another account", 2, func(from string, args []string) sdk.Msg {
		return &types.MsgSetSubname{Owner: from, Name: args[0], To: args[1], Fixed: fixed}
	})
	cmd.Flags().BoolVar(&fixed, "fixed", false, "give up taking it back before the term of the first level ends")
	return cmd
}

func primaryCommand() *cobra.Command {
	return plain("primary NAME", "Show this account by a name of its own", 1, func(from string, args []string) sdk.Msg {
		return &types.MsgSetPrimary{Account: from, Name: args[0]}
	})
}

// kinds are the words for kinds of records.
func kinds() map[string]types.Kind {
	return map[string]types.Kind{
		"peer": types.KIND_PEER, "perimeter": types.KIND_PERIMETER, "deal": types.KIND_DEAL, "cid": types.KIND_CID,
		"dht": types.KIND_DHT, "service": types.KIND_SERVICE, "account": types.KIND_ACCOUNT, "text": types.KIND_TEXT,
	}
}

// parseRecord reads KIND[:KEY]=VALUE as people write it.
func parseRecord(arg string) (types.Record, error) {
	head, value, ok := strings.Cut(arg, "=")
	word, key, _ := strings.Cut(head, ":")
	r := types.Record{Kind: kinds()[word], Key: key}
	if !ok || r.Kind == 0 {
		return r, term.Usage("write KIND[:KEY]=VALUE with a kind of peer, perimeter, deal, cid, dht, service, account, text", "record %q", arg)
	}
	if err := fill(&r, value); err != nil {
		return r, term.Usage("a peer is its id, a service PEER/NAME, ids and DHT challenges are hex", "record %q: %w", arg, err)
	}
	r = r.Complete()
	if err := r.Validate(); err != nil {
		return r, term.Usage("x/names/README.md says what records hold", "record %q: %w", arg, err)
	}
	return r, nil
}

func fill(r *types.Record, value string) (err error) {
	switch r.Kind {
	case types.KIND_PEER, types.KIND_SERVICE:
		id, service, _ := strings.Cut(value, "/")
		var k trust.Key
		if k, err = trust.KeyOfPeer(id); err == nil {
			r.Value = append(k.Raw(), service...)
		}
	case types.KIND_PERIMETER, types.KIND_DEAL:
		r.Value, err = hex.DecodeString(strings.TrimPrefix(value, "0x"))
	case types.KIND_DHT:
		r.Challenge, err = hex.DecodeString(strings.TrimPrefix(value, "0x"))
	case types.KIND_CID:
		var c cid.Cid
		if c, err = cid.Decode(value); err == nil {
			r.Value = c.Bytes()
		}
	default:
		r.Value = []byte(value)
	}
	return err
}

func setCommand() *cobra.Command {
	var remove []string
	cmd := &cobra.Command{
		Use:   "set NAME [KIND[:KEY]=VALUE...]",
		Short: "Set and remove what a name stands for",
		Long: `Set records of a name, as its owner or controller. Kinds are peer, perimeter, deal,
cid, dht, service, account and text.

  fluenced name set alice peer=12D3KooW... text:url=https://example.org --from alice
  fluenced name set alice --remove text:url --from alice`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check(args[0]); err != nil {
				return err
			}
			msg := &types.MsgSetRecords{Name: args[0]}
			for _, a := range args[1:] {
				r, err := parseRecord(a)
				if err != nil {
					return err
				}
				msg.Records = append(msg.Records, r)
			}
			for _, a := range remove {
				word, key, _ := strings.Cut(a, ":")
				if kinds()[word] == 0 {
					return term.Usage("write KIND[:KEY]", "--remove %s", a)
				}
				msg.Remove = append(msg.Remove, types.RecordRef{Kind: kinds()[word], Key: key})
			}
			if len(msg.Records)+len(msg.Remove) == 0 {
				return term.Usage("name records, or --remove some", "nothing to set")
			}
			ctx, from, err := connect(cmd)
			if err != nil {
				return err
			}
			msg.Sender = from.String()
			return send(cmd, ctx, chaincmd.Plan{Title: "Set records", Rows: [][2]string{{"name", args[0]}, {"set", strings.Join(args[1:], " ")}, {"removed", strings.Join(remove, " ")}}}, msg)
		},
	}
	cmd.Flags().StringSliceVar(&remove, "remove", nil, "records to remove, KIND[:KEY]")
	return sending(cmd)
}

// resolved is the JSON form of resolve.
type resolved struct {
	Name      string   `json:"name"`
	Owner     string   `json:"owner"`
	ExpiresAt uint64   `json:"expires_at"`
	Grace     bool     `json:"grace"`
	Records   []record `json:"records"`
}

type record struct {
	Kind  string `json:"kind"`
	Key   string `json:"key,omitempty"`
	Value string `json:"value"`
}

// text writes a record's value as set reads it; a DHT key as hex.
func text(r types.Record) string {
	switch r.Kind {
	case types.KIND_PEER, types.KIND_SERVICE:
		k, err := trust.NewKey(trust.Ed25519, r.Value[:min(len(r.Value), 32)])
		if err != nil {
			break
		}
		if r.Kind == types.KIND_PEER {
			return k.PeerID()
		}
		return k.PeerID() + "/" + string(r.Value[32:])
	case types.KIND_CID:
		if _, c, err := cid.CidFromBytes(r.Value); err == nil {
			return c.String()
		}
	case types.KIND_DEAL:
		return "0x" + hex.EncodeToString(r.Value)
	case types.KIND_ACCOUNT, types.KIND_TEXT:
		return string(r.Value)
	}
	return hex.EncodeToString(r.Value)
}

func resolveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resolve NAME|ACCOUNT",
		Short: "Show what a name stands for, or the name of an account",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := chaincmd.Connect(cmd)
			if err != nil {
				return err
			}
			q := types.NewQueryClient(ctx)
			if _, err := sdk.AccAddressFromBech32(args[0]); err == nil {
				res, err := q.Reverse(cmd.Context(), &types.QueryReverseRequest{Account: args[0]})
				if err != nil {
					return err
				}
				return printed(cmd, map[string]string{"account": args[0], "name": res.Name}, res.Name)
			}
			if err := check(args[0]); err != nil {
				return err
			}
			res, err := q.Resolve(cmd.Context(), &types.QueryResolveRequest{Name: args[0]})
			if err != nil {
				return err
			}
			return show(cmd, res)
		},
	}
	chaincmd.ConnectFlags(cmd.Flags())
	return cmd
}

func show(cmd *cobra.Command, res *types.QueryResolveResponse) error {
	v := resolved{Name: res.Name.Name, Owner: res.Name.Owner, ExpiresAt: res.ExpiresAt, Grace: res.Grace, Records: []record{}}
	words := map[types.Kind]string{}
	for word, k := range kinds() {
		words[k] = word
	}
	until := time.Unix(int64(min(res.ExpiresAt, 1<<40)), 0).UTC().Format(time.RFC3339)
	rows := [][]string{{"owner", v.Owner}, {"until", until}}
	for _, r := range res.Name.Records {
		one := record{words[r.Kind], r.Key, text(r)}
		v.Records = append(v.Records, one)
		rows = append(rows, []string{strings.TrimSuffix(one.Kind+":"+one.Key, ":"), one.Value})
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil || asJSON {
		return errors.Join(err, term.JSON(cmd.OutOrStdout(), v))
	}
	return term.Table(cmd.OutOrStdout(), []string{"name", v.Name}, rows)
}
