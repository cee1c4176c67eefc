// SPDX-License-Identifier: Apache-2.0

package ipfs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/boxo/bitswap/message"
	"github.com/ipfs/boxo/bitswap/network/bsnet"
	"github.com/ipfs/boxo/bitswap/server"
	"github.com/ipfs/boxo/blockstore"
	blockformat "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/ipfs"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// liar has every block, and other bytes in it.
type liar struct {
	blockstore.Blockstore
	asked atomic.Int64
}

func (l *liar) Has(context.Context, cid.Cid) (bool, error)    { return true, nil }
func (l *liar) GetSize(context.Context, cid.Cid) (int, error) { return 5, nil }
func (l *liar) Get(_ context.Context, c cid.Cid) (blockformat.Block, error) {
	l.asked.Add(1)
	return blockformat.NewBlockWithCid([]byte("wrong"), c)
}

func startLiar(t *testing.T) (*host.Host, *liar) {
	t.Helper()
	h, l := newHost(t), &liar{}
	serve(t, h, l)
	return h, l
}

// serve answers bitswap on h from a store.
func serve(t *testing.T, h *host.Host, from blockstore.Blockstore, opts ...server.Option) {
	t.Helper()
	run(t, h.Run, func(ctx context.Context) error {
		<-h.Ready()
		net, err := h.Libp2p()
		if err != nil {
			return err
		}
		bitswap := bsnet.NewFromIpfsHost(net)
		s := server.New(ctx, bitswap, from, opts...)
		bitswap.Start(s)
		<-ctx.Done()
		bitswap.Stop()
		s.Close()
		return nil
	})
	<-h.Ready()
}

func TestLyingPeerDeliversNothing(t *testing.T) {
	victim := start(t, func(c *ipfs.Config) { c.Wait = 2 * time.Second })
	bad, l := startLiar(t)
	name := dag.Raw([]byte("right")).CID
	_, err := victim.GetFrom(t.Context(), name, 100, infoOf(bad))
	if !errors.Is(err, ipfs.ErrUnavailable) {
		t.Errorf("Get from a liar = %v, want %v", err, ipfs.ErrUnavailable)
	}
	if l.asked.Load() == 0 {
		t.Error("the liar was never asked: the test shows nothing")
	}
	if u := victim.Usage(); u.Blocks != 0 {
		t.Errorf("%d blocks of a liar are kept, want none", u.Blocks)
	}
	honest := start(t, nil)
	if _, err := honest.Put([]byte("right")); err != nil {
		t.Fatal(err)
	}
	got, err := victim.GetFrom(t.Context(), name, 100, honest.info())
	if err != nil || string(got) != "right" {
		t.Errorf("Get beside a liar = %q, %v, want right", got, err)
	}
}

// slow is a store that takes its time over each block.
type slow struct {
	blockstore.Blockstore
	kept  map[cid.Cid]dag.Block
	pause time.Duration
}

func (s *slow) Has(_ context.Context, c cid.Cid) (bool, error) { _, ok := s.kept[c]; return ok, nil }
func (s *slow) GetSize(_ context.Context, c cid.Cid) (int, error) {
	return len(s.kept[c].Data), nil
}

func (s *slow) Get(ctx context.Context, c cid.Cid) (blockformat.Block, error) {
	select {
	case <-time.After(s.pause):
	case <-ctx.Done():
	}
	return blockformat.NewBlockWithCid(s.kept[c].Data, c)
}

// TestDrippingPeerDoesNotHoldAFetch has a peer that sends a block just before each
// wait ends.
func TestDrippingPeerDoesNotHoldAFetch(t *testing.T) {
	victim := start(t, func(c *ipfs.Config) { c.Wait, c.Slowest = 300*time.Millisecond, 64<<20 })
	blocks, err := dag.Split(content(40 * dag.ChunkSize))
	if err != nil {
		t.Fatal(err)
	}
	s := &slow{kept: map[cid.Cid]dag.Block{}, pause: 150 * time.Millisecond}
	for _, b := range blocks {
		s.kept[b.CID] = b
	}
	h := newHost(t)
	serve(t, h, s, server.EngineBlockstoreWorkerCount(1))
	began := time.Now()
	_, err = victim.GetFrom(t.Context(), blocks[len(blocks)-1].CID, dag.MaxFile, infoOf(h))
	if took := time.Since(began); !errors.Is(err, ipfs.ErrUnavailable) || took > 4*time.Second {
		t.Errorf("Get from a dripping peer = %v after %v, want %v soon", err, took, ipfs.ErrUnavailable)
	}
	if victim.Usage().Blocks == 0 {
		t.Error("no block came: the test shows nothing")
	}
}

// serveStreams gives every bitswap stream to f.
func serveStreams(t *testing.T, f func(network.Stream)) *host.Host {
	t.Helper()
	h := newHost(t)
	run(t, h.Run)
	<-h.Ready()
	net, err := h.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	net.SetStreamHandler("/ipfs/bitswap/1.2.0", f)
	return h
}

func TestSilentPeerEndsWithTheWait(t *testing.T) {
	victim := start(t, func(c *ipfs.Config) { c.Wait = 300 * time.Millisecond })
	silent := serveStreams(t, func(s network.Stream) { _, _ = io.Copy(io.Discard, s) })
	began := time.Now()
	_, err := victim.GetFrom(t.Context(), dag.Raw([]byte("x")).CID, 100, infoOf(silent))
	if took := time.Since(began); !errors.Is(err, ipfs.ErrUnavailable) || took > 5*time.Second {
		t.Errorf("Get from a silent peer = %v after %v, want %v soon", err, took, ipfs.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := victim.Get(ctx, dag.Raw([]byte("y")).CID, 100); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get = %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestUnwantedBlocksAreNotKept(t *testing.T) {
	victim := start(t, func(c *ipfs.Config) { c.Wait = 500 * time.Millisecond })
	sent := make(chan struct{}, 1)
	flooder := serveStreams(t, func(s network.Stream) { _, _ = io.Copy(io.Discard, s) })
	if err := flooder.Connect(t.Context(), victim.info()); err != nil {
		t.Fatal(err)
	}
	net, err := flooder.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(ctx context.Context) error {
		s, err := net.NewStream(ctx, victim.host.ID(), "/ipfs/bitswap/1.2.0")
		if err != nil {
			return err
		}
		defer func() { _ = s.Reset() }()
		for i := 0; ctx.Err() == nil; i++ {
			msg := message.New(false)
			msg.AddBlock(blockformat.NewBlock(bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1<<15)))
			if err := msg.ToNetV1(s); err != nil {
				return nil // the victim may cut a flooder off
			}
			if i == 200 {
				sent <- struct{}{}
			}
		}
		return nil
	})
	select {
	case <-sent:
	case <-time.After(10 * time.Second):
	}
	if _, err := victim.Get(t.Context(), dag.Raw([]byte("wanted")).CID, 100); !errors.Is(err, ipfs.ErrUnavailable) {
		t.Errorf("Get = %v, want %v", err, ipfs.ErrUnavailable)
	}
	if u := victim.Usage(); u.Blocks != 0 {
		t.Errorf("%d blocks nobody asked for are kept", u.Blocks)
	}
}
