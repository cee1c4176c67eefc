// SPDX-License-Identifier: Apache-2.0

// Package ipfs keeps files by CID and fetches them from other peers over bitswap,
// on the peer's own libp2p host. Blocks that nobody pinned go when room is needed.
// Every block is checked against its hash when it arrives and when it is read, and
// every file against the sizes its parts announce, before more of it is fetched.
// It knows folders only to refuse them and announces nothing to a DHT: what is
// found is what connected peers have. Its spec is docs/spec/ipfs.md.
package ipfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/store"
)

// Defaults of Config.
const (
	DefaultQuota   = 4 << 30          // bytes
	DefaultWait    = 20 * time.Second // without a new block
	DefaultSlowest = 32 << 10         // bytes per second
	// maxFetches bounds files that are fetched at one time.
	maxFetches = 16
	// startWaits is how many waits a file may lose before its speed counts.
	startWaits = 3
)

// Host is what a store needs of the peer's host; package host has it. Safe for
// concurrent use.
type Host interface {
	ID() peer.ID
	Ready() <-chan struct{}           // closed once Libp2p works
	Libp2p() (libp2phost.Host, error) // the running host
	Connect(ctx context.Context, to peer.AddrInfo) error
}

// Config is what a Store is made of. Files is required; without a Host nothing is
// fetched or served.
type Config struct {
	Files *store.Store
	Host  Host
	Quota int64         // bytes of blocks; 0 means DefaultQuota
	Wait  time.Duration // longest wait for the next block of a file; 0 means DefaultWait
	Mute  bool          // serve no blocks to others
	// Slowest is how fast a file must come on the whole, in bytes per second; 0 means
	// DefaultSlowest.
	Slowest int64
	Log     *slog.Logger // nil is silent
}

// Store keeps blocks and fetches files. Its methods are safe for concurrent use.
// Files that are here are served and read before Run too.
type Store struct {
	cfg     Config
	blocks  *blocks
	pins    files
	fetches chan struct{} // capacity maxFetches

	pinMu  sync.Mutex // guards pinned and the pins' files; not held while blocks are fetched
	pinned map[string]*pinned

	mu       sync.Mutex // guards exchange
	exchange *exchange  // nil outside Run
}

// New opens the folders ipfs/blocks and ipfs/pins of the peer's store. It starts
// nothing: see Run. Close it if Run is never called.
func New(cfg Config) (*Store, error) {
	if cfg.Files == nil {
		return nil, errors.New("ipfs needs Files")
	}
	if cfg.Quota == 0 {
		cfg.Quota = DefaultQuota
	}
	if cfg.Wait == 0 {
		cfg.Wait = DefaultWait
	}
	if cfg.Slowest <= 0 {
		cfg.Slowest = DefaultSlowest
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	blockFiles, err := cfg.Files.Files("ipfs/blocks", 0)
	if err != nil {
		return nil, err
	}
	pinFiles, err := cfg.Files.Files("ipfs/pins", 0)
	if err != nil {
		return nil, errors.Join(err, blockFiles.Close())
	}
	s := &Store{cfg: cfg, pins: pinFiles, fetches: make(chan struct{}, maxFetches), pinned: map[string]*pinned{}}
	if s.blocks, err = openBlocks(blockFiles, cfg.Quota); err == nil {
		err = s.loadPins()
	}
	if err != nil {
		return nil, errors.Join(err, blockFiles.Close(), pinFiles.Close())
	}
	return s, nil
}

// Close releases the folders.
func (s *Store) Close() error { return errors.Join(s.blocks.files.Close(), s.pins.Close()) }

// Put keeps a file and returns its CID. Pin it if it is to stay.
//
// Errors: ErrQuota, dag.ErrTooLarge.
func (s *Store) Put(data []byte) (cid.Cid, error) {
	list, err := dag.Split(data)
	if err != nil {
		return cid.Undef, err
	}
	h := s.blocks.newHold()
	defer h.release()
	for _, b := range list {
		if err := s.put(b, h); err != nil {
			return cid.Undef, err
		}
	}
	return list[len(list)-1].CID, nil
}

// PutBlock keeps one block after checking it against its CID.
//
// Errors: ErrQuota, dag.ErrCID, dag.ErrHash, dag.ErrTooLarge.
func (s *Store) PutBlock(b dag.Block) error { return s.put(b, nil) }

func (s *Store) put(b dag.Block, h *hold) error {
	d, err := dag.Verify(b.CID, b.Data)
	if err != nil {
		return err
	}
	return s.blocks.put(d, b.Data, h)
}

// Has reports whether the block that c names is here.
func (s *Store) Has(c cid.Cid) bool {
	d, err := dag.Check(c)
	if err != nil {
		return false
	}
	_, ok := s.blocks.size(d)
	return ok
}

// Get returns the file c of at most limit bytes, from here or from connected
// peers. Memory grows with what arrived and was checked.
//
// Errors: ErrUnavailable, ErrNotRunning, ErrQuota, those of dag.Walk and of ctx.
func (s *Store) Get(ctx context.Context, c cid.Cid, limit int64) ([]byte, error) {
	h := s.blocks.newHold()
	defer h.release()
	var out bytes.Buffer
	err := s.walk(ctx, c, min(limit, dag.MaxFile), h, func(b []byte) error { _, err := out.Write(b); return err })
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", c, err)
	}
	return out.Bytes(), nil
}

