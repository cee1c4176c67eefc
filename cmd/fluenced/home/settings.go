// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/template"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	clientcfg "github.com/cosmos/cosmos-sdk/client/config"
	sdkcfg "github.com/cosmos/cosmos-sdk/server/config"
	evmcfg "github.com/cosmos/evm/server/config"
	"github.com/spf13/viper"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// envPrefix starts the name of every variable that overrides a key of config.toml
// or app.toml: FLUENCED_RPC_LADDR is rpc.laddr.
const envPrefix = "FLUENCED"

// Settings is everything a validator is told by files and environment.
type Settings struct {
	Home   Dir
	Comet  *cmtcfg.Config // config.toml, paths made absolute
	App    evmcfg.Config  // app.toml
	Values *viper.Viper   // both files merged, as the application asks for keys; has "home" and "chain-id"
}

// Defaults returns the settings that init writes for a validator of chainID called
// name: CometBFT's and the SDK's defaults where they hold, ours where a chain with
// an EVM needs others. Addresses listen on loopback, except the p2p port.
//
// Errors: params.ErrUnknownNetwork.
func Defaults(chainID, name string) (*cmtcfg.Config, *evmcfg.Config, *clientcfg.ClientConfig, error) {
	evmChainID, err := params.EVMChainID(chainID)
	if err != nil {
		return nil, nil, nil, err
	}
	c := cmtcfg.DefaultConfig()
	c.Moniker = name
	c.Mempool.Type = cmtcfg.MempoolTypeApp // JSON-RPC needs the application's mempool
	c.Mempool.MaxTxBytes = 1 << 20
	c.Consensus.TimeoutCommit = time.Second
	c.RPC.PprofListenAddress = ""
	c.RPC.CloseOnSlowClient = true
	c.Instrumentation.Prometheus = true
	c.Instrumentation.PrometheusListenAddr = "127.0.0.1:26660"
	c.LogLevel = "info"

	a := evmcfg.DefaultConfig()
	a.MinGasPrices = "0" + params.BaseDenom
	a.API.Enable = true
	a.API.Address = "tcp://127.0.0.1:1317"
	a.GRPC.Enable = true
	a.GRPC.Address = "127.0.0.1:9090"
	a.GRPCWeb.Enable = false
	a.Mempool.MaxTxs = 0
	a.StateSync.SnapshotInterval = 1000
	a.StateSync.SnapshotKeepRecent = 2
	a.Telemetry.Enabled = false
	a.EVM.EVMChainID = evmChainID
	a.JSONRPC.Enable = true
	a.JSONRPC.EnableIndexer = true
	a.JSONRPC.API = []string{"eth", "txpool", "net", "web3", "debug"}

	cl := clientcfg.DefaultConfig()
	cl.ChainID = chainID
	cl.Node = "tcp://127.0.0.1:26657"
	return c, a, cl, nil
}

// RenderComet returns config.toml complete with every key. CometBFT's own template
// glues one key to the end of a comment; it is put on its own line here.
func RenderComet(c *cmtcfg.Config) ([]byte, error) {
	f, err := os.CreateTemp("", "fluenced-*.toml")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return nil, err
	}
	cmtcfg.WriteConfigFile(f.Name(), c)
	text, err := os.ReadFile(f.Name())
	if err != nil {
		return nil, err
	}
	return bytes.Replace(text, []byte("unconditional (opt) }bootstrap_peers"), []byte("unconditional (opt) }\nbootstrap_peers"), 1), nil
}

