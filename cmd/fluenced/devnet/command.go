// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	fterm "github.com/go-fluence/fluence/cmd/fluenced/term"
)

// defaultDir is where a devnet lives when neither --home nor the variable names a folder.
const defaultDir = ".devnet"

// Command returns the command that runs a network on this machine.
func Command() *cobra.Command {
	var opts Options
	cmd := &cobra.Command{
		Use:   "devnet",
		Short: "Run a whole network on this machine, to try things out",
		Long: `Run a network of real processes on loopback until Ctrl-C: validators, and accounts
with coins whose keys everyone knows. devnet.json in the folder says where
everything is. The same --home started again continues the same chain.

  fluenced devnet --home ./devnet
  fluenced devnet --home ./four --validators 4 --epoch 30s`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := cmd.Flags().GetString("home")
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("home") && os.Getenv(home.Environ) == "" {
				dir = defaultDir
			}
			opts.Dir = dir
			if err := opts.check(cmd); err != nil {
				return err
			}
			errOut := cmd.ErrOrStderr()
			return Run(cmd.Context(), opts, errOut, isTerminal(cmd.OutOrStdout()) && isTerminal(errOut), func(info Info, is Options) {
				_ = screen(cmd.OutOrStdout(), info, is.Epoch, is.Dir)
			})
		},
	}
	cmd.Flags().IntVar(&opts.Validators, "validators", defaultValidators, fmt.Sprintf("validators, 1 to %d", maxValidators))
	cmd.Flags().DurationVar(&opts.Epoch, "epoch", defaultEpoch, "length of an epoch, whole seconds")
	cmd.Flags().BoolVar(&opts.Demo, "demo", true, "set up an offer, pledged capacity, an app and a deal")
	cmd.Flags().StringVar(&opts.App, "app", "", "file of the demo's app (default demo/guestbook.car beside the program)")
	return cmd
}

// check refuses impossible shapes; flags that were not given leave the shape open.
func (o *Options) check(cmd *cobra.Command) error {
	if o.Validators < 1 || o.Validators > maxValidators {
		return fterm.Usage(fmt.Sprintf("1 to %d fit on one machine", maxValidators), "--validators %d", o.Validators)
	}
	if o.Epoch < time.Second || o.Epoch%time.Second != 0 || o.Epoch > 30*24*time.Hour {
		return fterm.Usage("whole seconds, from 1s to 720h", "--epoch %s", o.Epoch)
	}
	if !cmd.Flags().Changed("validators") {
		o.Validators = 0
	}
	if !cmd.Flags().Changed("epoch") {
		o.Epoch = 0
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
