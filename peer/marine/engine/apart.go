// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
)

// ErrApart says that the process that compiles apart failed or passed its limits.
var ErrApart = errors.New("module does not compile within its limits")

// Fill compiles a metered module into a cache directory and keeps nothing in
// memory. It is what the child process of Apart does.
//
// Errors: ErrInvalid.
func Fill(ctx context.Context, dir string, metered []byte) error {
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return fmt.Errorf("open the cache of compiled code: %w", err)
	}
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCompilationCache(cache).WithCoreFeatures(Features))
	_, err = rt.CompileModule(ctx, metered)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return errors.Join(err, rt.Close(ctx), cache.Close(ctx))
}

// Apart compiles modules in a child process, which limits its own memory and
// processor time, so that a module that explodes while it is compiled takes
// nothing else with it.
type Apart struct {
	Command []string      // reads the metered module from standard input and calls Fill for Dir
	Dir     string        // the engine's CacheDir
	Timeout time.Duration // by the clock; default 2 min
}

// Precompile is for Config.Precompile. What was compiled before is not compiled again.
//
// Errors: ErrApart, with what the child said.
func (a Apart) Precompile(ctx context.Context, metered []byte) error {
	sum := sha256.Sum256(metered)
	mark := filepath.Join(a.Dir, hex.EncodeToString(sum[:])+".done")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	timeout := a.Timeout
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.Command[0], a.Command[1:]...)
	cmd.Stdin, cmd.WaitDelay = bytes.NewReader(metered), time.Second
	said := &tail{}
	cmd.Stderr = said
	if err := cmd.Run(); err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(string(said.b)), "\n")
		return fmt.Errorf("%w: %w: %s", ErrApart, err, text)
	}
	return os.WriteFile(mark, nil, 0o600)
}

// tail keeps the first bytes of what a child says.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), 4096-min(len(t.b), 4096))]...)
	return len(p), nil
}
