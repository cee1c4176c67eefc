// SPDX-License-Identifier: Apache-2.0

package marine

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

func buildCommand() *cobra.Command {
	var description, out string
	cmd := &cobra.Command{
		Use:   "build FILE --interface DESCRIPTION -o OUT",
		Short: "Give a compiled module its interface types",
		Long: `Give a compiled WebAssembly module its interface types, from a description or,
without one, from what its SDK left in it. A description has one line per item:

  record Person { name: string, age: u8, tags: []string }
  greet(who: Person) -> string
  import db put(key: string, value: []u8) -> u64

  $ GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o greeting.wasm .
  $ fluenced marine build greeting.wasm --interface greeting.txt -o greeting.wasm`,
		Args: args("module"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return term.Usage("give -o FILE", "no output given")
			}
			wasm, m, err := readModule(cmd, args[0])
			if err != nil {
				return err
			}
			d, err := describe(m, description)
			if err != nil {
				return err
			}
			built, err := it.Embed(wasm, d, wasmbin.Limits{})
			if errors.Is(err, it.ErrMismatch) {
				err = term.Hint(err, "export allocate, release_objects, get_result_size, get_result_ptr, set_result_size, set_result_ptr and each described function")
			}
			if err != nil {
				return err
			}
			return replace(out, built)
		},
	}
	cmd.Flags().StringVar(&description, "interface", "", "file with the description of the interface")
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write; may be the module itself")
	return cmd
}

// describe reads a description from a file, else from the module.
func describe(m *wasmbin.Module, file string) (*it.Description, error) {
	if file == "" {
		d, ok, err := it.Described(m)
		if err == nil && !ok {
			err = errors.New("the module does not describe its interface")
		}
		return d, term.Hint(err, "give a description with --interface FILE")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d, err := it.ParseText(string(text))
	return d, term.Hint(err, "see: fluenced marine build --help")
}

// replace writes a file under another name first, so that a failure leaves what was there.
func replace(name string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".marine-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
