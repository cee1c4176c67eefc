// SPDX-License-Identifier: Apache-2.0

package marine

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/marine/engine"
)

// Limits of the process that compiles.
const (
	compileMemory  = 3 << 30 // bytes of address space
	compileSeconds = 60      // of processor time
)

// compileCommand is the child process of engine.Apart.
func compileCommand() *cobra.Command {
	var cache string
	var memory, seconds uint64
	cmd := &cobra.Command{
		Use:    "compile",
		Short:  "Compile a metered module from standard input into a cache (used by the peer)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cache == "" {
				return term.Usage("give --cache DIR", "no cache given")
			}
			if err := limit(memory, seconds); err != nil {
				return err
			}
			metered, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 2*maxModuleBytes))
			if err != nil {
				return err
			}
			return engine.Fill(cmd.Context(), cache, metered)
		},
	}
	cmd.Flags().StringVar(&cache, "cache", "", "directory of compiled code")
	cmd.Flags().Uint64Var(&memory, "memory", compileMemory, "bytes of address space, 0 for no limit")
	cmd.Flags().Uint64Var(&seconds, "cpu", compileSeconds, "seconds of processor time, 0 for no limit")
	return cmd
}

// apart returns how an engine has its modules compiled by this program.
func apart(cache string) (engine.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return engine.Config{}, err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return engine.Config{}, err
	}
	a := engine.Apart{Command: []string{self, "marine", "compile", "--cache", cache}, Dir: cache}
	return engine.Config{CacheDir: cache, Precompile: a.Precompile}, nil
}
