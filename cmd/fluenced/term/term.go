// SPDX-License-Identifier: Apache-2.0

// Package term is how the commands of fluenced speak to a person or a program:
// errors with a hint, JSON documents, aligned tables. It never reads the
// terminal, never colors, and never prints a Go stack.
package term

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Exit codes of fluenced.
const (
	ExitDone   = 0 // what was asked for was done
	ExitFailed = 1 // it was understood but did not work
	ExitUsage  = 2 // it was not understood
)

// HintError is an error together with what its reader can do about it.
type HintError struct {
	Err  error  // what went wrong, lower case, no period
	Hint string // what to do, lower case, no period; "" for none
	Code int    // exit code, ExitFailed or ExitUsage
}

// Error returns the text of what went wrong, without the hint.
func (e *HintError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *HintError) Unwrap() error { return e.Err }

// Hint wraps err with advice; a nil err gives nil.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &HintError{Err: err, Hint: fmt.Sprintf(format, args...), Code: ExitFailed}
}

// Usage reports a wrong call of a command, with exit code ExitUsage.
func Usage(hint, format string, args ...any) error {
	return &HintError{Err: fmt.Errorf(format, args...), Hint: hint, Code: ExitUsage}
}

// Report writes err as fluenced does, one line for the error and one for the
// hint, and returns the exit code. A nil err writes nothing and is ExitDone.
func Report(w io.Writer, err error) int {
	if err == nil {
		return ExitDone
	}
	_, _ = fmt.Fprintf(w, "fluenced: error: %s\n", oneLine(err.Error()))
	var he *HintError
	if !errors.As(err, &he) {
		return ExitFailed
	}
	if he.Hint != "" {
		_, _ = fmt.Fprintf(w, "fluenced: hint: %s\n", oneLine(he.Hint))
	}
	return he.Code
}

// oneLine keeps a multi-line text readable: the lines after the first are indented.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}

// JSON writes v as one indented JSON document without HTML escapes.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Table writes rows under head in aligned columns. Nothing is truncated.
func Table(w io.Writer, head []string, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(tw, strings.Join(head, "\t")); err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := fmt.Fprintln(tw, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return tw.Flush()
}
