// SPDX-License-Identifier: Apache-2.0

// Command fluenced is all of Fluence in one program: a validator of the chain, the
// particle peer beside it, and the commands with which people use both.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-fluence/fluence/cmd/fluenced/supervise"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx = supervise.Follow(ctx, os.Stdin)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot(args)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	return term.Report(errOut, explain(root.ExecuteContext(ctx)))
}
