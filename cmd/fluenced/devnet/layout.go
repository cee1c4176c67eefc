// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// Shape of a devnet.
const (
	defaultValidators = 3
	maxValidators     = 16
	defaultEpoch      = 15 * time.Second
	// timeoutCommit keeps blocks a second apart on a busy machine.
	timeoutCommit = 700 * time.Millisecond
	// knownAccounts is how many accounts Ethereum tools expect on a local network.
	knownAccounts = 10
	// accountFLT and accountUSD are what each account owns in genesis.
	accountFLT, accountUSD = 1_000_000, 1_000_000
	// operatorFLT is what a validator's account owns, its stake included.
	operatorFLT = 200_000
	// snapshotInterval is the blocks between two snapshots for state sync.
	snapshotInterval = 100
)

// stakeFLT gives validator 0 one per cent more than the others, so that no two
// validators tie and any one but the first of three may fail.
func stakeFLT(i int) int64 {
	if i == 0 {
		return 101_000
	}
	return 100_000
}

// accounts returns the funded accounts; the first is the one whose key starts with
// 0xac0974be.
func accounts() ([]network.Account, error) {
	names := []string{"customer", "provider", "member"}
	list := make([]network.Account, knownAccounts)
	for i := range list {
		name := fmt.Sprintf("account-%d", i)
		if i < len(names) {
			name = names[i]
		}
		a, err := network.KnownAccount(name, uint32(i))
		if err != nil {
			return nil, err
		}
		list[i] = a.Funded(accountFLT, accountUSD)
	}
	return list, nil
}

// operator returns the account of validator i.
func operator(i int) (network.Account, error) {
	a, err := network.KnownAccount(fmt.Sprintf("validator-%d", i), uint32(knownAccounts+i))
	return a.Funded(operatorFLT, 0), err
}

// homeOf returns the home of validator i.
func (n *Network) homeOf(i int) home.Dir {
	return home.Dir(filepath.Join(n.opts.Dir, fmt.Sprintf("validator-%d", i)))
}

// layOut creates the network, or finds it, and gives every validator free ports.
func (n *Network) layOut() error {
	known, err := accounts()
	if err != nil {
		return err
	}
	there := 0
	for there < maxValidators && n.homeOf(there).Exists() {
		there++
	}
	if there == 0 {
		err = n.create(known)
	} else {
		err = n.find(there)
	}
	if err != nil {
		return err
	}
	if err := n.openPorts(); err != nil {
		return err
	}
	described := make([]Account, len(known))
	for i, a := range known {
		described[i] = Account{Name: a.Name, Bech32: a.Bech32(), Hex: a.Hex(), PrivateKeyHex: a.KeyHex()}
	}
	n.describe(described)
	return nil
}

// create writes the homes of a new network.
func (n *Network) create(known []network.Account) error {
	if n.opts.Validators == 0 {
		n.opts.Validators = defaultValidators
	}
	if n.opts.Epoch == 0 {
		n.opts.Epoch = defaultEpoch
	}
	spec := network.Spec{
		ChainID: params.ChainIDLocal, Accounts: slices.Clone(known), TimeoutCommit: timeoutCommit,
		Time: time.Now().Truncate(time.Second), Edit: n.setEpoch,
	}
	for i := range n.opts.Validators {
		op, err := operator(i)
		if err != nil {
			return err
		}
		wallet, err := peerAccount(i)
		if err != nil {
			return err
		}
		spec.Accounts = append(spec.Accounts, wallet)
		n.members = append(n.members, member{dir: n.homeOf(i), ports: preferred(i)})
		spec.Validators = append(spec.Validators, network.Validator{
			Name: op.Name, Home: n.homeOf(i), Operator: op, StakeFLT: stakeFLT(i),
			P2P: fmt.Sprintf("127.0.0.1:%d", n.members[i].ports.P2P), Edit: localFile,
		})
	}
	if _, _, err := network.Write(spec); err != nil {
		return err
	}
	for i := range n.members {
		if err := network.SaveKeys(n.homeOf(i), append(slices.Clone(known), spec.Validators[i].Operator)...); err != nil {
			return err
		}
		if err := writeAccountKey(n.homeOf(i), i); err != nil {
			return err
		}
	}
	return nil
}

// localFile is what a validator on a machine with others needs.
func localFile(f *network.File) {
	f.Comet.P2P.AllowDuplicateIP = true
	f.Comet.P2P.AddrBookStrict = false
	f.Comet.P2P.PexReactor = false
	f.Comet.LogLevel = "*:error,consensus:info,server:info,state:info"
	f.App.StateSync.SnapshotInterval = snapshotInterval
	f.Client.KeyringBackend = keyring.BackendTest
}

// setEpoch puts the epoch's duration into the genesis of x/epoch.
func (n *Network) setEpoch(state map[string]json.RawMessage) error {
	return editEpoch(state, func(p map[string]any) { p["duration"] = fmt.Sprintf("%ds", int(n.opts.Epoch.Seconds())) })
}

func editEpoch(state map[string]json.RawMessage, edit func(epochParams map[string]any)) error {
	const name = "epoch"
	var g map[string]any
	if err := json.Unmarshal(state[name], &g); err != nil {
		return fmt.Errorf("genesis of %s: %w", name, err)
	}
	p, ok := g["params"].(map[string]any)
	if !ok {
		return fmt.Errorf("genesis of %s has no params", name)
	}
	edit(p)
	text, err := json.Marshal(g)
	state[name] = text
	return err
}

// find takes up a network of there validators that ran before.
func (n *Network) find(there int) error {
	if n.opts.Validators != 0 && n.opts.Validators != there {
		return term.Hint(fmt.Errorf("%w: it has %d validators, not %d", ErrOtherShape, there, n.opts.Validators),
			"leave --validators out, or use another --home")
	}
	for i := range there {
		n.members = append(n.members, member{dir: n.homeOf(i), ports: preferred(i)})
	}
	g, err := home.ReadGenesis(n.homeOf(0).Genesis())
	if err != nil {
		return err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(g.AppState, &state); err != nil {
		return err
	}
	var duration string
	if err := editEpoch(state, func(p map[string]any) { duration, _ = p["duration"].(string) }); err != nil {
		return err
	}
	began, err := time.ParseDuration(duration)
	if err != nil {
		return fmt.Errorf("genesis of epoch: %w", err)
	}
	if n.opts.Epoch != 0 && n.opts.Epoch != began {
		return term.Hint(fmt.Errorf("%w: its epochs began with %s, not %s", ErrOtherShape, began, n.opts.Epoch),
			"leave --epoch out, change it by governance, or use another --home")
	}
	n.opts.Epoch = began
	return nil
}
