// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/go-fluence/fluence/peer/httpapi"
	"github.com/go-fluence/fluence/peer/spell"
)

// Names in the peer's folder.
const (
	ReadyFile    = "ready.json"   // Ready as JSON, there while the peer runs
	ControlFile  = "control.sock" // the operator's socket
	TraceFolder  = "traces"       // ring of pipeline events
	ConfigFolder = "config"       // beside the peer's folder
	ConfigFile   = "peer.toml"    // in ConfigFolder
)

// Ready is what a running peer says of itself in ReadyFile.
type Ready struct {
	PeerID        string   `json:"peer_id"`
	Multiaddrs    []string `json:"multiaddrs"`     // of the open listeners, each with /p2p/ID; WebSocket first
	HTTP          *string  `json:"http"`           // http://HOST:PORT; null when off
	ManagementKey *string  `json:"management_key"` // base64 seed; null when keys are sealed
	PID           int      `json:"pid"`
}

func (p *Peer) readyFile() string { return filepath.Join(p.deps.Home, ReadyFile) }

// writeReady writes the ready file in one rename.
func (p *Peer) writeReady() error {
	r := Ready{PeerID: p.id.self.String(), Multiaddrs: []string{}, PID: os.Getpid()}
	for _, a := range p.host.Listening() {
		r.Multiaddrs = append(r.Multiaddrs, a.String())
	}
	slices.SortStableFunc(r.Multiaddrs, func(a, b string) int { return forClients(b) - forClients(a) })
	if url := p.http.URL(); url != "" {
		r.HTTP = &url
	}
	if !p.id.sealed {
		key := base64.StdEncoding.EncodeToString(seedOf(p.id.management))
		r.ManagementKey = &key
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := p.readyFile() + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, p.readyFile())
}

// forClients is 1 for addresses that browsers and js-client can dial.
func forClients(addr string) int {
	if strings.Contains(addr, "/ws") {
		return 1
	}
	return 0
}

// ReadReady reads the ready file of the peer whose folder is home.
func ReadReady(home string) (r Ready, err error) {
	raw, err := os.ReadFile(filepath.Join(home, ReadyFile))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(raw, &r)
}

// Info is what fluenced peer info shows of a running peer.
type Info struct {
	PeerID    string   `json:"peer_id"`
	Addresses []string `json:"addresses"` // announced
	Listening []string `json:"listening"`
	Network   string   `json:"network"` // Kademlia protocol
	Neighbors int      `json:"neighbors"`
	Peers     int      `json:"peers"`
	Particles int      `json:"particles"`  // alive
	Waiting   int64    `json:"waiting"`    // bytes of particle data that wait for a run
	StoreUsed int64    `json:"store_used"` // bytes
	UptimeSec int64    `json:"uptime_sec"`
	Version   string   `json:"version"`
}

func (p *Peer) info() any {
	stats := p.pipeline.Stats()
	return Info{
		PeerID: p.id.self.String(), Addresses: bare(p.host.Addrs()), Listening: bare(p.host.Listening()),
		Network: p.dht.Protocol(), Neighbors: p.dht.Size(), Peers: len(p.host.Peers()), Particles: stats.Lives,
		Waiting: stats.Waiting, StoreUsed: p.journal.Bytes(), UptimeSec: int64(time.Since(p.started).Seconds()), Version: p.deps.Version,
	}
}

func (p *Peer) httpConfig() httpapi.Config {
	cfg := httpapi.Config{
		Listen: listenHTTP(p.cfg), Socket: filepath.Join(p.deps.Home, ControlFile), PeerID: p.id.self.String(),
		Versions: httpapi.Versions{Node: p.deps.Version, AVM: AirVersion, Spell: SpellVersion},
		TOML:     func() []byte { return p.cfg.TOML(false) },
		Control:  httpapi.Control{Peers: p.contacts, Info: p.info, Connect: p.connect},
		Log:      p.deps.Log,
	}
	if p.cfg.SpellHTTP {
		cfg.Routes = map[string]http.Handler{spell.HTTPPattern: p.spells.Handler()}
	}
	if p.cfg.Metrics {
		p.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		cfg.Gather = p.metrics
	}
	if p.cfg.Health {
		cfg.Checks = []httpapi.Check{
			{Name: "bootstrap_nodes", Ask: p.checkBootstrap},
			{Name: "kademlia_bootstrap", Ask: p.checkTable},
			{Name: "vm_pool", Ask: p.checkPipeline},
		}
	}
	return cfg
}

var (
	errAlone = errors.New("no connection to any peer")
	errEmpty = errors.New("routing table is empty")
	errFull  = errors.New("queue of particles is full")
)

// checkBootstrap fails when there are bootstrap nodes and no connection.
func (p *Peer) checkBootstrap() error {
	if len(p.cfg.BootstrapNodes) > 0 && len(p.host.Peers()) == 0 {
		return errAlone
	}
	return nil
}

// checkTable fails when there are bootstrap nodes and the table stays empty.
func (p *Peer) checkTable() error {
	if len(p.cfg.BootstrapNodes) > 0 && p.dht.Size() == 0 && time.Since(p.started) > firstContactTime {
		return errEmpty
	}
	return nil
}

// checkPipeline fails when new particles would be refused.
func (p *Peer) checkPipeline() error {
	if s := p.pipeline.Stats(); s.Ready >= p.cfg.Queue {
		return errFull
	}
	return nil
}
