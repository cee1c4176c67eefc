// SPDX-License-Identifier: Apache-2.0

package marine

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/marine/gen"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

func genCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "gen DIR",
		Short: "Write the glue between Go functions and Marine",
		Long: `Write ` + gen.Glue + ` and marine.txt into a folder of Go sources: the exports and
imports of a module over the package guest, and the description of its interface.

  //marine:export [name]     above a function exports it
  //marine:import MODULE     above an interface type imports its methods

  $ fluenced marine gen greeting
  $ cd greeting && GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o greeting.wasm .
  $ fluenced marine build greeting.wasm --interface marine.txt -o greeting.wasm`,
		Args: args("folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			glue, description, err := gen.Package(args[0])
			if errors.Is(err, os.ErrNotExist) {
				return term.Hint(err, "give a folder with the Go sources of one module")
			}
			if err != nil {
				return err
			}
			if err := replace(filepath.Join(args[0], gen.Glue), glue); err != nil {
				return err
			}
			return replace(filepath.Join(args[0], "marine.txt"), []byte(description))
		},
	}
}
