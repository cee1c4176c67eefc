// SPDX-License-Identifier: Apache-2.0

// Package state is the commands that reach the chain's state below the modules: one
// value with its proof, where the states of two validators part, and going back.
package state

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	rpcclient "github.com/cometbft/cometbft/rpc/client"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	proofs "github.com/go-fluence/fluence/proofs/state"
)

// Command returns the command that looks at state.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "state", Short: "Prove a value, find where two states differ, take a block back", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(proveCommand(), diffCommand(), rollbackCommand(), resetCommand())
	return cmd
}

// Proof is one value, or its absence, with what proves it.
type Proof struct {
	Store    string    `json:"store"`
	KeyHex   string    `json:"key_hex"`
	Found    bool      `json:"found"`
	ValueHex string    `json:"value_hex"` // "" when not found
	Height   int64     `json:"height"`    // the state that was read
	AppHash  string    `json:"app_hash"`  // hex, from the header of height + 1
	Time     time.Time `json:"time"`      // of that header
	Ops      []Op      `json:"ops"`
}

// Op is one step of a proof.
type Op struct {
	Type string `json:"type"`
	Key  []byte `json:"key"`
	Data []byte `json:"data"` // protobuf of ics23.CommitmentProof
}

func proveCommand() *cobra.Command {
	var height int64
	var address string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "prove STORE KEY",
		Short: "Read one key with its ICS-23 proof and verify it",
		Long: `Read one key of one module's store, with the proof that the state holds that value
(or nothing) there, and verify the proof against the app hash in the next block's
header. The header itself is believed to the validator that is asked.

KEY is text, or hex behind 0x.

  fluenced state prove bank 0x0061666c74
  fluenced state prove epoch 0x01 --json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := parseKey(args[1])
			if err != nil {
				return err
			}
			if strings.ContainsAny(args[0], "/ ") || args[0] == "" {
				return term.Usage("stores are named like modules: bank, epoch, evm", "store %q", args[0])
			}
			if height < 0 || height == 1 {
				return term.Usage("proofs exist from height 2 on; 0 is the newest", "--height %d", height)
			}
			if address == "" {
				dir, err := cmd.Flags().GetString("home")
				if err != nil {
					return err
				}
				conf, err := home.LoadClient(home.Dir(dir))
				if err != nil {
					return err
				}
				address = conf.Node
			}
			p, err := prove(cmd.Context(), address, args[0], key, height)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), p)
			}
			return p.print(cmd)
		},
	}
	cmd.Flags().Int64Var(&height, "height", 0, "block height, 0 for the newest")
	cmd.Flags().StringVar(&address, "node", "", "RPC address of the validator, tcp://HOST:PORT (default from client.toml)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, proof included")
	return cmd
}

func (p Proof) print(cmd *cobra.Command) error {
	value := "(absent)"
	if p.Found {
		value = "0x" + p.ValueHex
		if raw, err := hex.DecodeString(p.ValueHex); err == nil && printable(raw) {
			value += fmt.Sprintf("  %q", raw)
		}
	}
	return term.Table(cmd.OutOrStdout(), []string{"store", p.Store}, [][]string{
		{"key", "0x" + p.KeyHex}, {"value", value}, {"height", fmt.Sprint(p.Height)}, {"app hash", p.AppHash}, {"proof", "verified"},
	})
}

func printable(b []byte) bool {
	for _, r := range string(b) {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

func parseKey(text string) ([]byte, error) {
	digits, isHex := strings.CutPrefix(text, "0x")
	if !isHex {
		if text == "" {
			return nil, term.Usage("write text, or hex behind 0x", "key is empty")
		}
		return []byte(text), nil
	}
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) == 0 {
		return nil, term.Usage("write an even number of hex digits behind 0x", "key %s is not hex", text)
	}
	return key, nil
}

// headerWait bounds the wait for the block whose header holds the app hash.
const headerWait = 30 * time.Second

func prove(ctx context.Context, address, store string, key []byte, height int64) (Proof, error) {
	c, err := rpchttp.New(address, "/websocket")
	if err != nil {
		return Proof{}, term.Usage("write it as tcp://HOST:PORT", "--node %s: %w", address, err)
	}
	res, err := c.ABCIQueryWithOptions(ctx, "/store/"+store+"/key", key, rpcclient.ABCIQueryOptions{Height: height, Prove: true})
	if err != nil {
		return Proof{}, err
	}
	r := res.Response
	if r.Code != 0 {
		return Proof{}, refusal(store, height, r.Log)
	}
	p := Proof{Store: store, KeyHex: hex.EncodeToString(key), Found: len(r.Value) > 0, ValueHex: hex.EncodeToString(r.Value), Height: r.Height}
	var ops []proofs.Op
	if r.ProofOps != nil {
		for _, op := range r.ProofOps.Ops {
			p.Ops = append(p.Ops, Op{op.Type, op.Key, op.Data})
			ops = append(ops, proofs.Op{Type: op.Type, Key: op.Key, Data: op.Data})
		}
	}
	hash, at, err := appHash(ctx, c, r.Height+1)
	if err != nil {
		return Proof{}, err
	}
	p.AppHash, p.Time = strings.ToUpper(hex.EncodeToString(hash[:])), at
	var value []byte
	if p.Found {
		value = r.Value
	}
	if err := proofs.Verify(hash, ops, store, key, value); err != nil {
		return Proof{}, term.Hint(fmt.Errorf("height %d: %w", r.Height, err), "the validator's answer is wrong: ask another one with --node")
	}
	return p, nil
}

// refusal names what is available where the validator only says what is not.
func refusal(store string, height int64, log string) error {
	switch {
	case strings.Contains(log, "no such store"), strings.Contains(log, "store does not exist"):
		return term.Hint(fmt.Errorf("no store %q", store), "stores are named like modules: acc, bank, staking, gov, epoch, evm")
	case strings.Contains(log, "version"), strings.Contains(log, "height"):
		return term.Hint(fmt.Errorf("height %d: %s", height, log), "pruning keeps only newer states; leave --height out for the newest")
	}
	return errors.New(log)
}

// appHash returns the app hash in the header of a block, waiting for the block.
func appHash(ctx context.Context, c *rpchttp.HTTP, height int64) ([proofs.HashBytes]byte, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, headerWait)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		head, err := c.Header(ctx, &height)
		if err == nil && head.Header != nil && len(head.Header.AppHash) == proofs.HashBytes {
			return [proofs.HashBytes]byte(head.Header.AppHash), head.Header.Time.UTC(), nil
		}
		select {
		case <-ctx.Done():
			return [proofs.HashBytes]byte{}, time.Time{}, term.Hint(fmt.Errorf("no block %d: %w", height, errors.Join(err, ctx.Err())), "the app hash of a state stands in the next block; is the network making blocks?")
		case <-tick.C:
		}
	}
}