// GetFrom is Get after connecting to providers; those that cannot be reached are
// passed over if others can.
//
// Errors: ErrUnavailable when none can be reached and the file is not here, and
// those of Get.
func (s *Store) GetFrom(ctx context.Context, c cid.Cid, limit int64, providers ...peer.AddrInfo) ([]byte, error) {
	if s.Has(c) || len(providers) == 0 {
		return s.Get(ctx, c, limit)
	}
	if err := s.meet(ctx, providers); err != nil {
		return nil, fmt.Errorf("get %s: %w: %w", c, ErrUnavailable, err)
	}
	return s.Get(ctx, c, limit)
}

// maxProviders bounds the peers that one fetch connects to.
const maxProviders = 16

// meet connects to providers; an error means that none is reached.
func (s *Store) meet(ctx context.Context, providers []peer.AddrInfo) error {
	if s.cfg.Host == nil {
		return ErrNotRunning
	}
	var failed error
	reached := 0
	for _, p := range providers[:min(len(providers), maxProviders)] {
		if p.ID == s.cfg.Host.ID() {
			continue
		}
		if err := s.cfg.Host.Connect(ctx, p); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		reached++
	}
	if reached > 0 {
		return nil
	}
	return failed
}

// walk visits a file, fetching blocks that are not here, and holds all of them.
func (s *Store) walk(ctx context.Context, c cid.Cid, limit int64, h *hold, each func([]byte) error) error {
	f := fetch{s: s, hold: h}
	defer f.end()
	return dag.Walk(c, limit, func(want []cid.Cid) ([]dag.Block, error) { return f.get(ctx, want) }, each)
}

// local returns blocks that are here.
func (s *Store) local(h *hold) dag.Fetch {
	return func(want []cid.Cid) ([]dag.Block, error) {
		out := make([]dag.Block, len(want))
		for i, c := range want {
			d, err := dag.Check(c)
			if err != nil {
				return nil, err
			}
			data, err := s.blocks.get(d, h)
			if err != nil {
				return nil, fmt.Errorf("block %s: %w", c, err)
			}
			out[i] = dag.Block{CID: c, Data: data}
		}
		return out, nil
	}
}

// Usage is what a store holds.
type Usage struct {
	Used   int64 `json:"used"`  // bytes charged, in steps of 4 KiB per block
	Quota  int64 `json:"quota"` // bytes
	Blocks int   `json:"blocks"`
	Pins   int   `json:"pins"`
}

// Usage returns what the store holds.
func (s *Store) Usage() Usage {
	used, count := s.blocks.usage()
	s.pinMu.Lock()
	defer s.pinMu.Unlock()
	return Usage{Used: used, Quota: s.cfg.Quota, Blocks: count, Pins: len(s.pinned)}
}
