// SPDX-License-Identifier: Apache-2.0

// Package apptest runs whole chains inside a test: several validators, each with its own application over a
// store in memory, driven in lock step without CometBFT, network or clock. What it signs is valid on a chain
// with the local chain id only.
package apptest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"cosmossdk.io/log/v2"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/baseapp"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	simtestutil "github.com/cosmos/cosmos-sdk/testutil/sims"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/verdicts"
	"github.com/go-fluence/fluence/proofs/beacon"
)

// Config says what network to build. The zero value gives one validator and four accounts.
type Config struct {
	// Validators is how many validators take part; 0 means 1.
	Validators int
	// Accounts is how many funded accounts exist; 0 means 4.
	Accounts int
	// BlockTime is the block time between two blocks; 0 means 1 s.
	BlockTime time.Duration
	// Edit changes the genesis state before the chain starts.
	Edit func(genesis map[string]json.RawMessage)
	// Options are given to each application.
	Options servertypes.AppOptions
	// Verdicts returns what verifies capacity proofs for validator i; nil means that nothing does.
	Verdicts func(i int) *verdicts.Pool
	// Store returns the database of validator i; nil means memory.
	Store func(i int) dbm.DB
	// Logger receives what the applications log; nil means nobody does.
	Logger log.Logger
}

// Network is a chain with all its validators in this process. It is not safe for concurrent use.
type Network struct {
	// Apps are the validators' applications, in the order of Validators.
	Apps []*app.App
	// Validators are the members of the validator set.
	Validators []Validator
	// Accounts are funded and free to use.
	Accounts []Account
	// Genesis is the state the chain started from.
	Genesis []byte
	// Absent says which validators, by number, do not sign the blocks to come.
	Absent map[int]bool
	// Evidence goes into the next block, once.
	Evidence []abci.Misbehavior

	cfg     Config
	time    time.Time
	initial int64
}

// Start is the block time of genesis.
func Start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// New builds a network and makes its first block, so that there is a state to read. The test's end closes it.
func New(t testing.TB, cfg Config) *Network {
	t.Helper()
	cfg.Validators, cfg.Accounts = max(cfg.Validators, 1), max(cfg.Accounts, 4)
	if cfg.BlockTime == 0 {
		cfg.BlockTime = time.Second
	}
	n := &Network{cfg: cfg, time: Start(), initial: 1}
	for i := range cfg.Validators {
		n.Validators = append(n.Validators, NewValidator(i))
	}
	for i := range cfg.Accounts {
		n.Accounts = append(n.Accounts, NewAccount(fmt.Sprintf("%d", i)))
	}
	genesis, err := Genesis(n.Validators, n.Accounts)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Edit != nil {
		cfg.Edit(genesis)
	}
	if n.Genesis, err = json.Marshal(genesis); err != nil {
		t.Fatal(err)
	}
	for i := range n.Validators {
		a := Open(t, cfg, i)
		if err := initChain(a, n.Genesis, 1, n.time); err != nil {
			t.Fatal(err)
		}
		n.Apps = append(n.Apps, a)
	}
	if _, err := n.Step(); err != nil {
		t.Fatal(err)
	}
	return n
}

// Open builds the application of validator i of cfg without starting a chain. The test's end closes it.
func Open(t testing.TB, cfg Config, i int) *app.App {
	t.Helper()
	var db dbm.DB = dbm.NewMemDB()
	if cfg.Store != nil {
		db = cfg.Store(i)
	}
	options, logger := cfg.Options, cfg.Logger
	if options == nil {
		options = simtestutil.EmptyAppOptions{}
	}
	if logger == nil {
		logger = log.NewNopLogger()
	}
	options = withVRF{options, NewValidator(i).VRF}
	if cfg.Verdicts != nil {
		options = withVerdicts{options, cfg.Verdicts(i)}
	}
	a, err := app.Open(logger, db, true, options, baseapp.SetChainID(params.ChainIDLocal))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.Close() // a test may have closed it
	})
	return a
}

// withVRF are options beside a validator's VRF key, which they may replace.
type withVRF struct {
	servertypes.AppOptions
	key *beacon.Key
}

// Get implements servertypes.AppOptions.
func (o withVRF) Get(name string) any {
	if v := o.AppOptions.Get(name); v != nil || name != app.OptionVRFKey {
		return v
	}
	return o.key
}

