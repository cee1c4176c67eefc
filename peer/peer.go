// SPDX-License-Identifier: Apache-2.0

// Package peer puts a particle peer together: identity, store, libp2p host,
// routing table, interpreter, pipeline, builtins, door and operator endpoints.
// New checks and opens what it is given and starts nothing; Run owns every
// goroutine and returns after the last.
package peer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/libp2p/go-libp2p"
	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/builtin/hosting"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/dht"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/httpapi"
	"github.com/go-fluence/fluence/peer/ipfs"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/prover"
	"github.com/go-fluence/fluence/peer/spell"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/peer/worker"
)

// Versions of what this peer is compatible with.
const (
	AirVersion   = "0.62.0" // AquaVM whose particle data ours are exchanged with
	SpellVersion = "0.7.6"  // npm interface of spells
)

// planBytes is how many bytes of scripts the interpreter keeps plans of.
const planBytes = 2 << 20

// firstContactTime is how long a peer with bootstrap nodes may be alone before
// its health says so.
const firstContactTime = 30 * time.Second

// Deps are the parts a peer does not make itself. Home and Log may be nil or "".
type Deps struct {
	Home       string                    // folder of the peer's own files: HOME/peer
	Version    string                    // of this program
	Passphrase string                    // opens and seals the keys; "" leaves them plain
	Log        *slog.Logger              // nil is silent
	Services   Services                  // services that are no builtins; nil for none
	Workers    pipeline.Keys             // keys of workers instead of the peer's own; nil for those
	Members    Members                   // peers the chain knows; nil for none
	Blocks     chain.Events              // blocks that spells hear of; nil for none
	Chain      Chain                     // deals that this peer serves; nil for none
	Capacity   prover.Chain              // what this peer's idle units have to prove; nil for nothing
	OnPeer     func(id peer.ID, up bool) // told of peers that come and go; must not block
	Extra      []libp2p.Option           // for simulated networks
	// Compile is the command line of a process that compiles Wasm modules apart
	// from this one, without its flag --cache; nil compiles in this process.
	Compile []string
	// Mine is the command line of a process that searches capacity proofs of one unit;
	// nil proves nothing.
	Mine []string
}

// Services are what answers calls besides the builtins.
type Services interface {
	pipeline.Services
	// Owner returns who owns a service; see door.Services.
	Owner(scope pipeline.Scope, service string) (peer.ID, bool)
}

// Members returns peers known otherwise than by the network.
type Members func(ctx context.Context) ([]peer.AddrInfo, error)

// Peer is one particle peer. Make it with New, and call Close if Run is never
// called.
type Peer struct {
	cfg  config.Config
	deps Deps
	id   identity

	store    *store.Store
	journal  *store.Journal
	ring     *store.Ring
	host     *host.Host
	dht      *dht.DHT
	registry *builtin.Registry
	hosted   *hosted
	ipfs     *ipfs.Store
	spells   *spell.Spells
	workers  *worker.Workers
	pipeline *pipeline.Pipeline
	http     *httpapi.Server
	guard    guard
	metrics  *prometheus.Registry
	started  time.Time
	ready    chan struct{}

	reconciler *worker.Reconciler // nil without a chain
	prover     *prover.Prover     // nil without a chain that takes proofs
	proofs     *store.Files       // the prover's
}

// New opens the peer's folder, its keys and its journal, and builds everything
// else. It listens on nothing and starts nothing.
//
// Errors: those of packages config, store, host and dht, naming what to change.
func New(cfg config.Config, deps Deps) (*Peer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	files, err := store.Open(deps.Home)
	if err != nil {
		return nil, err
	}
	p := &Peer{cfg: cfg, deps: deps, store: files, metrics: prometheus.NewRegistry(), ready: make(chan struct{})}
	if err := p.build(); err != nil {
		return nil, errors.Join(err, p.hosted.close(context.Background()), p.closeIPFS(), p.closeSpells(), p.closeWorkers(), p.closeProver(), files.Close())
	}
	return p, nil
}

func (p *Peer) build() (err error) {
	if p.id, err = openIdentity(p.store, p.cfg, p.deps); err != nil {
		return err
	}
	if err := p.buildWorkers(); err != nil {
		return err
	}
	if p.journal, err = p.store.Journal("particles", store.JournalOptions{Quota: p.cfg.StoreQuota, NoSync: !p.cfg.StoreSync}); err != nil {
		return err
	}
	if p.cfg.Trace {
		if p.ring, err = p.store.Ring(TraceFolder, p.cfg.TraceBytes); err != nil {
			return err
		}
	}
	if err := p.buildNetwork(); err != nil {
		return err
	}
	if err := p.buildServices(); err != nil {
		return err
	}
	p.http = httpapi.New(p.httpConfig())
	return nil
}

func (p *Peer) buildNetwork() error {
	cfg, err := hostConfig(p.cfg)
	if err != nil {
		return err
	}
	cfg.Key, cfg.Agent, cfg.Log, cfg.Extra = p.id.key, "fluenced/"+p.deps.Version, p.deps.Log, p.deps.Extra
	cfg.Handler, cfg.OnPeer, cfg.Metrics = p.take, p.onPeer, host.NewMetrics(p.metrics)
	if p.host, err = host.New(cfg); err != nil {
		return err
	}
	network := p.cfg.Network
	if network == "" {
		network = dht.NetworkName(p.cfg.ChainID)
	}
	p.dht, err = dht.New(dht.Config{
		Host: p.host, Network: network, Bootstrap: p.cfg.BootstrapNodes, Members: p.deps.Members,
		Log: p.deps.Log, Metrics: dht.NewMetrics(p.metrics),
	})
	return err
}

