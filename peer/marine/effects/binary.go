// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Codes of a binary that did not end by itself, as upstream gives them.
//
// Source: marine@1d94c294 core/src/host_imports.
const (
	CodeKilled   = 100000
	CodeNotBegun = 100001
)

// Binary is a program of the host that a module may run.
type Binary struct {
	Path      string        // absolute; not read when there is a Native
	Timeout   time.Duration // default 30 s
	MaxArgs   int           // bytes of all arguments; default 64 KiB
	MaxOutput int           // bytes of stdout and of stderr, each; default 1 MiB
	// Native stands in for a program: it gets the same arguments, ends with ctx, and
	// gives at most maxOutput bytes of each output.
	Native func(ctx context.Context, args []string, maxOutput int) BinaryResult
}

// BinaryResult is what a run gave.
type BinaryResult struct {
	Code           int32
	Error          string
	Stdout, Stderr []byte
}

// Run runs the binary without a shell, input or environment, in the root folder,
// and kills it and its children at the deadline. What it prints beyond the bound
// ends it.
func (b Binary) Run(ctx context.Context, args []string) BinaryResult {
	if err := b.check(args); err != nil {
		return BinaryResult{Code: CodeNotBegun, Error: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, or(b.Timeout, 30*time.Second))
	defer cancel()
	if b.Native != nil {
		return b.Native(ctx, args, or(b.MaxOutput, 1<<20))
	}
	cmd := exec.CommandContext(ctx, b.Path, args...)
	cmd.Env, cmd.Dir = []string{}, string(filepath.Separator)
	stdout, stderr := &capped{max: or(b.MaxOutput, 1<<20), stop: cancel}, &capped{max: or(b.MaxOutput, 1<<20), stop: cancel}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	apart(cmd)
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	res := BinaryResult{Stdout: stdout.b.Bytes(), Stderr: stderr.b.Bytes()}
	var exit *exec.ExitError
	switch {
	case stdout.full || stderr.full:
		res.Code, res.Error = CodeKilled, "more output than allowed"
	case ctx.Err() != nil:
		res.Code, res.Error = CodeKilled, "killed at its deadline"
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		res.Code, res.Error = CodeKilled, "killed by a signal"
	case errors.As(err, &exit):
		res.Code = int32(exit.ExitCode())
	case err != nil:
		res.Code, res.Error = CodeNotBegun, err.Error()
	}
	return res
}

func (b Binary) check(args []string) error {
	if b.Native == nil && !filepath.IsAbs(b.Path) {
		return fmt.Errorf("%w: path %q is not absolute", ErrBinary, b.Path)
	}
	total := 0
	for _, a := range args {
		if strings.ContainsRune(a, 0) {
			return fmt.Errorf("%w: an argument holds a zero byte", ErrBinary)
		}
		total += len(a) + 1
	}
	if limit := or(b.MaxArgs, 64<<10); total > limit {
		return fmt.Errorf("%w: %d bytes of arguments: at most %d", ErrBinary, total, limit)
	}
	return nil
}

func or[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// capped keeps the first max bytes and stops the program at the next.
type capped struct {
	b    bytes.Buffer
	max  int
	full bool
	stop func()
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.max-c.b.Len())
	c.b.Write(p[:n])
	if n < len(p) {
		c.full = true
		c.stop()
	}
	return len(p), nil
}