// RenderApp returns app.toml complete with every key.
func RenderApp(a *evmcfg.Config) ([]byte, error) {
	t, err := template.New("app.toml").Parse(sdkcfg.DefaultConfigTemplate + evmcfg.DefaultEVMConfigTemplate + capacityTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, a); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// RenderClient returns client.toml complete with every key.
func RenderClient(c *clientcfg.ClientConfig) []byte {
	var b bytes.Buffer
	put := func(comment, key, value string) {
		_, _ = fmt.Fprintf(&b, "# %s\n%s = %q\n", comment, key, value)
	}
	b.WriteString("# What the commands of fluenced assume when a flag is not given.\n\n")
	put("Name of the network that transactions are signed for.", "chain-id", c.ChainID)
	put("Where keys are kept: os, file (encrypted) or test (in the clear).", "keyring-backend", c.KeyringBackend)
	put("Key that signs when --from is not given.", "keyring-default-keyname", c.KeyringDefaultKeyName)
	put("How answers are printed: text or json.", "output", c.Output)
	put("CometBFT RPC address of the validator that is asked.", "node", c.Node)
	put("When tx returns: sync (admitted) or async (sent).", "broadcast-mode", c.BroadcastMode)
	return b.Bytes()
}

// Load reads config.toml and app.toml of the home, applies FLUENCED_ variables, and
// checks every key by name, type and value, and the EVM chain id against the network.
//
// Errors: ErrNoHome, *FileError, ErrGenesis and others with a hint.
func Load(d Dir) (*Settings, error) {
	if !d.Exists() {
		return nil, term.Hint(fmt.Errorf("%w in %s", ErrNoHome, d), "create one with: fluenced init NAME --home %s", d)
	}
	c, a, _, err := Defaults(params.ChainIDLocal, "")
	if err != nil {
		return nil, err
	}
	knownComet, err := RenderComet(c)
	if err != nil {
		return nil, err
	}
	knownApp, err := RenderApp(a)
	if err != nil {
		return nil, err
	}
	v := viper.New()
	v.SetEnvPrefix(envPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_", "-", "_"))
	v.AutomaticEnv()
	setCapacityDefaults(v.SetDefault)
	for _, f := range []struct {
		path  string
		known []byte
	}{{d.Comet(), knownComet}, {d.App(), knownApp}} {
		values, err := readTOML(f.path, f.known)
		if err != nil {
			return nil, err
		}
		if err := v.MergeConfigMap(values); err != nil {
			return nil, err
		}
	}
	return finish(d, v, c)
}

// finish turns the merged keys into the typed settings and validates them.
func finish(d Dir, v *viper.Viper, c *cmtcfg.Config) (*Settings, error) {
	if err := v.Unmarshal(c); err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", d.Comet(), err), "fluenced config shows each key with its type and default")
	}
	c.SetRoot(string(d))
	if err := c.ValidateBasic(); err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", d.Comet(), err), "fluenced config shows each key with its meaning and default")
	}
	a, err := evmcfg.GetConfig(v)
	if err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", d.App(), err), "fluenced config shows each key with its type and default")
	}
	if err := a.ValidateBasic(); err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", d.App(), err), "fluenced config shows each key with its meaning and default")
	}
	if err := evmcfg.ValidateCrossConfig(c, &a); err != nil {
		return nil, term.Hint(err, `set type = "app" under [mempool] in config.toml and max-txs = 0 under [mempool] in app.toml`)
	}
	chainID, err := ChainID(d.Genesis())
	if err != nil {
		return nil, err
	}
	if err := params.CheckEVMChainID(chainID, a.EVM.EVMChainID); err != nil {
		return nil, term.Hint(err, "every validator of a network has the same EVM chain id; known networks: %s", strings.Join(params.ChainIDs(), ", "))
	}
	v.Set("home", string(d))
	v.Set("chain-id", chainID)
	return &Settings{Home: d, Comet: c, App: a, Values: v}, nil
}

// LoadClient reads client.toml, or returns the defaults when the home has none.
// Nothing is written.
//
// Errors: *FileError.
func LoadClient(d Dir) (*clientcfg.ClientConfig, error) {
	c := clientcfg.DefaultConfig()
	c.Node = "tcp://127.0.0.1:26657"
	if _, err := os.Stat(d.Client()); errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	values, err := readTOML(d.Client(), RenderClient(c))
	if err != nil {
		return nil, err
	}
	v := viper.New()
	if err := v.MergeConfigMap(values); err != nil {
		return nil, err
	}
	if err := v.Unmarshal(c); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Client(), err)
	}
	return c, nil
}