func (p *Peer) buildServices() (err error) {
	p.registry, err = builtin.New(builtin.Deps{
		Self: p.id.self, Managers: p.id.managers, Network: network{p.host}, Routing: routing{p.dht}, Signer: p.id,
		Identify: p.identify, Log: p.deps.Log, WorkerSpell: func(c pipeline.Call) bool { return p.spells.IsWorkerSpell(c.Particle) },
	})
	if err != nil {
		return err
	}
	if err := p.buildHosted(); err != nil {
		return err
	}
	if err := p.buildIPFS(); err != nil {
		return err
	}
	if err := p.buildSpells(); err != nil {
		return err
	}
	if err := p.buildDeals(); err != nil {
		return err
	}
	if err := p.buildProver(); err != nil {
		return err
	}
	if err := p.buildGuard(); err != nil {
		return err
	}
	metrics := pipeline.NewMetrics()
	if err := metrics.Register(p.metrics); err != nil {
		return err
	}
	deps := pipeline.Deps{
		Invoke: air.NewInterpreter(planBytes).Invoke, Services: p.registry, Sender: p.dht, Keys: p.id, Journal: p.journal,
		Door: p.gate(), Statements: p.statements, Metrics: metrics, Log: p.deps.Log,
		Forget: p.hosted.vault.Forget,
	}
	if p.ring != nil {
		deps.Tracer = tracer{p.ring}
	}
	p.pipeline, err = pipeline.New(pipeline.Config{Self: p.id.self, Limits: pipelineLimits(p.cfg)}, deps)
	return err
}

// Close gives the folder back without running.
func (p *Peer) Close() error {
	return errors.Join(p.hosted.close(context.Background()), p.closeIPFS(), p.closeSpells(), p.closeWorkers(), p.closeProver(), p.closeGuard(), p.store.Close())
}

// ID returns the peer id.
func (p *Peer) ID() peer.ID { return p.id.self }

// Pipeline returns the particles' way, for parts that make particles here.
func (p *Peer) Pipeline() *pipeline.Pipeline { return p.pipeline }

// Registry returns the builtins, for parts that add services before Run.
func (p *Peer) Registry() *builtin.Registry { return p.registry }

// Hosting returns the Wasm services.
func (p *Peer) Hosting() *hosting.Services { return p.hosted.services }

// IPFS returns the files by CID.
func (p *Peer) IPFS() *ipfs.Store { return p.ipfs }

// Spells returns the spells.
func (p *Peer) Spells() *spell.Spells { return p.spells }

// Workers returns the workers of deals.
func (p *Peer) Workers() *worker.Workers { return p.workers }

// Host returns the network side.
func (p *Peer) Host() *host.Host { return p.host }

// Ready is closed once the peer listens and its ready file is written.
func (p *Peer) Ready() <-chan struct{} { return p.ready }

// Key returns the peer's own key, for parts that sign particles as this peer.
func (p *Peer) Key() libp2pcrypto.PrivKey { return p.id.key }

// Run works until ctx ends or a part fails, and returns once every goroutine has.
// What keeps data on disk stops last. It may be called once.
func (p *Peer) Run(ctx context.Context) error {
	p.started = time.Now()
	defer func() { _ = os.Remove(p.readyFile()) }()
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	asked := ctx // ends when the caller wants it
	work, ctx := errgroup.WithContext(ctx)
	kept := make(chan error, 4)
	keepers := 0
	for _, run := range p.keepers() {
		keepers++
		work.Go(func() error { return watch(ctx, func() error { err := run(keep); kept <- err; return err }) })
	}
	work.Go(func() error { return p.pipeline.Run(ctx) })
	work.Go(func() error { return p.host.Run(ctx) })
	work.Go(func() error { return p.dht.Run(ctx) })
	work.Go(func() error { return p.ipfs.Run(ctx) })
	work.Go(func() error { return p.http.Run(ctx) })
	work.Go(func() error { return p.announce(ctx) })
	work.Go(func() error { return p.serveDeals(ctx) })
	work.Go(func() error { return p.keepDoor(ctx) })
	work.Go(func() error { return p.prove(ctx) })
	err := work.Wait()
	if asked.Err() != nil && errors.Is(err, host.ErrNotRunning) {
		err = nil // a part was still starting when the host had ended already
	}
	stopKeeping()
	for range keepers {
		if e := <-kept; e != nil && err == nil {
			err = e
		}
	}
	return errors.Join(err, p.closeWorkers(), p.closeProver(), p.closeGuard(), p.store.Close())
}

// watch runs f in its own goroutine and returns when it fails or ctx ends; f's
// result is collected elsewhere.
func watch(ctx context.Context, f func() error) error {
	failed := make(chan error, 1)
	go func() { failed <- f() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// keepers are the parts that write to disk.
func (p *Peer) keepers() []func(context.Context) error {
	list := []func(context.Context) error{p.journal.Run, p.hosted.run, p.spells.Run}
	if p.ring != nil {
		list = append(list, p.ring.Run)
	}
	return list
}

// announce writes the ready file once the network and the endpoints are open.
func (p *Peer) announce(ctx context.Context) error {
	for _, ready := range []<-chan struct{}{p.host.Ready(), p.http.Ready()} {
		select {
		case <-ctx.Done():
			return nil
		case <-ready:
		}
	}
	if err := p.writeReady(); err != nil {
		return fmt.Errorf("write ready file: %w", err)
	}
	close(p.ready)
	return nil
}

// seedOf is the 32-byte seed of an Ed25519 key.
func seedOf(key ed25519.PrivateKey) []byte { return key.Seed() }
