// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/supervise"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer"
)

// Command returns the command that runs or inspects the validator process alone.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "node",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(runCommand(), keyCommand(), vrfCommand())
	return cmd
}

func dirOf(cmd *cobra.Command) (home.Dir, error) {
	dir, err := cmd.Flags().GetString("home")
	return home.Dir(dir), err
}

func runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the validator process in the foreground, without its peer",
		Long: `Run consensus, the application and their servers in this process until SIGINT or
SIGTERM. fluenced start does the same in a supervised process, with the peer
beside it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := dirOf(cmd)
			if err != nil {
				return err
			}
			return Run(cmd.Context(), dir, cmd.OutOrStdout(), func() {
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "fluenced: node is ready")
			})
		},
	}
}

// keyCommand shows who this validator is to others.
func keyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "id",
		Short: "Show the node id and the consensus key of this home",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := dirOf(cmd)
			if err != nil {
				return err
			}
			id, err := Identify(dir)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), id)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "node id        %s\nconsensus key  %s\naddress        %s\n", id.NodeID, id.ConsensusKey, id.Address)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// Identity is who a validator is to others.
type Identity struct {
	NodeID       string          `json:"node_id"`       // CometBFT's, 40 hex digits
	ConsensusKey json.RawMessage `json:"consensus_key"` // as staking wants it
	Address      string          `json:"address"`       // of the consensus key, 40 hex digits
}

// Identify reads a home's keys.
//
// Errors: home.ErrNoHome, and those of the files.
func Identify(d home.Dir) (Identity, error) {
	if !d.Exists() {
		return Identity{}, term.Hint(fmt.Errorf("%w in %s", home.ErrNoHome, d), "create one with: fluenced init NAME --home %s", d)
	}
	nodeKey, err := p2p.LoadNodeKey(d.Join("config", "node_key.json"))
	if err != nil {
		return Identity{}, err
	}
	text, err := os.ReadFile(d.Join("config", "priv_validator_key.json"))
	if err != nil {
		return Identity{}, err
	}
	var sniff json.RawMessage
	if err := json.Unmarshal(text, &sniff); err != nil {
		return Identity{}, fmt.Errorf("%w: %s: %w", ErrKeyFile, d.Join("config", "priv_validator_key.json"), err)
	}
	pv := privval.LoadFilePVEmptyState(d.Join("config", "priv_validator_key.json"), "")
	key, err := json.Marshal(map[string]any{"@type": "/cosmos.crypto.ed25519.PubKey", "key": pv.Key.PubKey.Bytes()})
	if err != nil {
		return Identity{}, err
	}
	return Identity{NodeID: string(nodeKey.ID()), ConsensusKey: key, Address: pv.Key.Address.String()}, nil
}

// StartCommand returns the command that runs a whole validator under supervision.
func StartCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "start",
		Short: "Run the validator and its peer",
		Long: `Run the validator and its peer as two supervised processes of this program: what
dies is started again, and SIGINT or SIGTERM stops both in order. Their logs are
joined on standard output and kept in the home's logs folder.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := dirOf(cmd)
			if err != nil {
				return err
			}
			if _, err := home.Load(dir); err != nil {
				return err
			}
			procs, err := Processes(dir)
			if err != nil {
				return err
			}
			return supervise.New(cmd.ErrOrStderr(), cmd.OutOrStdout(), procs...).Run(cmd.Context())
		},
	}
}

// Limits and waits of the two processes.
const (
	nodeFiles = 65_536
	peerFiles = 16_384
	// peerNice lets consensus go first where both want the processor.
	peerNice = 5
	// stopGrace is how long consensus gets to finish its block and close its databases.
	stopGrace = 30 * time.Second
)

// Processes lists the processes of a validator: the node and, where the home has a
// peer.toml, its peer, which reads the chain through the home's socket. peerArgs
// are added to the peer's command line.
func Processes(d home.Dir, peerArgs ...string) ([]supervise.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	procs := []supervise.Process{{
		Name: "node", Path: self, Args: []string{"node", "run", "--home", string(d)},
		Log: d.Log("node"), Limits: supervise.Limits{Files: nodeFiles},
		Grace: stopGrace, Ready: Ready(d),
	}}
	if _, err := os.Stat(d.Peer()); err != nil {
		return procs, nil //nolint:nilerr // a validator without a peer
	}
	args := []string{"peer", "start", "--home", string(d), "--set", "chain.rpc=unix://" + d.Socket()}
	ready := d.Join("peer", peer.ReadyFile)
	return append(procs, supervise.Process{
		Name: "peer", Path: self, Args: append(args, peerArgs...),
		Log: d.Log("peer"), Limits: supervise.Limits{Files: peerFiles, Nice: peerNice}, Grace: stopGrace,
		Before: func(context.Context) ([]string, error) { // what a killed peer left behind says nothing
			if err := os.Remove(ready); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			return nil, nil
		},
		Ready: func(context.Context) error {
			_, err := peer.ReadReady(d.Join("peer"))
			return err
		},
	}), nil
}

// Ready returns a probe that is content when the node of the home answers on its
// socket and has made or fetched a block.
func Ready(d home.Dir) supervise.Probe {
	return func(ctx context.Context) error {
		status, err := LocalStatus(ctx, d)
		if err != nil {
			return err
		}
		if status.Height < 2 { // the state of the first block is readable with the second
			return errNoBlock
		}
		return nil
	}
}

var errNoBlock = errors.New("no block yet")
