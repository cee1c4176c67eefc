// SPDX-License-Identifier: Apache-2.0

// Package aquaipfs answers the builtin aqua-ipfs with the functions of
// @fluencelabs/aqua-ipfs, and the builtin ipfs with which an owner puts blocks
// onto a peer and pins them. There is no IPFS daemon behind them but the peer's
// own store of blocks: the addresses of daemons that scripts set are kept and
// otherwise without effect.
//
// Source: @fluencelabs/aqua-ipfs 0.5.31 ipfs.aqua (names and shapes, facts only).
package aquaipfs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/ipfs"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// Bounds of one call.
const (
	maxBlocks   = 1024     // named in one call
	maxCallData = 8 << 20  // bytes of blocks in one call
	maxCat      = 4 << 20  // bytes of a text that becomes a value
	maxVault    = 64 << 20 // bytes of a file from or for a vault
	maxTimeout  = 10 * time.Minute
)

// Vault is the files of a particle. Safe for concurrent use.
type Vault interface {
	Get(c pipeline.Call, path string, limit int64) ([]byte, error)
	Put(c pipeline.Call, name string, data []byte) (path string, err error)
}

// Host connects to other peers and says where this one is reached.
type Host interface {
	Connect(ctx context.Context, to peer.AddrInfo) error
	Addresses(id peer.ID) (addrs []string, known bool)
}

// Config is what the builtins speak for. Store is required.
type Config struct {
	Self  peer.ID
	Store *ipfs.Store
	Vault Vault // nil: functions that take or give files say that there is none
	Host  Host  // nil: nothing is connected to
}

// Service answers both builtins. Safe for concurrent use.
type Service struct {
	cfg Config

	mu       sync.Mutex // guards the fields below
	timeout  time.Duration
	external string // addresses that scripts set; only given back
	swarm    string
	local    string
}

// New checks cfg.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil {
		return nil, errors.New("aqua-ipfs needs a Store")
	}
	return &Service{cfg: cfg, timeout: time.Minute}, nil
}

// Entries returns the builtins by service and function. All but readings of
// addresses are for the host, its managers and its worker spells: they take disk
// and reach other peers.
func (s *Service) Entries() map[string]map[string]builtin.Entry {
	return map[string]map[string]builtin.Entry{"aqua-ipfs": s.officialEntries(), "ipfs": s.ownerEntries()}
}

func guarded(f builtin.Function) builtin.Entry {
	return builtin.Entry{Kind: pipeline.Effect, Guarded: true, Call: f}
}

// ownerEntries are what fluenced app push calls.
func (s *Service) ownerEntries() map[string]builtin.Entry {
	return map[string]builtin.Entry{
		"missing":    guarded(s.missing),
		"put_blocks": guarded(s.putBlocks),
		"pin":        guarded(func(ctx context.Context, _ pipeline.Call, a *builtin.Args) (any, error) { return s.pin(ctx, a) }),
		"unpin":      guarded(func(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) { return s.unpin(a) }),
		"list":       guarded(func(context.Context, pipeline.Call, *builtin.Args) (any, error) { return s.cfg.Store.List(), nil }),
		"usage":      guarded(func(context.Context, pipeline.Call, *builtin.Args) (any, error) { return s.cfg.Store.Usage(), nil }),
	}
}

func nextCID(a *builtin.Args, name string) (cid.Cid, error) {
	text, err := builtin.Next[string](a, name)
	if err != nil {
		return cid.Undef, err
	}
	return dag.Parse(text)
}

// missing is (cids): those of the blocks that are not here.
func (s *Service) missing(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	list, err := builtin.Next[[]string](a, "cids")
	if err != nil {
		return nil, err
	}
	if len(list) > maxBlocks {
		return nil, fmt.Errorf("%d CIDs, at most %d at a time", len(list), maxBlocks)
	}
	out := []string{}
	for _, text := range list {
		c, err := dag.Parse(text)
		if err != nil {
			return nil, err
		}
		if !s.cfg.Store.Has(c) {
			out = append(out, text)
		}
	}
	return out, nil
}

// putBlocks is (cids, blocks in base64): how many were kept. All are checked
// against their CIDs before the first is.
func (s *Service) putBlocks(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	names, err := builtin.Next[[]string](a, "cids")
	if err != nil {
		return nil, err
	}
	texts, err := builtin.Next[[]string](a, "blocks")
	if err != nil {
		return nil, err
	}
	if len(names) != len(texts) || len(names) > maxBlocks {
		return nil, fmt.Errorf("%d CIDs and %d blocks; give as many, at most %d at a time", len(names), len(texts), maxBlocks)
	}
	blocks := make([]dag.Block, len(names))
	total := 0
	for i, text := range texts {
		if total += base64.StdEncoding.DecodedLen(len(text)); total > maxCallData {
			return nil, fmt.Errorf("more than %d bytes of blocks at a time", maxCallData)
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("block %d is not base64: %w", i, err)
		}
		c, err := dag.Parse(names[i])
		if err != nil {
			return nil, err
		}
		if _, err := dag.Verify(c, data); err != nil {
			return nil, err
		}
		blocks[i] = dag.Block{CID: c, Data: data}
	}
	for _, b := range blocks {
		if err := s.cfg.Store.PutBlock(b); err != nil {
			return nil, err
		}
	}
	return len(blocks), nil
}

// pin is (cid, owner): fetches what is missing.
func (s *Service) pin(ctx context.Context, a *builtin.Args) (any, error) {
	c, err := nextCID(a, "cid")
	if err != nil {
		return nil, err
	}
	owner, err := builtin.Next[string](a, "owner")
	if err != nil {
		return nil, err
	}
	return builtin.Empty{}, s.cfg.Store.Pin(ctx, c, owner)
}

// unpin is (cid, owner).
func (s *Service) unpin(a *builtin.Args) (any, error) {
	c, err := nextCID(a, "cid")
	if err != nil {
		return nil, err
	}
	owner, err := builtin.Next[string](a, "owner")
	if err != nil {
		return nil, err
	}
	return builtin.Empty{}, s.cfg.Store.Unpin(c, owner)
}
