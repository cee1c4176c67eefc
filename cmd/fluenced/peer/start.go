// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/chain/remote"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/store"
)

func startCommand() *cobra.Command {
	var settings []string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run the peer in the foreground",
		Long: `Run the particle peer of --home until SIGINT or SIGTERM. The first start makes its
keys and a commented configuration, config/peer.toml. While it runs, peer/ready.json
tells its peer id and addresses.

  fluenced peer start
  fluenced peer start --home ./p1 --set tcp_port=7771 --set websocket_port=9991`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := folder(cmd)
			if err != nil {
				return err
			}
			cfg, err := loadConfig(filepath.Dir(dir), settings)
			if err != nil {
				return err
			}
			return run(cmd.Context(), dir, cfg, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringArrayVar(&settings, "set", nil, "set a key of the configuration, as KEY=VALUE; may be repeated")
	return cmd
}

// loadConfig reads the configuration of a home, writing a commented one first if
// there is none.
func loadConfig(home string, settings []string) (config.Config, error) {
	file := filepath.Join(home, core.ConfigFolder, core.ConfigFile)
	cfg, err := config.Load(file, os.Environ(), settings)
	var unknown *config.UnknownKeyError
	var value *config.ValueError
	switch {
	case errors.As(err, &unknown):
		return cfg, term.Hint(err, "every key is explained in %s of a new home", filepath.Join(core.ConfigFolder, core.ConfigFile))
	case errors.As(err, &value):
		return cfg, term.Hint(err, "correct the value of %s", value.Name)
	case err != nil:
		return cfg, err
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return cfg, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return cfg, err
	}
	fresh := config.Default()
	if err := os.WriteFile(file+".new", fresh.TOML(true), 0o600); err != nil {
		return cfg, err
	}
	return cfg, os.Rename(file+".new", file)
}

// run is the peer until ctx ends.
func run(ctx context.Context, dir string, cfg config.Config, out, errOut io.Writer) error {
	passphrase, err := readPassphrase(cfg.PassphraseFile)
	if err != nil {
		return err
	}
	log := logger(cfg, errOut)
	view, err := openChain(cfg)
	if err != nil {
		return err
	}
	if err := meetChain(ctx, view, cfg, log); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	deps := core.Deps{Home: dir, Version: version(), Passphrase: passphrase, Log: log, Compile: []string{self, "marine", "compile"}}
	if view != nil {
		deps.Chain, deps.Blocks = view, view
		if view.Account() != "" {
			deps.Capacity, deps.Mine = view, []string{self, "randomx", "mine"}
		}
	}
	p, err := core.New(cfg, deps)
	switch {
	case errors.Is(err, store.ErrLocked):
		return term.Hint(err, "a peer runs in this home already; stop it, or give another --home")
	case errors.Is(err, store.ErrPassphrase):
		return term.Hint(err, "name the file with the passphrase in root_key_pair.passphrase_path")
	case err != nil:
		return err
	}
	said := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		select {
		case <-p.Ready():
			_, err := fmt.Fprintln(out, "ready", p.ID())
			said <- err
		case <-stop:
			said <- nil
		}
	}()
	err = p.Run(ctx)
	close(stop)
	return errors.Join(err, <-said)
}

// chainPatience is how long a start waits for its validator to answer.
const chainPatience = 5 * time.Second

// openChain returns the chain as chain.rpc names it, nil when it names none. It
// connects with the first question.
func openChain(cfg config.Config) (*remote.Chain, error) {
	if cfg.ChainRPC == "" {
		return nil, nil // no chain is no fault
	}
	key, err := accountKey(cfg.ChainAccount)
	if err != nil {
		return nil, err
	}
	view, err := remote.New(remote.Config{Address: cfg.ChainRPC, ChainID: cfg.ChainID, Key: key, Granter: cfg.ChainGranter})
	if err != nil {
		return nil, term.Hint(fmt.Errorf("chain.rpc: %w", err), "give unix:///PATH or tcp://HOST:PORT")
	}
	return view, nil
}

// accountKey reads the key that signs this peer's transactions, nil for none.
func accountKey(path string) (*ethsecp256k1.PrivKey, error) {
	if path == "" {
		return nil, nil // no account is no fault
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, term.Hint(err, "chain.account_key_path must name a file with a private key")
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"))
	if err != nil || len(raw) != ethsecp256k1.PrivKeySize {
		return nil, term.Hint(fmt.Errorf("%s holds no private key", path), "write the key as 64 hex digits")
	}
	return &ethsecp256k1.PrivKey{Key: raw}, nil
}

// meetChain asks the validator of chain.rpc for its newest height. One of another
// network is an error; one that does not answer is only logged, since a validator
// and its peer may start together.
func meetChain(ctx context.Context, view *remote.Chain, cfg config.Config, log *slog.Logger) error {
	if view == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, chainPatience)
	defer cancel()
	at, err := view.At(ctx)
	switch {
	case errors.Is(err, chain.ErrWrongChain):
		return term.Hint(err, "set chain.id to the network of the validator, or chain.rpc to a validator of %s", cfg.ChainID)
	case err != nil:
		log.Warn("validator does not answer", "address", cfg.ChainRPC, "err", err)
	default:
		log.Info("validator answers", "address", cfg.ChainRPC, "height", at.Number)
	}
	return nil
}

// readPassphrase returns the first line of a file, "" without one.
func readPassphrase(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", term.Hint(err, "root_key_pair.passphrase_path must name a file that holds the passphrase")
	}
	defer func() { _ = f.Close() }()
	line, err := bufio.NewReader(io.LimitReader(f, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", term.Hint(fmt.Errorf("passphrase file %s is empty", path), "write the passphrase into its first line")
	}
	return line, nil
}

func logger(cfg config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// version is the module version this program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
