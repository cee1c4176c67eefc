// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/store"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// maxSmallFile bounds the key and signature files that are read here.
const maxSmallFile = 64 << 10

// signature is a peer's consent to be in a provider's offers, as a file.
type signature struct {
	ChainID   string `json:"chain_id"`
	PeerID    string `json:"peer_id"`
	Provider  string `json:"provider"`
	Owner     string `json:"owner"`
	ExpiresAt uint64 `json:"expires_at"` // seconds since 1970
	Signature []byte `json:"signature"`  // base64
}

// addresses returns the raw bytes of provider and owner.
func (g signature) addresses() (provider, owner []byte, err error) {
	if provider, err = account("provider", g.Provider); err != nil {
		return nil, nil, err
	}
	owner, err = account("owner", g.Owner)
	return provider, owner, err
}

func account(what, s string) ([]byte, error) {
	addr, err := sdk.AccAddressFromBech32(s)
	if err != nil {
		return nil, term.Usage("write it like fluence1...", "%s %q is no account", what, s)
	}
	return addr, nil
}

// sign has the peer of a home consent.
func sign(key ed25519.PrivateKey, chainID, provider, owner string, until time.Time) (signature, error) {
	g := signature{ChainID: chainID, PeerID: peerText(key.Public().(ed25519.PublicKey)), Provider: provider, Owner: owner, ExpiresAt: uint64(max(until.Unix(), 0))}
	p, o, err := g.addresses()
	if err != nil {
		return g, err
	}
	g.Signature = ed25519.Sign(key, markettypes.PeerBytes(chainID, p, o, g.ExpiresAt))
	return g, nil
}

// readSignature reads a prepared signature and checks that it is one.
func readSignature(path string) (signature, []byte, error) {
	raw, err := readSmall(path)
	if err != nil {
		return signature{}, nil, err
	}
	var g signature
	if err := json.Unmarshal(raw, &g); err != nil {
		return g, nil, term.Hint(fmt.Errorf("%s is not a peer's signature: %w", path, err), "fluenced provider peer sign writes one")
	}
	id, err := parsePeer(g.PeerID)
	if err != nil {
		return g, nil, err
	}
	p, o, err := g.addresses()
	if err != nil {
		return g, nil, err
	}
	if err := markettypes.VerifyPeer(id, g.ChainID, p, o, g.ExpiresAt, g.Signature); err != nil {
		return g, nil, term.Hint(err, "make it again with fluenced provider peer sign on the peer's machine")
	}
	return g, id, nil
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxSmallFile))
}

// peerConfig reads the configuration of the peer whose home is given, or the
// defaults where there is none.
func peerConfig(cmd *cobra.Command) (home.Dir, config.Config, error) {
	dir, err := cmd.Flags().GetString("home")
	if err != nil {
		return "", config.Config{}, err
	}
	file := home.Dir(dir).Join(core.ConfigFolder, core.ConfigFile)
	if _, err := os.Stat(file); err != nil {
		return home.Dir(dir), config.Default(), nil //nolint:nilerr // a home without a file has the defaults
	}
	cfg, err := config.Load(file, os.Environ(), nil)
	return home.Dir(dir), cfg, err
}

// machineAccount returns the account that the peer in --home signs with, "" when
// its configuration names none.
func machineAccount(cmd *cobra.Command) (string, error) {
	_, cfg, err := peerConfig(cmd)
	if err != nil || cfg.ChainAccount == "" {
		return "", err
	}
	text, err := readSmall(cfg.ChainAccount)
	if err != nil {
		return "", term.Hint(err, "chain.account_key_path must name a file with a private key, or give --owner")
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"))
	if err != nil || len(raw) != ethsecp256k1.PrivKeySize {
		return "", term.Hint(fmt.Errorf("%s holds no private key of 64 hexadecimal digits", cfg.ChainAccount), "correct it, or give --owner")
	}
	return sdk.AccAddress((&ethsecp256k1.PrivKey{Key: raw}).PubKey().Address()).String(), nil
}

// peerKey reads the key of the peer whose home is given. The peer may be running:
// its store is not opened.
func peerKey(cmd *cobra.Command) (ed25519.PrivateKey, error) {
	dir, cfg, err := peerConfig(cmd)
	if err != nil {
		return nil, err
	}
	path := dir.Join("peer", cfg.RootKeyFile)
	raw, err := readSmall(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, term.Hint(fmt.Errorf("no peer key in %s", filepath.Dir(path)), "name the peer's home with --home, start it once, or bring a file of fluenced provider peer sign with --signature")
	}
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(raw, []byte("age-encryption.org/")) {
		if raw, err = unseal(raw, cfg.PassphraseFile); err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
	}
	key, err := store.ParseKey(string(raw))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return key, nil
}

// unseal opens a key file with the passphrase that the peer's configuration names.
func unseal(raw []byte, passphraseFile string) ([]byte, error) {
	if passphraseFile == "" {
		return nil, term.Hint(store.ErrPassphrase, "name the file with the passphrase in root_key_pair.passphrase_path")
	}
	words, err := readSmall(passphraseFile)
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(words), "\n")
	id, err := age.NewScryptIdentity(strings.TrimRight(first, "\r"))
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(raw), id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrPassphrase, err)
	}
	return io.ReadAll(io.LimitReader(r, maxSmallFile))
}

// ownerOr returns the owner that was given, else the account of the peer in --home, else other.
func ownerOr(cmd *cobra.Command, given, other string) (string, error) {
	if given != "" {
		return given, nil
	}
	own, err := machineAccount(cmd)
	if own == "" {
		own = other
	}
	return own, err
}

func peerSignCommand() *cobra.Command {
	var owner string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "sign PROVIDER",
		Short: "Have this machine's peer agree to be offered by a provider",
		Long: `Sign, with the peer key of --home, that PROVIDER may offer this peer. The provider
adds it on another machine. Nothing is sent.

  fluenced provider peer sign fluence1... --owner fluence1... > peer.json
  fluenced provider peer add OFFER --units 2 --signature peer.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if valid <= 0 {
				return term.Usage("write it like --valid 24h", "--valid is %s", valid)
			}
			key, err := peerKey(cmd)
			if err != nil {
				return err
			}
			if owner, err = ownerOr(cmd, owner, args[0]); err != nil {
				return err
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			if s.ctx.ChainID == "" {
				return term.Usage("name the network with --chain-id", "no network given")
			}
			g, err := sign(key, s.ctx.ChainID, args[0], owner, time.Now().Add(valid))
			if err != nil {
				return err
			}
			return term.JSON(cmd.OutOrStdout(), g)
		},
	}
	cmd.Flags().StringVar(&owner, "owner", "", "the machine's own account, which submits proofs (default that of chain.account_key_path, else PROVIDER)")
	cmd.Flags().DurationVar(&valid, "valid", 24*time.Hour, "for how long the chain takes the signature")
	return cmd
}
