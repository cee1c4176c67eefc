// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/prover/miner"
)

// mineCommand is the process that searches proofs of one unit for a peer.
func mineCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "mine",
		Short:  "Search capacity proofs for a parent process (not for people)",
		Hidden: true,
		Long: `Reads one search from standard input as a line of JSON, writes proofs and hash
rates to standard output, a line of JSON each, and ends when the input ends. The
peer starts one for each of its idle units.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			debug.SetMemoryLimit(heapLimit)
			// A terminal's interrupt reaches children too; the parent ends this one.
			signal.Ignore(os.Interrupt, syscall.SIGTERM)
			err := miner.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			if errors.Is(err, miner.ErrSpec) {
				return term.Hint(err, "fluenced peer start starts such processes by itself")
			}
			return err
		},
	}
}
