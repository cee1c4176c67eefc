// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/air"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fluenced": func() {
		root := &cobra.Command{Use: "fluenced", SilenceUsage: true, SilenceErrors: true}
		root.AddCommand(air.Command())
		os.Exit(term.Report(os.Stderr, root.ExecuteContext(context.Background())))
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
