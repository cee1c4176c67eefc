// SPDX-License-Identifier: Apache-2.0

package chaincmd

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	sdkmath "cosmossdk.io/math"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// How long and how often Send looks for its transaction in a block.
const (
	inclusionTimeout = time.Minute
	inclusionEvery   = 300 * time.Millisecond
)

// ErrDeclined reports that the person answered no; nothing was sent.
var ErrDeclined = errors.New("nothing was signed or sent")

// RefusedError reports that the chain would refuse a transaction: nothing was sent.
type RefusedError struct {
	Reason string // without what the layers below put around it
	Err    error
}

// Error returns the reason.
func (e *RefusedError) Error() string { return "the chain would refuse: " + e.Reason }

// Unwrap returns the whole error.
func (e *RefusedError) Unwrap() error { return e.Err }

// reason takes off an error what the layers of a simulation put around it.
func reason(err error) string {
	text := err.Error()
	for strings.HasPrefix(text, "rpc error: code = ") {
		_, rest, ok := strings.Cut(text, " desc = ")
		if !ok {
			break
		}
		text = rest
	}
	if at := strings.LastIndex(text, " with gas used: "); at >= 0 {
		text = text[:at]
	}
	if _, rest, ok := strings.Cut(text, "failed to execute message; message index: "); ok {
		if _, rest, ok = strings.Cut(rest, ": "); ok {
			text = rest
		}
	}
	return text
}

// ConnectFlags adds the flags of commands that read the chain through a validator.
func ConnectFlags(fs *pflag.FlagSet) {
	fs.String(flags.FlagNode, "", "RPC address of the validator, tcp://HOST:PORT (default from client.toml)")
	fs.String(flags.FlagChainID, "", "name of the network (default from client.toml)")
	fs.String(flags.FlagFrom, "", "name or address of the account (default from client.toml)")
	fs.String(flags.FlagKeyringBackend, "", "where keys are kept: os, file or test (default from client.toml)")
	fs.String(flags.FlagKeyringDir, "", "folder of the keys (default the home)")
	fs.Bool(flagJSON, false, "print JSON")
}

// SendFlags adds the flags of commands that send a transaction by Send, besides those of ConnectFlags.
func SendFlags(fs *pflag.FlagSet) {
	fs.BoolP(flags.FlagSkipConfirmation, "y", false, "do not ask before signing")
	fs.Uint64(flags.FlagGas, 0, "gas limit (default half as much again as estimated)")
	fs.String(flags.FlagGasPrices, "", "price of gas (default twice the least)")
	fs.String(flags.FlagFeeGranter, "", "account that granted to pay the fees")
	fs.String(flags.FlagNote, "", "public note on the transaction")
	fs.Bool(flags.FlagGenerateOnly, false, "print the unsigned transaction instead of sending it")
}

// Connect returns a client of the validator that the command's flags and client.toml name.
func Connect(cmd *cobra.Command) (client.Context, error) { return prepare(cmd) }

// Sender returns the account that --from or client.toml names.
func Sender(cmd *cobra.Command, ctx client.Context) (sdk.AccAddress, string, error) {
	from := flagOr(cmd, flags.FlagFrom, ctx.KeyringDefaultKeyName)
	if from == "" {
		return nil, "", term.Usage("name the account with --from; fluenced keys list shows those of this home", "no account given")
	}
	ctx.KeyringDefaultKeyName = ""
	ctx.GenerateOnly = flagOr(cmd, flags.FlagGenerateOnly, "") == "true"
	addr, name, _, err := client.GetFromFields(ctx, ctx.Keyring, from)
	return addr, name, term.Hint(err, "fluenced keys list shows the keys of this home and --keyring-backend")
}

// Plan is what a person reads before a transaction is signed.
type Plan struct {
	Title string      // what is done, without a period
	Rows  [][2]string // what it is done with, and what it costs
	Notes []string    // consequences
}

// show writes the plan with the greatest fee.
func (p Plan) show(w io.Writer, fee string) error {
	rows := make([][]string, 0, len(p.Rows)+1)
	for _, r := range append(p.Rows, [2]string{"fee at most", fee}) {
		rows = append(rows, []string{"  " + r[0], r[1]})
	}
	if err := term.Table(w, []string{p.Title + ":"}, rows); err != nil {
		return err
	}
	for _, n := range p.Notes {
		if _, err := fmt.Fprintf(w, "  note: %s\n", n); err != nil {
			return err
		}
	}
	return nil
}

// Outcome is a transaction in a block.
type Outcome struct {
	Hash      string // hexadecimal
	Height    int64
	Responses []*cdctypes.Any // of the messages, in their order
	Printed   bool            // --generate-only: printed, not sent; all else is empty
}

// Response decodes the answer to message i.
func (o Outcome) Response(i int, into proto.Message) error {
	if i >= len(o.Responses) {
		return fmt.Errorf("transaction %s answers %d messages", o.Hash, len(o.Responses))
	}
	return proto.Unmarshal(o.Responses[i].Value, into)
}

