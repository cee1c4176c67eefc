// SPDX-License-Identifier: Apache-2.0

// Package testnet writes what a network of validators on separate machines starts
// from: a home per validator, a unit and a container description. It starts nothing.
package testnet

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	"github.com/cosmos/go-bip39"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/scripts/deploy"
)

// Shape of the network that is written.
const (
	maxValidators = 100
	stakeFLT      = 100_000
	ownFLT        = 200_000
	faucetFLT     = 100_000_000
	faucetUSD     = 100_000_000
	p2pPort       = 26656
	seedBits      = 256
)

// Options is what is written, and where.
type Options struct {
	Dir     string   // new folder of everything
	ChainID string   // network
	Hosts   []string // host[:port] of each validator's p2p port, as the others reach it
}

// Written is what the command prints.
type Written struct {
	Dir        string   `json:"dir"`
	ChainID    string   `json:"chain_id"`
	Homes      []string `json:"homes"`
	Faucet     string   `json:"faucet"` // account that owns the coins to hand out
	SeedsFile  string   `json:"seeds_file"`
	Containers string   `json:"containers"`
}

// Command returns the command that prepares networks on separate machines.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "testnet", Short: "Prepare a network of validators on separate machines", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(filesCommand())
	return cmd
}

func filesCommand() *cobra.Command {
	opts := Options{}
	var validators int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "files",
		Short: "Write the homes of a validator set, with units and a Compose file",
		Long: `Write a folder with one home per validator, all of one network: copy each to its
machine as /var/lib/fluenced, with fluenced.service. Or run all of them in
containers: docker compose up. seeds.txt holds the keys' mnemonics: keep it safe.

  fluenced testnet files --output net --hosts a.example,b.example,c.example
  fluenced testnet files --output net --validators 4`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(opts.Hosts) == 0 {
				for i := range validators {
					opts.Hosts = append(opts.Hosts, fmt.Sprintf("validator-%d", i))
				}
			}
			w, err := Write(opts)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), w)
			}
			return term.Table(cmd.OutOrStdout(), []string{"network", w.ChainID}, [][]string{
				{"homes", filepath.Join(w.Dir, "validator-*")},
				{"unit", filepath.Join(w.Dir, "fluenced.service")},
				{"containers", w.Containers},
				{"seeds", w.SeedsFile},
				{"faucet", w.Faucet},
			})
		},
	}
	cmd.Flags().StringVar(&opts.Dir, "output", "", "folder to write, which must not exist")
	cmd.Flags().StringVar(&opts.ChainID, "chain-id", params.ChainIDLocal, "name of the network")
	cmd.Flags().StringSliceVar(&opts.Hosts, "hosts", nil, "host or host:port of each validator, comma-separated (default container names)")
	cmd.Flags().IntVar(&validators, "validators", 4, fmt.Sprintf("number of validators without --hosts, 1 to %d", maxValidators))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// check completes hosts with ports and refuses what cannot work.
func (o *Options) check() error {
	if o.Dir == "" {
		return term.Usage("--output names the new folder", "no folder given")
	}
	if _, err := os.Lstat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
		return term.Usage("choose a new folder: nothing is written over", "--output %s exists", o.Dir)
	}
	if len(o.Hosts) < 1 || len(o.Hosts) > maxValidators {
		return term.Usage(fmt.Sprintf("1 to %d validators", maxValidators), "%d validators", len(o.Hosts))
	}
	seen := map[string]bool{}
	for i, h := range o.Hosts {
		host, port, err := net.SplitHostPort(h)
		if err != nil {
			host, port = h, fmt.Sprint(p2pPort)
		}
		if !hostPattern.MatchString(host) && net.ParseIP(host) == nil {
			return term.Usage("write a DNS name or an address, with :port if it is not 26656", "host %q", h)
		}
		full := net.JoinHostPort(host, port)
		if seen[full] {
			return term.Usage("every validator has a host or port of its own", "host %s twice", full)
		}
		seen[full], o.Hosts[i] = true, full
	}
	return nil
}

