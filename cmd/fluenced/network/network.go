// SPDX-License-Identifier: Apache-2.0

// Package network lays out the homes of a new network: keys, one genesis for all,
// and configurations that name each other. It starts nothing, and never writes over
// a home that exists.
package network

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	sdkmath "cosmossdk.io/math"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	clientcfg "github.com/cosmos/cosmos-sdk/client/config"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	evmcfg "github.com/cosmos/evm/server/config"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	peerconfig "github.com/go-fluence/fluence/peer/config"
)

// ErrExists reports a home that is already there.
var ErrExists = errors.New("home exists already")

// Validator is one member of the first validator set.
type Validator struct {
	Name     string      // moniker
	Home     home.Dir    // where its home is written
	Operator Account     // its account; funded from Coins beside its stake
	StakeFLT int64       // self-delegation in whole FLT
	P2P      string      // host:port the others dial
	Ports    *Ports      // nil: default ports
	Edit     func(*File) // last changes to its configuration, may be nil
}

// File is what Edit may change before it is written.
type File struct {
	Comet  *cmtcfg.Config
	App    *evmcfg.Config
	Client *clientcfg.ClientConfig
}

// Ports are where one validator listens. All but P2P are on loopback.
type Ports struct {
	P2P, RPC, GRPC, REST, JSONRPC, JSONRPCWS, Metrics int
	ListenHost                                        string // of the p2p port; "" for all interfaces
}

// Spec is a whole new network.
type Spec struct {
	ChainID       string
	Validators    []Validator
	Accounts      []Account     // funded in genesis, in this order
	TimeoutCommit time.Duration // pause after a block; zero for the default
	Time          time.Time     // genesis time
	// Edit changes the genesis state by module before it is checked; may be nil.
	Edit func(map[string]json.RawMessage) error
}

// Identity is what others need to know of a validator.
type Identity struct {
	NodeID    string        // CometBFT's, 40 hex digits
	Consensus crypto.PubKey // signs blocks
	VRF       []byte        // public key of its outputs for the beacon, 32 bytes
}

// Write creates every home of s, each complete in one rename.
//
// Errors: ErrExists, and those of the file system and the modules' genesis checks.
func Write(s Spec) (*genutiltypes.AppGenesis, []Identity, error) {
	for _, v := range s.Validators {
		if v.Home.Exists() {
			return nil, nil, term.Hint(fmt.Errorf("%w: %s", ErrExists, v.Home), "choose another folder, or remove this one if nothing in it is needed")
		}
	}
	ids := make([]Identity, len(s.Validators))
	parts := make([]home.Dir, len(s.Validators))
	defer func() {
		for _, p := range parts {
			if p != "" {
				_ = os.RemoveAll(string(p))
			}
		}
	}()
	for i, v := range s.Validators {
		part, id, err := NewKeys(v.Home)
		if err != nil {
			return nil, nil, err
		}
		parts[i], ids[i] = part, id
	}
	genesis, err := s.genesis(ids)
	if err != nil {
		return nil, nil, err
	}
	for i := range s.Validators {
		if err := s.writeFiles(parts[i], i, ids, genesis); err != nil {
			return nil, nil, err
		}
	}
	for i, v := range s.Validators {
		if err := Place(parts[i], v.Home); err != nil {
			return nil, nil, err
		}
		parts[i] = ""
	}
	return genesis, ids, nil
}

// NewKeys makes the folders and the validator's keys of a home under a temporary
// name beside it. Place puts it where it belongs.
func NewKeys(at home.Dir) (part home.Dir, id Identity, err error) {
	if err := os.MkdirAll(filepath.Dir(string(at)), 0o755); err != nil {
		return "", Identity{}, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(string(at)), "."+filepath.Base(string(at))+"-*")
	if err != nil {
		return "", Identity{}, err
	}
	part = home.Dir(tmp)
	for _, sub := range []string{"config", "data"} {
		if err := os.MkdirAll(part.Join(sub), 0o700); err != nil {
			return part, Identity{}, err
		}
	}
	node, err := p2p.LoadOrGenNodeKey(part.Join("config", "node_key.json"))
	if err != nil {
		return part, Identity{}, err
	}
	pv := privval.GenFilePV(part.Join("config", "priv_validator_key.json"), part.Join("data", "priv_validator_state.json"))
	pv.Save()
	for _, f := range []string{part.Join("config", "node_key.json"), part.Join("config", "priv_validator_key.json"), part.Join("data", "priv_validator_state.json")} {
		if err := os.Chmod(f, 0o600); err != nil {
			return part, Identity{}, err
		}
	}
	vrf, err := home.NewVRFKey(part)
	if err != nil {
		return part, Identity{}, err
	}
	return part, Identity{NodeID: string(node.ID()), Consensus: pv.Key.PubKey, VRF: vrf.Public()}, nil
}

