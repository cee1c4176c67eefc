// SPDX-License-Identifier: Apache-2.0

package chaincmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cosmossdk.io/log/v2"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
)

// Status returns the command that shows how a validator is doing.
func Status() *cobra.Command {
	var asJSON bool
	var address string
	cmd := &cobra.Command{
		Use:  "status",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := cmd.Flags().GetString(flags.FlagHome)
			if err != nil {
				return err
			}
			if address == "" {
				conf, err := home.LoadClient(home.Dir(dir))
				if err != nil {
					return err
				}
				address = conf.Node
			}
			s, err := validator.StatusOf(cmd.Context(), address)
			if err != nil {
				return term.Hint(err, "is the validator running? fluenced start runs it; --node names another one")
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), s)
			}
			return printStatus(cmd, s)
		},
	}
	cmd.Flags().BoolVar(&asJSON, flagJSON, false, "print JSON")
	cmd.Flags().StringVar(&address, flags.FlagNode, "", "RPC address of the validator, tcp://HOST:PORT (default from client.toml)")
	return cmd
}

func printStatus(cmd *cobra.Command, s validator.Status) error {
	state := "in step"
	if s.CatchingUp {
		state = "catching up"
	}
	power := fmt.Sprint(s.VotingPower)
	if s.VotingPower == 0 {
		power = "0 (not a validator)"
	}
	return term.Table(cmd.OutOrStdout(), []string{"network", s.ChainID}, [][]string{
		{"name", s.Name},
		{"node id", s.NodeID},
		{"height", fmt.Sprint(s.Height)},
		{"block time", s.Time.Format(time.RFC3339)},
		{"state", state},
		{"peers", fmt.Sprint(s.Peers)},
		{"voting power", power},
	})
}

// validateCommand checks a genesis file with the application's own eyes.
func validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a genesis file, by default that of the home",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := cmd.Flags().GetString(flags.FlagHome)
			if err != nil {
				return err
			}
			path := home.Dir(dir).Genesis()
			if len(args) > 0 {
				path = args[0]
			}
			g, err := network.CheckGenesis(path)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is a genesis of %s\n", path, g.ChainID)
			return err
		},
	}
}

// Export returns the command that writes the state as a genesis.
func Export() *cobra.Command {
	var height int64
	var modules []string
	var output string
	cmd := &cobra.Command{
		Use: "export",
		Long: `Write the committed state of a stopped validator as a genesis that continues at the
next height. A height that pruning left may be named.

  fluenced export --output state.json
  fluenced export --height 1000 --modules bank,staking`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := cmd.Flags().GetString(flags.FlagHome)
			if err != nil {
				return err
			}
			doc, err := exported(home.Dir(dir), height, modules)
			if err != nil {
				return err
			}
			if output == "" {
				_, err = cmd.OutOrStdout().Write(doc)
				return err
			}
			return writeFile(output, doc)
		},
	}
	cmd.Flags().Int64Var(&height, "height", 0, "block height, 0 for the newest")
	cmd.Flags().StringSliceVar(&modules, "modules", nil, "only these modules (default all)")
	cmd.Flags().StringVar(&output, "output", "", "file to write (default standard output)")
	return cmd
}

func exported(d home.Dir, height int64, modules []string) (doc []byte, err error) {
	s, err := home.Load(d)
	if err != nil {
		return nil, err
	}
	g, err := home.ReadGenesis(d.Genesis())
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(d.Join("data", "application.db")); err != nil {
		return nil, term.Hint(fmt.Errorf("no state in %s", d.Join("data")), "a validator that never ran has only its genesis: %s", d.Genesis())
	}
	db, err := validator.OpenState(s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	a, err := app.Open(log.NewNopLogger(), db, height == 0, s.Values, server.DefaultBaseappOptions(s.Values)...)
	if err != nil {
		return nil, err
	}
	if height != 0 {
		if err := a.LoadHeight(height); err != nil {
			return nil, term.Hint(fmt.Errorf("height %d: %w", height, err), "pruning keeps only some heights; see pruning in %s", d.App())
		}
	}
	state, err := a.ExportAppStateAndValidators(false, nil, modules)
	if err != nil {
		return nil, err
	}
	g.AppState, g.InitialHeight = state.AppState, state.Height
	g.Consensus = genutiltypes.NewConsensusGenesis(state.ConsensusParams, state.Validators)
	doc, err = json.MarshalIndent(g, "", "  ")
	return append(doc, '\n'), err
}

// writeFile writes the whole file or none of it.
func writeFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+strings.TrimPrefix(filepath.Base(path), ".")+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