// Write writes the folder, complete in one rename.
func Write(opts Options) (Written, error) {
	if err := opts.check(); err != nil {
		return Written{}, err
	}
	if err := os.MkdirAll(filepath.Dir(opts.Dir), 0o755); err != nil {
		return Written{}, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(opts.Dir), "."+filepath.Base(opts.Dir)+"-*")
	if err != nil {
		return Written{}, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	w, err := write(opts, tmp)
	if err != nil {
		return Written{}, err
	}
	return w, os.Rename(tmp, opts.Dir)
}

func write(opts Options, tmp string) (Written, error) {
	w := Written{Dir: opts.Dir, ChainID: opts.ChainID, SeedsFile: filepath.Join(opts.Dir, "seeds.txt"), Containers: filepath.Join(opts.Dir, "compose.yaml")}
	var seeds bytes.Buffer
	faucet, err := newAccount("faucet", &seeds)
	if err != nil {
		return w, err
	}
	faucet = faucet.Funded(faucetFLT, faucetUSD)
	w.Faucet = faucet.Bech32()
	spec := network.Spec{ChainID: opts.ChainID, Accounts: []network.Account{faucet}, Time: time.Now().Truncate(time.Second)}
	for i, host := range opts.Hosts {
		name := fmt.Sprintf("validator-%d", i)
		op, err := newAccount(name, &seeds)
		if err != nil {
			return w, err
		}
		spec.Validators = append(spec.Validators, network.Validator{
			Name: name, Home: home.Dir(filepath.Join(tmp, name)), Operator: op.Funded(ownFLT, 0), StakeFLT: stakeFLT, P2P: host,
			Edit: func(f *network.File) {
				_, port, _ := net.SplitHostPort(host)
				f.Comet.P2P.ListenAddress = "tcp://0.0.0.0:" + port
				f.Comet.P2P.ExternalAddress = host
				f.Comet.P2P.AddrBookStrict = false
				f.Client.KeyringBackend = keyring.BackendTest
			},
		})
		w.Homes = append(w.Homes, filepath.Join(opts.Dir, name))
	}
	if _, _, err := network.Write(spec); err != nil {
		return w, err
	}
	for _, v := range spec.Validators {
		if err := network.SaveKeys(v.Home, v.Operator); err != nil {
			return w, err
		}
	}
	for name, text := range map[string][]byte{
		"seeds.txt": seeds.Bytes(), "fluenced.service": deploy.Unit, "Dockerfile": deploy.Dockerfile, "grafana.json": deploy.Dashboard, "compose.yaml": compose(opts.Hosts),
	} {
		if err := os.WriteFile(filepath.Join(tmp, name), text, 0o600); err != nil {
			return w, err
		}
	}
	return w, nil
}

// newAccount makes an account and notes its mnemonic.
func newAccount(name string, seeds *bytes.Buffer) (network.Account, error) {
	entropy, err := bip39.NewEntropy(seedBits)
	if err != nil {
		return network.Account{}, err
	}
	mnemonic, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return network.Account{}, err
	}
	a, err := network.Derive(name, mnemonic, 0)
	_, _ = fmt.Fprintf(seeds, "%s: %s\n", name, mnemonic)
	return a, err
}

// compose describes a container per validator. Only the first one's servers are
// published, on the host's loopback.
func compose(hosts []string) []byte {
	var b strings.Builder
	b.WriteString(`# All validators of this folder in containers: docker compose up
# The image is built once from a checkout of the program's source:
#   docker build -f scripts/deploy/Dockerfile -t fluenced .
name: fluence
services:
`)
	for i, h := range hosts {
		host, port, _ := net.SplitHostPort(h)
		_, _ = fmt.Fprintf(&b, `  validator-%d:
    image: fluenced
    hostname: %s
    user: "${UID:-10001}"
    stop_grace_period: 90s
    restart: on-failure
    volumes: ["./validator-%d:/var/lib/fluenced"]
    environment:
      FLUENCED_P2P_LADDR: tcp://0.0.0.0:%s
      FLUENCED_RPC_LADDR: tcp://0.0.0.0:26657
      FLUENCED_JSON_RPC_ADDRESS: 0.0.0.0:8545
      FLUENCED_JSON_RPC_WS_ADDRESS: 0.0.0.0:8546
`, i, host, i, port)
		if i == 0 {
			b.WriteString("    ports: [\"127.0.0.1:26657:26657\", \"127.0.0.1:8545:8545\", \"127.0.0.1:8546:8546\", \"127.0.0.1:9999:9999\"]\n")
		}
		if host != fmt.Sprintf("validator-%d", i) && net.ParseIP(host) == nil {
			_, _ = fmt.Fprintf(&b, "    networks: {default: {aliases: [%q]}}\n", host)
		}
	}
	return []byte(b.String())
}
