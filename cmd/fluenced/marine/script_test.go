// SPDX-License-Identifier: Apache-2.0

package marine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/marine"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fluenced": func() {
		root := &cobra.Command{Use: "fluenced", SilenceUsage: true, SilenceErrors: true}
		root.AddCommand(marine.Command())
		os.Exit(term.Report(os.Stderr, root.ExecuteContext(context.Background())))
	}})
}

func TestScripts(t *testing.T) {
	core := guests.Core(t, "small")
	cache := t.TempDir()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		e.Setenv("CACHE", cache)
		return os.WriteFile(filepath.Join(e.WorkDir, "core.wasm"), core, 0o600)
	}})
}