// withVerdicts are options beside what verifies a validator's capacity proofs.
type withVerdicts struct {
	servertypes.AppOptions
	pool *verdicts.Pool
}

// Get implements servertypes.AppOptions.
func (o withVerdicts) Get(name string) any {
	if name == app.OptionVerdicts {
		return o.pool
	}
	return o.AppOptions.Get(name)
}

// Reopen closes the application of validator i and opens it again over the same store, which Config.Store must
// have kept.
func (n *Network) Reopen(t testing.TB, i int) {
	t.Helper()
	if err := n.Apps[i].Close(); err != nil {
		t.Fatal(err)
	}
	n.Apps[i] = Open(t, n.cfg, i)
}

// Import starts a chain of as many validators as n from a state that n exported, and makes its first block, at the
// height after the export.
func (n *Network) Import(t testing.TB, exported servertypes.ExportedApp) (*Network, error) {
	t.Helper()
	m := &Network{
		Validators: n.Validators, Accounts: n.Accounts, Genesis: exported.AppState,
		cfg: n.cfg, time: n.time, initial: exported.Height,
	}
	m.cfg.Store = nil
	for i := range m.Validators {
		a := Open(t, m.cfg, i)
		if err := initChain(a, exported.AppState, exported.Height, n.time); err != nil {
			return nil, err
		}
		m.Apps = append(m.Apps, a)
	}
	_, err := m.Step()
	return m, err
}

// Restore returns an application that holds an exported state, committed before any block.
func Restore(t testing.TB, exported servertypes.ExportedApp, at time.Time) (*app.App, error) {
	t.Helper()
	a := Open(t, Config{}, 0)
	ctx := a.NewUncachedContext(false, cmtproto.Header{ChainID: params.ChainIDLocal, Height: exported.Height, Time: at})
	if _, err := a.InitChainer(ctx, &abci.RequestInitChain{AppStateBytes: exported.AppState}); err != nil {
		return nil, fmt.Errorf("import state: %w", err)
	}
	a.CommitMultiStore().Commit()
	return a, nil
}

func initChain(a *app.App, state []byte, height int64, at time.Time) error {
	consensus := app.DefaultConsensusParams().ToProto()
	_, err := a.InitChain(&abci.RequestInitChain{
		ChainId: params.ChainIDLocal, Time: at, InitialHeight: height,
		ConsensusParams: &consensus, AppStateBytes: state,
	})
	if err != nil {
		return fmt.Errorf("init chain: %w", err)
	}
	return nil
}

// Height returns the height of the last committed block.
func (n *Network) Height() int64 { return n.Apps[0].LastBlockHeight() }

// next returns the height of the next block.
func (n *Network) next() int64 { return max(n.Height()+1, n.initial) }

// Time returns the time of the last block, or of genesis.
func (n *Network) Time() time.Time { return n.time }

// AppHash returns the hash of the last committed state.
func (n *Network) AppHash() []byte { return n.Apps[0].LastCommitID().Hash }

// Context returns a context over the committed state of the first validator. Writes to it are lost.
func (n *Network) Context() sdk.Context {
	return n.Apps[0].NewUncachedContext(true, cmtproto.Header{
		ChainID: params.ChainIDLocal, Height: n.Height(), Time: n.time,
	})
}

// Proposer returns the index of the validator that proposes the next block.
func (n *Network) Proposer() int { return int(n.next()) % len(n.Apps) }

// Propose returns the block the next proposer makes: what its application chooses, then txs.
func (n *Network) Propose(txs ...[]byte) (*abci.RequestFinalizeBlock, error) {
	return n.ProposeWith(n.Apps[n.Proposer()], txs...)
}

// Preparer makes blocks: an application, honest or not.
type Preparer interface {
	PrepareProposal(req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error)
}

// ProposeWith returns the block that maker makes in the place of the next proposer, then txs.
func (n *Network) ProposeWith(maker Preparer, txs ...[]byte) (*abci.RequestFinalizeBlock, error) {
	p := n.Proposer()
	at := n.time.Add(n.cfg.BlockTime)
	res, err := maker.PrepareProposal(&abci.RequestPrepareProposal{
		MaxTxBytes: app.MaxBlockBytes, Height: n.next(), Time: at,
		ProposerAddress: n.Validators[p].ConsAddress(), LocalLastCommit: n.extendedCommit(),
	})
	if err != nil {
		return nil, fmt.Errorf("prepare proposal: %w", err)
	}
	return n.block(p, at, append(res.Txs, txs...)), nil
}

