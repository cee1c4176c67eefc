// SPDX-License-Identifier: Apache-2.0

package chaincmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
)

// maxAnswer bounds how much of a command's output is kept for its verdict.
const maxAnswer = 1 << 20

// verdicts wraps every command below tx so that a refused transaction is a failure:
// the SDK prints the refusal and reports success.
func verdicts(cmd *cobra.Command) *cobra.Command {
	for _, sub := range cmd.Commands() {
		verdicts(sub)
	}
	run := cmd.RunE
	if run == nil || cmd.HasSubCommands() {
		return cmd
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := defaultFees(cmd); err != nil {
			return err
		}
		answer := &head{w: cmd.OutOrStdout()}
		if ctx, ok := cmd.Context().Value(client.ClientContextKey).(*client.Context); ok {
			*ctx = ctx.WithOutput(answer)
		}
		if err := run(cmd, args); err != nil {
			return err
		}
		return verdict(answer.Bytes())
	}
	return cmd
}

// Fees when the caller names none: what the transaction is estimated to need and
// half as much again, at twice the least price, so that a rising base fee does not
// strand it. What is left over is not charged.
const gasAdjustment = "1.5"

// defaultFees fills in gas and its price where no flag about fees was given.
func defaultFees(cmd *cobra.Command) error {
	fs := cmd.Flags()
	for _, name := range []string{flags.FlagGas, flags.FlagFees, flags.FlagGasPrices, flags.FlagGasAdjustment} {
		if f := fs.Lookup(name); f == nil || f.Changed {
			return nil
		}
	}
	if f := fs.Lookup(flags.FlagOffline); f != nil && f.Value.String() == "true" {
		return nil
	}
	return errors.Join(
		fs.Set(flags.FlagGas, flags.GasFlagAuto),
		fs.Set(flags.FlagGasAdjustment, gasAdjustment),
		fs.Set(flags.FlagGasPrices, fmt.Sprintf("%d%s", 2*app.MinGasPrice, params.BaseDenom)),
	)
}

// head passes everything on and keeps the beginning.
type head struct {
	bytes.Buffer
	w io.Writer
}

// Write passes b on.
func (h *head) Write(b []byte) (int, error) {
	if room := maxAnswer - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(b[:min(room, len(b))])
	}
	return h.w.Write(b)
}

// verdict returns an error when text is the answer to a broadcast that was refused.
func verdict(text []byte) error {
	var res struct {
		Code      *uint32 `json:"code"`
		Codespace string  `json:"codespace"`
		RawLog    string  `json:"raw_log"`
		TxHash    string  `json:"txhash"`
	}
	doc, err := yaml.YAMLToJSON(text)
	if err != nil || json.Unmarshal(doc, &res) != nil || res.TxHash == "" || res.Code == nil || *res.Code == 0 {
		return nil //nolint:nilerr // other output, such as an unsigned transaction, has no verdict
	}
	return fmt.Errorf("transaction refused: %s (%s %d)", res.RawLog, res.Codespace, *res.Code)
}
