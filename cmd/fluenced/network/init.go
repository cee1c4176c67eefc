// SPDX-License-Identifier: Apache-2.0

package network

import (
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	"github.com/cosmos/evm/crypto/hd"
	"github.com/cosmos/go-bip39"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// namePattern is what a validator may be called: it appears in files and logs.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,69}$`)

// initialised is what init prints as JSON.
type initialised struct {
	Home      string `json:"home"`
	ChainID   string `json:"chain_id"`
	Name      string `json:"name"`
	NodeID    string `json:"node_id"`
	Consensus []byte `json:"consensus_key"` // ed25519 public key
	VRF       []byte `json:"vrf_key"`       // VRF public key
	Account   string `json:"account,omitempty"`
	Mnemonic  string `json:"mnemonic,omitempty"`
}

// InitCommand returns the command that makes the home of one validator.
func InitCommand() *cobra.Command {
	var chainID, genesisFile string
	var alone, asJSON bool
	cmd := &cobra.Command{
		Use:   "init NAME",
		Short: "Create the home of a validator",
		Long: `Create a home folder with new validator keys, complete configuration files and a
genesis. To join a network, give its genesis. To try the chain out, --alone makes
this validator a network of its own, ready to start.

  fluenced init alice --genesis genesis.json
  fluenced init alice --alone && fluenced start`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := cmd.Flags().GetString("home")
			if err != nil {
				return err
			}
			if !namePattern.MatchString(args[0]) {
				return term.Usage("use up to 70 letters, digits, spaces, dots, dashes", "name %q cannot be used", args[0])
			}
			if alone && genesisFile != "" {
				return term.Usage("a network of its own has its own genesis", "--alone and --genesis exclude each other")
			}
			var done initialised
			if alone {
				done, err = initAlone(home.Dir(dir), args[0], chainID)
			} else {
				done, err = initOne(home.Dir(dir), args[0], chainID, genesisFile)
			}
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), done)
			}
			return done.print(cmd, alone, genesisFile != "")
		},
	}
	cmd.Flags().StringVar(&chainID, "chain-id", params.ChainIDLocal, "name of the network")
	cmd.Flags().StringVar(&genesisFile, "genesis", "", "genesis file of the network to join")
	cmd.Flags().BoolVar(&alone, "alone", false, "make a network of this validator only, with a funded account")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (d initialised) print(cmd *cobra.Command, alone, joined bool) error {
	out := cmd.OutOrStdout()
	_, err := fmt.Fprintf(out, "home     %s\nnetwork  %s\nnode     %s\n", d.Home, d.ChainID, d.NodeID)
	if err != nil {
		return err
	}
	if d.Account != "" {
		if _, err := fmt.Fprintf(out, "account  %s (key %q, --keyring-backend test)\nseed     %s\n", d.Account, operatorKey, d.Mnemonic); err != nil {
			return err
		}
	}
	next := "put the network's genesis into " + home.Dir(d.Home).Genesis() + ", or add accounts and validators to this one: fluenced genesis --help"
	switch {
	case alone:
		next = "fluenced start --home " + d.Home
	case joined:
		next = "set p2p.persistent_peers in " + home.Dir(d.Home).Comet() + ", then: fluenced start --home " + d.Home
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "next: %s\n", next)
	return err
}

// initOne makes a home for a network that others begin, or that genesis commands build.
func initOne(d home.Dir, name, chainID, genesisFile string) (initialised, error) {
	if d.Exists() {
		return initialised{}, term.Hint(fmt.Errorf("%w: %s", ErrExists, d), "choose another folder with --home, or remove this one if nothing in it is needed")
	}
	g, err := NewGenesis(chainID, app.DefaultGenesis())
	if err != nil {
		return initialised{}, err
	}
	g.GenesisTime = time.Now().UTC().Truncate(time.Second)
	if genesisFile != "" {
		if g, err = home.ReadGenesis(genesisFile); err != nil {
			return initialised{}, err
		}
		chainID = g.ChainID
	}
	c, a, cl, err := home.Defaults(chainID, name)
	if err != nil {
		return initialised{}, term.Hint(err, "this program knows the networks in the list")
	}
	part, id, err := NewKeys(d)
	if err != nil {
		return initialised{}, err
	}
	defer func() { _ = os.RemoveAll(string(part)) }()
	if err := WriteConfig(part, c, a, cl, g); err != nil {
		return initialised{}, err
	}
	if err := Place(part, d); err != nil {
		return initialised{}, err
	}
	return initialised{Home: string(d), ChainID: chainID, Name: name, NodeID: id.NodeID, Consensus: id.Consensus.Bytes(), VRF: id.VRF}, nil
}

// operatorKey is the name of the account key that --alone makes.
const operatorKey = "validator"

// seedBits is the entropy of a new mnemonic: 24 words.
const seedBits = 256

// initAlone makes a network of one validator whose account owns everything.
func initAlone(d home.Dir, name, chainID string) (initialised, error) {
	entropy, err := bip39.NewEntropy(seedBits)
	if err != nil {
		return initialised{}, err
	}
	mnemonic, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return initialised{}, err
	}
	operator, err := Derive(operatorKey, mnemonic, 0)
	if err != nil {
		return initialised{}, err
	}
	_, ids, err := Write(Spec{
		ChainID: chainID,
		Time:    time.Now().Truncate(time.Second),
		Validators: []Validator{{
			Name: name, Home: d, Operator: operator.Funded(1_000_000, 1_000_000), StakeFLT: 1000, P2P: "127.0.0.1:26656",
			Edit: func(f *File) { f.Client.KeyringBackend = keyring.BackendTest },
		}},
	})
	if err != nil {
		return initialised{}, err
	}
	if err := SaveKeys(d, operator); err != nil {
		return initialised{}, err
	}
	return initialised{
		Home: string(d), ChainID: chainID, Name: name, NodeID: ids[0].NodeID, Consensus: ids[0].Consensus.Bytes(), VRF: ids[0].VRF,
		Account: operator.Bech32(), Mnemonic: mnemonic,
	}, nil
}

// SaveKeys puts the accounts' keys into the home's keyring for tests, where they
// are kept in the clear.
func SaveKeys(d home.Dir, accounts ...Account) error {
	enc := app.Encoding()
	kr, err := keyring.New("fluenced", keyring.BackendTest, string(d), nil, enc.Codec, hd.EthSecp256k1Option())
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if err := kr.ImportPrivKeyHex(a.Name, a.KeyHex()[2:], string(hd.EthSecp256k1Type)); err != nil {
			return fmt.Errorf("key %s: %w", a.Name, err)
		}
	}
	return nil
}
