// SPDX-License-Identifier: Apache-2.0

// Package deals answers the builtins worker, subnet and connector: what runs here
// for deals, and who serves a deal, from the state of the chain.
//
// Source: nox@b349812f0:particle-builtins, crates/chain-connector;
// @fluencelabs/aqua-lib 0.10.2 subnet.aqua (names, shapes and texts, facts only).
package deals

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/worker"
)

// Config is what the builtins speak for. Deals, Activator and Spells may be nil: a
// peer without a chain answers so.
type Config struct {
	Self      peer.ID
	Managers  []peer.ID
	Key       [32]byte // ed25519 key of this peer
	ChainID   string
	Workers   *worker.Workers
	Services  worker.Services
	Spells    worker.Spells
	Deals     chain.Deals
	Activator chain.Activator
}

// Deals answers worker, subnet and connector. It is safe for concurrent use.
type Deals struct {
	cfg Config

	mu       sync.Mutex // guards all below
	resolved map[chain.DealID]resolved
	receipts map[string]receipt
	order    []string // of receipts, oldest first
}

// New returns the builtins.
func New(cfg Config) *Deals {
	return &Deals{cfg: cfg, resolved: map[chain.DealID]resolved{}, receipts: map[string]receipt{}}
}

// Entries returns the functions by service.
func (d *Deals) Entries() map[string]map[string]builtin.Entry {
	return map[string]map[string]builtin.Entry{
		"worker": d.workerEntries(),
		"subnet": {"resolve": {Kind: pipeline.Effect, Call: d.resolve}},
		"connector": {
			"get_deals":       {Kind: pipeline.Effect, Call: d.hostOnly(d.getDeals)},
			"register_worker": {Kind: pipeline.Effect, Call: d.hostOnly(d.registerWorker)},
			"get_tx_receipts": {Kind: pipeline.Pure, Call: d.hostOnly(d.getReceipts)},
		},
	}
}

// errNoChain is what a peer that reads no chain answers.
var errNoChain = errors.New("this peer reads no chain: its operator must set chain.rpc")

// Bounds of what is remembered.
const (
	freshTime   = time.Second // an answer of the chain serves so long
	maxResolved = 4096        // deals
	maxReceipts = 1024
)

// subnetWorker is a worker of a deal, in the shapes of aqua-lib and of official
// peers at once.
type subnetWorker struct {
	PatID    string   `json:"pat_id"` // id on the chain
	CUIDs    []string `json:"cu_ids"`
	HostID   string   `json:"host_id"`
	WorkerID []string `json:"worker_id"` // none until it is activated
}

type resolution struct {
	Success bool           `json:"success"`
	Workers []subnetWorker `json:"workers"`
	Error   []string       `json:"error"`
}

type resolved struct {
	at time.Time
	resolution
}

// resolve is (deal_id): who serves a deal. A refusal is an answer, not an error.
func (d *Deals) resolve(ctx context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	text, err := builtin.Next[string](a, "deal_id")
	if err != nil {
		return nil, err
	}
	id, err := dealID(text)
	if err == nil && d.cfg.Deals == nil {
		err = errNoChain
	}
	if err != nil {
		return resolution{Workers: []subnetWorker{}, Error: []string{err.Error()}}, nil
	}
	d.mu.Lock()
	known, ok := d.resolved[id]
	d.mu.Unlock()
	if ok && time.Since(known.at) < freshTime {
		return known.resolution, nil
	}
	res := resolution{Workers: []subnetWorker{}, Error: []string{}}
	list, _, err := d.cfg.Deals.Workers(ctx, id)
	for i := range list {
		w, e := shown(&list[i])
		err = errors.Join(err, e)
		res.Workers = append(res.Workers, w)
	}
	if res.Success = err == nil; err != nil {
		res = resolution{Workers: []subnetWorker{}, Error: []string{err.Error()}}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.resolved) >= maxResolved {
		clear(d.resolved)
	}
	d.resolved[id] = resolved{time.Now(), res}
	return res, nil
}

// dealID reads a deal id.
func dealID(text string) (id chain.DealID, err error) {
	key, err := worker.DealKey(text)
	if err != nil {
		return id, err
	}
	raw, err := hex.DecodeString(key)
	copy(id[:], raw)
	return id, err
}

func shown(w *chain.DealWorker) (subnetWorker, error) {
	host, err := peerID(w.Peer[:])
	if err != nil {
		return subnetWorker{}, err
	}
	out := subnetWorker{PatID: "0x" + hex.EncodeToString(w.ID[:]), CUIDs: unitTexts(w.Units), HostID: host.String(), WorkerID: []string{}}
	if len(w.Key) > 0 {
		id, err := peerID(w.Key)
		if err != nil {
			return subnetWorker{}, err
		}
		out.WorkerID = []string{id.String()}
	}
	return out, nil
}

func unitTexts(units [][32]byte) []string {
	out := make([]string, len(units))
	for i, u := range units {
		out[i] = "0x" + hex.EncodeToString(u[:])
	}
	return out
}

// peerID is the peer id of an ed25519 key.
func peerID(raw []byte) (peer.ID, error) {
	if len(raw) != ed25519.PublicKeySize {
		return "", fmt.Errorf("key of %d bytes", len(raw))
	}
	key, err := libp2pcrypto.UnmarshalEd25519PublicKey(raw)
	if err != nil {
		return "", err
	}
	return peer.IDFromPublicKey(key)
}

// trusted reports whether the initiator is this peer or one of its managers.
func (d *Deals) trusted(c pipeline.Call) bool {
	from := c.Particle.InitPeerID
	return from == d.cfg.Self.String() || slices.ContainsFunc(d.cfg.Managers, func(m peer.ID) bool { return m.String() == from })
}

// hostOnly keeps a function for particles of this peer itself.
func (d *Deals) hostOnly(f builtin.Function) builtin.Function {
	return func(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
		if c.Particle.InitPeerID != d.cfg.Self.String() {
			return nil, errors.New("Only the host peer can call this function") //nolint:staticcheck // ST1005: upstream's manner
		}
		return f(ctx, c, a)
	}
}
