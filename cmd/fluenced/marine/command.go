// SPDX-License-Identifier: Apache-2.0

// Package marine holds the commands `fluenced marine`: look into Wasm modules,
// give them interface types, and call services without a peer.
package marine

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// Command returns the command `marine` with what is below it.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "marine",
		Short: "Inspect, build and call Wasm modules",
		Long: `Inspect, build and call Marine modules: WebAssembly with interface types.

  $ fluenced marine build greeting.wasm --interface greeting.txt -o greeting.wasm
  $ fluenced marine call greeting.wasm greeting '["John"]'
  "Hi, John"`,
	}
	cmd.AddCommand(infoCommand(), itCommand(), aquaCommand(), genCommand(), buildCommand(), callCommand(), compileCommand())
	return cmd
}

// args is the argument rule of commands with fixed arguments.
func args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if len(got) < len(names) {
			return term.Usage("see: "+cmd.CommandPath()+" --help", "no %s given", names[len(got)])
		}
		if len(got) > len(names) {
			return term.Usage("see: "+cmd.CommandPath()+" --help", "unexpected argument %q", got[len(names)])
		}
		return nil
	}
}

// maxModuleBytes bounds a module's file.
const maxModuleBytes = 64 << 20

var errTooLong = errors.New("file is longer than 64 MiB")

// readModule reads and cuts a module; - is standard input.
func readModule(cmd *cobra.Command, name string) ([]byte, *wasmbin.Module, error) {
	var in io.Reader = cmd.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, term.Hint(err, "check the path, or give - for standard input")
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxModuleBytes+1))
	if err == nil && len(b) > maxModuleBytes {
		err = errTooLong
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	m, err := wasmbin.Parse(b, wasmbin.Limits{})
	if err != nil {
		return nil, nil, term.Hint(fmt.Errorf("%s: %w", name, err), "give a WebAssembly module in binary form")
	}
	return b, m, nil
}

// readInterface reads the interface types of a module.
func readInterface(cmd *cobra.Command, name string) (*it.Interface, service.Info, error) {
	_, m, err := readModule(cmd, name)
	if err != nil {
		return nil, service.Info{}, err
	}
	in, info, err := service.Inspect(name, m)
	return in, info, term.Hint(err, "a module gets its interface types from: fluenced marine build")
}
