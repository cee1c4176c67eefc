// SPDX-License-Identifier: Apache-2.0

// Package air holds the commands `fluenced air`: check and lay out scripts, run
// one step of the interpreter, and read particle data. They work on files and
// streams alone and need no home, peer or chain.
package air

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// Command returns the command `air` with what is below it.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "air",
		Short: "Check, lay out and run AIR scripts",
		Long: `Check, lay out and run AIR scripts, the language that Aqua compiles to.

  $ fluenced air check hello.air
  $ echo '(seq (null)(null))' | fluenced air fmt -
  (seq
   (null)
   (null)
  )`,
	}
	cmd.AddCommand(checkCommand(), formatCommand(), invokeCommand(), dataCommand())
	return cmd
}

// maxFileBytes bounds what is read of a file or a stream that should be small.
const maxFileBytes = 256 << 20

// oneFile is the argument rule of commands that take a file.
func oneFile(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return term.Usage("give a file, or - for standard input", "no file given")
	case 1:
		return nil
	}
	return term.Usage("see: "+cmd.CommandPath()+" --help", "%d files given, one expected", len(args))
}

// noArgs is the argument rule of commands that read standard input.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return term.Usage("it reads standard input; see: "+cmd.CommandPath()+" --help", "unexpected argument %q", args[0])
	}
	return nil
}

// readFile reads a file, or standard input for "-".
func readFile(cmd *cobra.Command, name string) (string, error) {
	if name == "-" {
		b, err := readAll(cmd.InOrStdin())
		return string(b), err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", term.Hint(err, "check the path, or give - for standard input")
	}
	b, err := readAll(f)
	_ = f.Close()
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return string(b), nil
}

// errTooLong means that an input is beyond maxFileBytes.
var errTooLong = errors.New("input is longer than 256 MiB")

// readAll reads a stream to its end within maxFileBytes.
func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err == nil && len(b) > maxFileBytes {
		err = errTooLong
	}
	return b, err
}