// Send shows the plan on stderr, asks unless --yes, signs msgs as the sender in one
// transaction and waits until a block has it. A refusal is an error.
//
// Errors: ErrDeclined.
func Send(cmd *cobra.Command, ctx client.Context, plan Plan, msgs ...sdk.Msg) (Outcome, error) {
	addr, name, err := Sender(cmd, ctx)
	if err != nil {
		return Outcome{}, err
	}
	ctx = ctx.WithFrom(addr.String()).WithFromAddress(addr).WithFromName(name)
	txf, err := factory(cmd, ctx)
	if err != nil {
		return Outcome{}, err
	}
	if flagOr(cmd, flags.FlagGenerateOnly, "") == "true" {
		return Outcome{Printed: true}, txf.WithGas(max(txf.Gas(), flags.DefaultGasLimit)).PrintUnsignedTx(ctx, msgs...)
	}
	if txf, err = txf.Prepare(ctx); err != nil {
		return Outcome{}, err
	}
	if txf.Gas() == 0 {
		_, gas, err := tx.CalculateGas(ctx, txf, msgs...)
		if err != nil {
			return Outcome{}, &RefusedError{reason(err), err}
		}
		txf = txf.WithGas(gas)
	}
	if err := plan.show(cmd.ErrOrStderr(), fee(txf)); err != nil {
		return Outcome{}, err
	}
	if err := confirm(cmd); err != nil {
		return Outcome{}, err
	}
	b, err := txf.BuildUnsignedTx(msgs...)
	if err != nil {
		return Outcome{}, err
	}
	if err := tx.Sign(cmd.Context(), txf, name, b, true); err != nil {
		return Outcome{}, err
	}
	raw, err := ctx.TxConfig.TxEncoder()(b.GetTx())
	if err != nil {
		return Outcome{}, err
	}
	return broadcast(cmd.Context(), ctx, raw)
}

// factory reads what a transaction is made with from the flags.
func factory(cmd *cobra.Command, ctx client.Context) (tx.Factory, error) {
	gas, err := cmd.Flags().GetUint64(flags.FlagGas)
	if err != nil {
		return tx.Factory{}, err
	}
	adjustment, err := strconv.ParseFloat(gasAdjustment, 64)
	if err != nil {
		return tx.Factory{}, err
	}
	prices := flagOr(cmd, flags.FlagGasPrices, fmt.Sprintf("%d%s", 2*app.MinGasPrice, params.BaseDenom))
	if _, err := sdk.ParseDecCoins(prices); err != nil {
		return tx.Factory{}, term.Usage("write it like 2000000000aflt", "--gas-prices %s: %w", prices, err)
	}
	txf := tx.Factory{}.WithTxConfig(ctx.TxConfig).WithAccountRetriever(ctx.AccountRetriever).WithKeybase(ctx.Keyring).
		WithChainID(ctx.ChainID).WithFromName(ctx.FromName).WithGas(gas).WithGasAdjustment(adjustment).
		WithSimulateAndExecute(true).WithGasPrices(prices).WithMemo(flagOr(cmd, flags.FlagNote, ""))
	if granter := flagOr(cmd, flags.FlagFeeGranter, ""); granter != "" {
		addr, err := sdk.AccAddressFromBech32(granter)
		if err != nil {
			return txf, term.Usage("write it like fluence1...", "--fee-granter %s: %w", granter, err)
		}
		txf = txf.WithFeeGranter(addr)
	}
	return txf, nil
}

// fee returns what a transaction pays at most, for people.
func fee(txf tx.Factory) string {
	var parts []string
	for _, p := range txf.GasPrices() {
		amount := p.Amount.MulInt(sdkmath.NewIntFromUint64(txf.Gas())).Ceil().TruncateInt()
		parts = append(parts, Amount(sdk.NewCoin(p.Denom, amount)))
	}
	return strings.Join(parts, ", ")
}

// Amount writes a coin for people: aflt as FLT, uusd as USD, nothing rounded.
func Amount(c sdk.Coin) string {
	unit, ok := map[string]struct {
		name   string
		digits int
	}{params.BaseDenom: {"FLT", 18}, params.StableDenom: {"USD", 6}}[c.Denom]
	if !ok {
		return c.String()
	}
	text := c.Amount.String()
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	if len(text) <= unit.digits {
		text = strings.Repeat("0", unit.digits+1-len(text)) + text
	}
	whole, part := text[:len(text)-unit.digits], strings.TrimRight(text[len(text)-unit.digits:], "0")
	if part != "" {
		whole += "." + part
	}
	return sign + whole + " " + unit.name
}

// confirm asks whether to sign.
func confirm(cmd *cobra.Command) error {
	if yes, err := cmd.Flags().GetBool(flags.FlagSkipConfirmation); err != nil || yes {
		return err
	}
	if _, err := fmt.Fprint(cmd.ErrOrStderr(), "sign and send? [y/N] "); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 64)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return term.Hint(ErrDeclined, "answer y, or give --yes where nobody can answer")
}

// broadcast sends a signed transaction and waits until a block has it.
func broadcast(ctx context.Context, c client.Context, raw []byte) (Outcome, error) {
	res, err := c.WithBroadcastMode(flags.BroadcastSync).BroadcastTx(raw)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Hash: res.TxHash}
	if err := accepted(res); err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, inclusionTimeout)
	defer cancel()
	tick := time.NewTicker(inclusionEvery)
	defer tick.Stop()
	for {
		if res, err = authtx.QueryTx(c, out.Hash); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return out, term.Hint(fmt.Errorf("transaction %s is in no block yet: %w", out.Hash, ctx.Err()), "look again with fluenced query tx %s", out.Hash)
		case <-tick.C:
		}
	}
	out.Height = res.Height
	if err := accepted(res); err != nil {
		return out, err
	}
	data, err := hex.DecodeString(res.Data)
	if err != nil {
		return out, err
	}
	var answers sdk.TxMsgData
	if err := proto.Unmarshal(data, &answers); err != nil {
		return out, err
	}
	out.Responses = answers.MsgResponses
	return out, nil
}

func accepted(res *sdk.TxResponse) error {
	if res.Code == 0 {
		return nil
	}
	return fmt.Errorf("transaction refused: %s (%s %d)", res.RawLog, res.Codespace, res.Code)
}
