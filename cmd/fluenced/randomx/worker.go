// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
	"github.com/go-fluence/fluence/proofs/capacity/randomx/worker"
)

// heapLimit bounds the Go heap of a worker, in bytes. What it computes with is
// off the heap and bounded by the number of caches.
const heapLimit = 64 << 20

// codeSize is more than the compiled code of one cache takes, in bytes.
const codeSize = 1 << 20

func workerCommand() *cobra.Command {
	var (
		name   string
		caches int
	)
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Serve hashes to a parent process (not for people)",
		Long: `Reads framed requests from standard input and answers on standard output until
the input ends. The validator and the peer start such workers by themselves.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := paramsFlag(name)
			if err != nil {
				return err
			}
			if caches < 1 || caches > 64 {
				return term.Usage("use --caches 1 to 64", "%d caches", caches)
			}
			debug.SetMemoryLimit(heapLimit)
			limit := uint64(caches)*(randomx.CacheSize+codeSize) + randomx.ScratchSize
			e, err := worker.NewEngine(p, caches, randomx.Memory{Budget: randomx.NewBudget(limit)})
			if err != nil {
				return err
			}
			defer func() { _ = e.Close() }()
			return worker.Serve(cmd.Context(), p.Name(), e, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&name, "params", "fluence", "parameter set: fluence or stock")
	cmd.Flags().IntVar(&caches, "caches", 1, "caches kept, 256 MiB each")
	return cmd
}