func (n *Network) block(proposer int, at time.Time, txs [][]byte) *abci.RequestFinalizeBlock {
	return &abci.RequestFinalizeBlock{
		Txs: txs, Height: n.next(), Time: at, Hash: blockHash(n.next(), txs),
		ProposerAddress: n.Validators[proposer].ConsAddress(), DecidedLastCommit: n.lastCommit(), Misbehavior: n.Evidence,
	}
}

// Judge asks validator i whether it accepts the block.
func (n *Network) Judge(i int, b *abci.RequestFinalizeBlock) (bool, error) {
	res, err := n.Apps[i].ProcessProposal(&abci.RequestProcessProposal{
		Txs: b.Txs, Height: b.Height, Time: b.Time, Hash: b.Hash, ProposerAddress: b.ProposerAddress,
		ProposedLastCommit: b.DecidedLastCommit, Misbehavior: b.Misbehavior,
	})
	if err != nil {
		return false, fmt.Errorf("process proposal: %w", err)
	}
	return res.IsAccepted(), nil
}

// Apply executes and commits a block on every validator, accepted or not, and returns the first one's answer. It
// returns an error when two validators disagree about the state.
func (n *Network) Apply(b *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	var first *abci.ResponseFinalizeBlock
	for i, a := range n.Apps {
		res, err := a.FinalizeBlock(b)
		if err != nil {
			return nil, fmt.Errorf("validator %d: finalize block %d: %w", i, b.Height, err)
		}
		if first == nil {
			first = res
		}
		if !bytes.Equal(first.AppHash, res.AppHash) {
			return nil, fmt.Errorf("block %d: app hash of validator 0 is %X, of %d %X", b.Height, first.AppHash, i, res.AppHash)
		}
		if _, err := a.Commit(); err != nil {
			return nil, fmt.Errorf("validator %d: commit block %d: %w", i, b.Height, err)
		}
	}
	n.time, n.Evidence = b.Time, nil
	n.follow(first.ValidatorUpdates)
	return first, nil
}

// follow takes over changes of the validator set, one block earlier than CometBFT does. Power 0 means out.
func (n *Network) follow(updates []abci.ValidatorUpdate) {
	for _, u := range updates {
		for i := range n.Validators {
			if bytes.Equal(u.PubKey.GetEd25519(), n.Validators[i].Key.PubKey().Bytes()) {
				n.Validators[i].Power = u.Power
			}
		}
	}
}

// Wait lets d pass between the last block and the next, beyond the block time.
func (n *Network) Wait(d time.Duration) { n.time = n.time.Add(d) }

// Step makes one block of what the proposer's mempool holds and txs, has every validator accept it, and executes
// and commits it.
func (n *Network) Step(txs ...[]byte) (*abci.ResponseFinalizeBlock, error) {
	b, err := n.Propose(txs...)
	if err != nil {
		return nil, err
	}
	for i := range n.Apps {
		ok, err := n.Judge(i, b)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("validator %d rejects block %d", i, b.Height)
		}
	}
	return n.Apply(b)
}

func (n *Network) lastCommit() abci.CommitInfo {
	var c abci.CommitInfo
	if n.next() == n.initial {
		return c
	}
	for i, v := range n.Validators {
		if v.Power == 0 {
			continue
		}
		flag := cmtproto.BlockIDFlagCommit
		if n.Absent[i] {
			flag = cmtproto.BlockIDFlagAbsent
		}
		c.Votes = append(c.Votes, abci.VoteInfo{Validator: v.abciValidator(), BlockIdFlag: flag})
	}
	return c
}

func (n *Network) extendedCommit() abci.ExtendedCommitInfo {
	var c abci.ExtendedCommitInfo
	for _, v := range n.lastCommit().Votes {
		c.Votes = append(c.Votes, abci.ExtendedVoteInfo{Validator: v.Validator, BlockIdFlag: v.BlockIdFlag})
	}
	return c
}

// blockHash stands in for the hash of CometBFT's header: it covers height and transactions.
func blockHash(height int64, txs [][]byte) []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(height)))
	for _, tx := range txs {
		sum := sha256.Sum256(tx)
		h.Write(sum[:])
	}
	return h.Sum(nil)
}
