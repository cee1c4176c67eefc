// SPDX-License-Identifier: Apache-2.0

// Package app is the commands that make an application into a bundle, show what is
// in one, and put one onto a peer.
package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/store"
)

// Command returns fluenced app with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "app", Short: "Pack an application, show one, or put one onto a peer"}
	cmd.AddCommand(packCommand(), infoCommand(), pushCommand())
	return cmd
}

// summary is what every command says of a bundle.
type summary struct {
	AppCID   string        `json:"app_cid"`
	Bytes    int64         `json:"bytes"`
	Blocks   int           `json:"blocks"`
	Services []serviceInfo `json:"services"`
	Spells   []string      `json:"spells"`
}

type serviceInfo struct {
	Name    string   `json:"name"`
	Modules []string `json:"modules"` // CIDs, the facade last
}

func summarize(b bundle.Bundle) (summary, error) {
	d, err := b.Definition()
	if err != nil {
		return summary{}, err
	}
	s := summary{AppCID: b.CID.String(), Bytes: b.Size(), Blocks: len(b.Blocks), Services: []serviceInfo{}, Spells: []string{}}
	for _, svc := range d.Services {
		info := serviceInfo{Name: svc.Name, Modules: []string{}}
		for _, m := range svc.Modules {
			info.Modules = append(info.Modules, m.Wasm)
		}
		s.Services = append(s.Services, info)
	}
	for _, sp := range d.Spells {
		s.Spells = append(s.Spells, sp.Name)
	}
	return s, nil
}

func packCommand() *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pack DIR|CONFIG -o FILE",
		Short: "Make an application into one file and print its CID",
		Long: `Read an application from CONFIG, or from app.toml in DIR, and write everything it
needs into one file, a CAR of version 1. The CID that is printed stands on the
deal. The same application always has the same CID.

  [[service]]
  name = "greeting"
  [[service.module]]        # in the order of linking, the facade last
  name = "greeting"
  wasm = "greeting.wasm"

  [[spell]]
  name = "tick"
  script = "tick.air"
  init = { count = 0 }
  trigger = { clock = { start_sec = 1, period_sec = 60 } }

  fluenced app pack ./myapp -o myapp.car
  fluenced app pack ./myapp/app.toml -o myapp.car --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return term.Usage("name the file to write with -o", "no output file given")
			}
			b, err := PackFile(args[0])
			if err != nil {
				return err
			}
			if err := writeFile(out, b); err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), b, asJSON)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// show prints the CID alone, or everything as JSON.
func show(w io.Writer, b bundle.Bundle, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintln(w, b.CID)
		return err
	}
	s, err := summarize(b)
	if err != nil {
		return err
	}
	return term.JSON(w, s)
}

// writeFile writes b so that a failure leaves nothing.
func writeFile(name string, b bundle.Bundle) error {
	tmp := name + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if err = errors.Join(b.Write(f), f.Close()); err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}

// ReadFile reads a bundle and checks all of it.
func ReadFile(name string) (bundle.Bundle, error) {
	f, err := os.Open(name)
	if err != nil {
		return bundle.Bundle{}, err
	}
	defer func() { _ = f.Close() }()
	b, err := bundle.Read(f)
	return b, term.Hint(err, "fluenced app pack makes such a file")
}

func infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Show what is in a bundle, after checking every hash",
		Long: `Read a bundle that fluenced app pack made, check every block against its hash,
and show what a worker would run.

  fluenced app info myapp.car
  fluenced app info myapp.car --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := ReadFile(args[0])
			if err != nil {
				return err
			}
			s, err := summarize(b)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), s)
			}
			rows := [][]string{
				{"app CID", s.AppCID},
				{"bytes", strconv.FormatInt(s.Bytes, 10)},
				{"blocks", strconv.Itoa(s.Blocks)},
			}
			for _, svc := range s.Services {
				for _, m := range svc.Modules {
					rows = append(rows, []string{"service " + svc.Name, m})
				}
			}
			for _, name := range s.Spells {
				rows = append(rows, []string{"spell", name})
			}
			return term.Table(cmd.OutOrStdout(), []string{"WHAT", "VALUE"}, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func pushCommand() *cobra.Command {
	var to, key string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "push FILE --peer MULTIADDR",
		Short: "Put an application onto a peer and pin it there",
		Long: `Send the blocks of a bundle that a peer does not have yet, and pin them. Only the
peer's owner may: the key is its management key, by default that of --home. Peers
that run workers of a deal fetch the application from each other by its CID; one
peer that has it and is connected to them is enough.

  fluenced app push myapp.car --peer /ip4/127.0.0.1/tcp/9991/ws/p2p/12D3KooW...
  fluenced app push myapp.car --peer /ip4/127.0.0.1/tcp/9991/ws/p2p/12D3KooW... --key ./management_key`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return term.Usage("name one with --peer; fluenced peer info shows the addresses of a peer", "no peer given")
			}
			if _, err := libp2ppeer.AddrInfoFromString(to); err != nil {
				return term.Usage("write it like /ip4/127.0.0.1/tcp/9999/ws/p2p/12D3KooW...", "%q is not the address of a peer", to)
			}
			if key == "" {
				home, err := cmd.Flags().GetString("home")
				if err != nil {
					return err
				}
				key = filepath.Join(home, "peer", "management_key")
			}
			owner, err := readKey(key)
			if err != nil {
				return err
			}
			b, err := ReadFile(args[0])
			if err != nil {
				return err
			}
			sent, err := Push(cmd.Context(), Target{Peer: to, Key: owner, Timeout: timeout}, b)
			if err != nil {
				return explain(err)
			}
			if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "sent %d of %d blocks\n", sent, len(b.Blocks)); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), b.CID)
			return err
		},
	}
	cmd.Flags().StringVar(&to, "peer", "", "multiaddr of the peer, ending in /p2p/ID")
	cmd.Flags().StringVar(&key, "key", "", "file with the peer's management key, base64 or base58; without it that of --home")
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "time for one batch of blocks")
	return cmd
}

func readKey(file string) (crypto.PrivKey, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, term.Hint(err, "--key names the file with the peer's management key")
	}
	key, err := store.ParseKey(string(raw))
	if err != nil {
		return nil, term.Hint(err, "--key names a file with the base64 or base58 text of an Ed25519 key; open a sealed one with age -d first")
	}
	return crypto.UnmarshalEd25519PrivateKey(key)
}

func explain(err error) error {
	var script *client.ScriptError
	switch {
	case errors.Is(err, errNoPeer):
		return term.Hint(err, "check that it runs and that its address is right: fluenced peer ping ADDRESS")
	case errors.As(err, &script):
		return term.Hint(err, "the peer takes blocks with its management key only, and as many as ipfs.quota allows")
	}
	return err
}
