// SPDX-License-Identifier: Apache-2.0

package air

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// verdict is what `air check --json` prints.
type verdict struct {
	File         string      `json:"file"`
	Accepted     bool        `json:"accepted"`
	Instructions int         `json:"instructions"`
	Depth        int         `json:"depth"`
	Error        *parseError `json:"error"`
}

// parseError places the error of a script.
type parseError struct {
	Reason string `json:"reason"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Offset int    `json:"offset"`
	Source string `json:"source"`
}

func checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Say whether a script is accepted, and if not, where and why",
		Long: `Say whether a script is accepted. It prints nothing when it is; otherwise the
place and the reason go to standard error. FILE - is standard input.

  $ fluenced air check hello.air
  $ echo '(ap x y)' | fluenced air check -
  fluenced: error: -:1:5: variable 'x' wasn't defined
      1 | (ap x y)
        |     ^
  fluenced: hint: a name must be defined further up in the text`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := readFile(cmd, args[0])
			if err != nil {
				return err
			}
			return check(cmd.OutOrStdout(), args[0], src, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the verdict as JSON")
	return cmd
}

// check judges a script. With asJSON a refused script is still an error.
func check(w io.Writer, name, src string, asJSON bool) error {
	v := verdict{File: name}
	s, err := parse.Parse(src)
	if err == nil {
		v.Accepted, v.Instructions, v.Depth = true, s.Count, s.Depth
	}
	var e *parse.Error
	if errors.As(err, &e) {
		v.Error = &parseError{e.Reason, e.Line, e.Column, e.Pos, e.Source}
	}
	if asJSON {
		if err := term.JSON(w, v); err != nil {
			return err
		}
	}
	return explain(name, err)
}

// explain adds the file and a hint to the error of a script.
func explain(name string, err error) error {
	var e *parse.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := "see docs/spec/air-language.md"
	switch e.Class {
	case parse.Validity:
		hint = "a name must be defined further up in the text"
		if e.Line > 0 && e.Reason[0] != 'v' {
			hint = "the instruction is well-formed but can never run here"
		}
	case parse.Limit:
		hint = fmt.Sprintf("nest fewer instructions; %d levels are allowed", parse.MaxDepth)
	}
	return term.Hint(fmt.Errorf("%s:%w", name, err), "%s", hint)
}

func formatCommand() *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "fmt FILE",
		Short: "Lay a script out, one instruction a line",
		Long: `Lay a script out as the Aqua compiler does and print it, or with --write put it in
place of the file. Words and comments stay as they are. FILE - is standard input.

  $ echo '(seq (ap 1 x) (null)) ; why' | fluenced air fmt -
  (seq
   (ap 1 x)
   (null)
  ) ; why
  $ fluenced air fmt --write hello.air`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if write && name == "-" {
				return term.Usage("drop --write, or name a file", "standard input cannot be written to")
			}
			src, err := readFile(cmd, name)
			if err != nil {
				return err
			}
			text, err := parse.Format(src)
			if err != nil {
				return explain(name, err)
			}
			if write {
				return replace(name, text)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().BoolVarP(&write, "write", "w", false, "replace the file instead of printing")
	return cmd
}

// replace writes a file under a temporary name and renames it.
func replace(name, text string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