// Place gives a home written under a temporary name its own. An existing folder
// that is no home is used, and what is in it is kept.
func Place(part, at home.Dir) error {
	err := os.Rename(string(part), string(at))
	if err == nil {
		return nil
	}
	if _, statErr := os.Stat(string(at)); errors.Is(statErr, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(string(part))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(part.Join(e.Name()), at.Join(e.Name())); err != nil {
			return term.Hint(fmt.Errorf("%w: %s has its own %s", ErrExists, at, e.Name()), "choose another folder, or remove this one if nothing in it is needed")
		}
	}
	return os.Remove(string(part))
}

// writeFiles writes configuration and genesis of validator i.
func (s Spec) writeFiles(part home.Dir, i int, ids []Identity, genesis *genutiltypes.AppGenesis) error {
	v := s.Validators[i]
	c, a, cl, err := home.Defaults(s.ChainID, v.Name)
	if err != nil {
		return err
	}
	if s.TimeoutCommit > 0 {
		c.Consensus.TimeoutCommit = s.TimeoutCommit
	}
	var peers bytes.Buffer
	for j, other := range s.Validators {
		if j == i {
			continue
		}
		if peers.Len() > 0 {
			peers.WriteByte(',')
		}
		_, _ = fmt.Fprintf(&peers, "%s@%s", ids[j].NodeID, other.P2P)
	}
	c.P2P.PersistentPeers = peers.String()
	if p := v.Ports; p != nil {
		p.apply(c, a, cl)
	}
	if v.Edit != nil {
		v.Edit(&File{c, a, cl})
	}
	return WriteConfig(part, c, a, cl, genesis)
}

// apply puts the ports into the configuration.
func (p *Ports) apply(c *cmtcfg.Config, a *evmcfg.Config, cl *clientcfg.ClientConfig) {
	host := p.ListenHost
	if host == "" {
		host = "0.0.0.0"
	}
	c.P2P.ListenAddress = fmt.Sprintf("tcp://%s:%d", host, p.P2P)
	c.RPC.ListenAddress = fmt.Sprintf("tcp://127.0.0.1:%d", p.RPC)
	c.Instrumentation.PrometheusListenAddr = fmt.Sprintf("127.0.0.1:%d", p.Metrics)
	a.GRPC.Address = fmt.Sprintf("127.0.0.1:%d", p.GRPC)
	a.API.Address = fmt.Sprintf("tcp://127.0.0.1:%d", p.REST)
	a.JSONRPC.Address = fmt.Sprintf("127.0.0.1:%d", p.JSONRPC)
	a.JSONRPC.WsAddress = fmt.Sprintf("127.0.0.1:%d", p.JSONRPCWS)
	cl.Node = fmt.Sprintf("tcp://127.0.0.1:%d", p.RPC)
}

// WriteConfig writes config.toml, app.toml, client.toml, peer.toml and genesis.json.
func WriteConfig(d home.Dir, c *cmtcfg.Config, a *evmcfg.Config, cl *clientcfg.ClientConfig, genesis *genutiltypes.AppGenesis) error {
	comet, err := home.RenderComet(c)
	if err != nil {
		return err
	}
	app, err := home.RenderApp(a)
	if err != nil {
		return err
	}
	doc, err := json.MarshalIndent(genesis, "", "  ")
	if err != nil {
		return err
	}
	peer := peerconfig.Default()
	peer.ChainID = genesis.ChainID
	for path, text := range map[string][]byte{
		d.Comet(): comet, d.App(): app, d.Client(): home.RenderClient(cl), d.Peer(): peer.TOML(true), d.Genesis(): append(doc, '\n'),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// flt returns n whole FLT in the base denomination.
func flt(n int64) sdkmath.Int {
	return sdkmath.NewInt(n).Mul(sdkmath.NewIntWithDecimal(1, 18))
}
