// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cosmossdk.io/log/v2"
	cmtcmd "github.com/cometbft/cometbft/cmd/cometbft/commands"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
)

func rollbackCommand() *cobra.Command {
	var hard bool
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Take the newest block's effects back",
		Long: `Take the effects of the newest block back, in the state of the application and in
that of consensus, so that the next start executes the block again: for a validator
whose app hash differed from the others', after the program or its upgrade was put
right. --hard removes the block as well, and fetches it again from the others.

What was signed stays signed: the file that keeps a validator from signing twice is
left alone. The validator must be stopped.

  fluenced state rollback --home ./validator-0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, unlock, err := stopped(cmd)
			if err != nil {
				return err
			}
			defer unlock()
			height, hash, err := rollback(dir, hard)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "state is that of height %d, app hash %X\n", height, hash)
			return err
		},
	}
	cmd.Flags().BoolVar(&hard, "hard", false, "remove the block too")
	return cmd
}

func rollback(dir home.Dir, hard bool) (height int64, hash []byte, err error) {
	s, err := home.Load(dir)
	if err != nil {
		return 0, nil, err
	}
	db, err := validator.OpenState(s)
	if err != nil {
		return 0, nil, err
	}
	a, err := app.Open(log.NewNopLogger(), db, true, s.Values)
	if err != nil {
		return 0, nil, errors.Join(err, db.Close())
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	height, hash, err = cmtcmd.RollbackState(s.Comet, hard)
	if err != nil {
		return 0, nil, term.Hint(fmt.Errorf("roll consensus back: %w", err), "a validator that never made two blocks has nothing to take back")
	}
	if a.LastBlockHeight() <= height {
		return height, hash, nil // it had not committed the block yet
	}
	if err := a.CommitMultiStore().RollbackToVersion(height); err != nil {
		return 0, nil, term.Hint(fmt.Errorf("roll the application back to height %d: %w", height, err), "pruning may have removed it; sync the validator anew: fluenced state reset")
	}
	return height, hash, nil
}

func resetCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Remove the chain's data and keep keys and configuration",
		Long: `Remove blocks, state and index of a stopped validator, so that the next start syncs
from the others. Keys, configuration, the address book and the file that keeps the
validator from signing twice stay.

  fluenced state reset --home ./validator-0 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, unlock, err := stopped(cmd)
			if err != nil {
				return err
			}
			defer unlock()
			if !yes {
				return term.Usage("add --yes if that is meant", "blocks and state in %s would be removed", dir.Join("data"))
			}
			removed, err := reset(dir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "removed %d databases and files from %s\n", removed, dir.Join("data"))
			return err
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}

// reset removes everything from the data folder but what must outlive it.
func reset(dir home.Dir) (removed int, err error) {
	s, err := home.Load(dir)
	if err != nil {
		return 0, err
	}
	keep := map[string]bool{filepath.Base(s.Comet.PrivValidatorStateFile()): true, validator.LockFile: true}
	data := dir.Join("data")
	entries, err := os.ReadDir(data)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if keep[e.Name()] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(data, e.Name())); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// stopped returns the home that a command names, locked against a validator.
func stopped(cmd *cobra.Command) (home.Dir, func(), error) {
	name, err := cmd.Flags().GetString("home")
	if err != nil {
		return "", nil, err
	}
	dir := home.Dir(name)
	if !dir.Exists() {
		return "", nil, term.Usage("name a validator's home with --home", "no home in %s", name)
	}
	unlock, err := validator.Lock(dir)
	return dir, unlock, err
}
