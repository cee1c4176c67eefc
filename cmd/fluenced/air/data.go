// SPDX-License-Identifier: Apache-2.0

package air

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/air/data"
)

func dataCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "data",
		Short: "Print particle data as readable JSON",
		Long: `Print particle data from standard input, raw or in base64, as readable JSON: the
trace, the stores, the signatures. Nothing is verified but the encoding.

  $ fluenced air invoke < step.json | jq -r .data | fluenced air data
  {
    "data": {
      "cid_info": {
        ...
  $ fluenced air data < particle.bin`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dump(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

// dump prints the particle data that r holds.
func dump(r io.Reader, w io.Writer) error {
	b, err := readAll(r)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return term.Hint(fmt.Errorf("no particle data on standard input"), "empty data is a particle that nobody ran yet")
	}
	// Raw data starts with a byte that base64 does not have.
	if text, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(b))); err == nil {
		b = text
	}
	d, err := data.Decode(b, data.DefaultLimits())
	if err != nil {
		return term.Hint(err, "give particle data as a peer sends it, raw or in base64")
	}
	return data.Dump(w, d)
}
