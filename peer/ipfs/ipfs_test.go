// SPDX-License-Identifier: Apache-2.0

package ipfs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/ipfs"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newHost(t testing.TB) *host.Host {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(host.Config{
		Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Reach: host.ReachLoopback,
		Handler: func(context.Context, peer.ID, *particle.Particle) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// run runs parts until the test ends.
func run(t testing.TB, parts ...func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	g, gctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		g.Go(func() error { return part(gctx) })
	}
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
}

// one is a host with its store of blocks.
type one struct {
	*ipfs.Store
	host *host.Host
}

func start(t testing.TB, edit func(*ipfs.Config)) *one {
	t.Helper()
	files, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	o := &one{host: newHost(t)}
	cfg := ipfs.Config{Files: files, Host: o.host, Wait: 10 * time.Second}
	if edit != nil {
		edit(&cfg)
	}
	if o.Store, err = ipfs.New(cfg); err != nil {
		t.Fatal(err)
	}
	run(t, o.host.Run, o.Run)
	<-o.host.Ready()
	return o
}

func (o *one) info() peer.AddrInfo { return infoOf(o.host) }

func infoOf(h *host.Host) peer.AddrInfo {
	info := peer.AddrInfo{ID: h.ID()}
	for _, a := range h.Addrs() {
		bare, _ := peer.SplitAddr(a)
		info.Addrs = append(info.Addrs, bare)
	}
	return info
}

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i>>7 ^ i>>16)
	}
	return b
}

func TestFileTravelsFromPeerToPeer(t *testing.T) {
	a, b, c := start(t, nil), start(t, nil), start(t, nil)
	data := content(5*dag.ChunkSize + 11)
	name, err := a.Put(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.GetFrom(t.Context(), name, dag.MaxFile, a.info())
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("b has %d bytes, %v, want %d", len(got), err, len(data))
	}
	// c knows b only.
	if err := c.host.Connect(t.Context(), b.info()); err != nil {
		t.Fatal(err)
	}
	if err := c.Pin(t.Context(), name, "deal-1"); err != nil {
		t.Fatal(err)
	}
	got, err = c.Get(t.Context(), name, dag.MaxFile)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("c has %d bytes, %v, want %d", len(got), err, len(data))
	}
	if pins := c.List(); len(pins) != 1 || pins[0].CID != name.String() || pins[0].Size != int64(len(data)) {
		t.Errorf("pins = %+v, want %s of %d bytes", pins, name, len(data))
	}
}

func TestFileAboveTheLimitIsRefusedAtItsRoot(t *testing.T) {
	a, b := start(t, nil), start(t, nil)
	name, err := a.Put(content(40 * dag.ChunkSize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.GetFrom(t.Context(), name, 20*dag.ChunkSize, a.info()); !errors.Is(err, dag.ErrTooLarge) {
		t.Errorf("Get = %v, want %v", err, dag.ErrTooLarge)
	}
	if u := b.Usage(); u.Blocks != 1 {
		t.Errorf("%d blocks fetched, want the root only", u.Blocks)
	}
}

func TestNothingIsFetchedOutsideRun(t *testing.T) {
	files, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	s, err := ipfs.New(ipfs.Config{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Get(t.Context(), dag.Raw([]byte("x")).CID, 10); !errors.Is(err, ipfs.ErrNotRunning) {
		t.Errorf("Get = %v, want %v", err, ipfs.ErrNotRunning)
	}
	if err := s.Pin(t.Context(), dag.Raw(nil).CID, "../x"); !errors.Is(err, ipfs.ErrOwner) {
		t.Errorf("Pin = %v, want %v", err, ipfs.ErrOwner)
	}
	if err := s.PutBlock(dag.Block{CID: dag.Raw([]byte("x")).CID, Data: []byte("y")}); !errors.Is(err, dag.ErrHash) {
		t.Errorf("PutBlock = %v, want %v", err, dag.ErrHash)
	}
	if u := s.Usage(); u.Blocks != 0 || u.Pins != 0 {
		t.Errorf("usage after refusals = %+v, want nothing", u)
	}
}

func TestQuotaDropsTheUnusedAndKeepsThePinned(t *testing.T) {
	dir := t.TempDir()
	open := func() (*ipfs.Store, func()) {
		files, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ipfs.New(ipfs.Config{Files: files, Quota: 3 * dag.ChunkSize})
		if err != nil {
			t.Fatal(err)
		}
		return s, func() { _, _ = s.Close(), files.Close() }
	}
	s, done := open()
	chunk := func(i byte) []byte { return bytes.Repeat([]byte{i}, dag.ChunkSize) }
	kept, err := s.Put(chunk(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"deal-1", "deal-2", "deal-1"} {
		if err := s.Pin(t.Context(), kept, owner); err != nil {
			t.Fatal(err)
		}
	}
	last := kept
	for i := byte(1); i < 9; i++ {
		if last, err = s.Put(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if u := s.Usage(); u.Blocks != 3 || !s.Has(kept) || !s.Has(last) {
		t.Errorf("usage %+v, pinned here %v, newest here %v; want 3 blocks with both", u, s.Has(kept), s.Has(last))
	}
	if _, err := s.Put(content(4 * dag.ChunkSize)); !errors.Is(err, ipfs.ErrQuota) {
		t.Errorf("Put of more than fits = %v, want %v", err, ipfs.ErrQuota)
	}
	done()

	s, done = open()
	defer done()
	if p := s.List(); len(p) != 1 || strings.Join(p[0].Owners, " ") != "deal-1 deal-2" {
		t.Fatalf("pins after a restart = %+v, want one of two owners", p)
	}
	if err := s.Unpin(kept, "deal-3"); !errors.Is(err, ipfs.ErrNotFound) {
		t.Errorf("Unpin of a stranger = %v, want %v", err, ipfs.ErrNotFound)
	}
	for _, owner := range []string{"deal-1", "deal-2"} {
		if n, err := s.UnpinAll(owner); n != 1 || err != nil {
			t.Fatalf("UnpinAll = %d, %v, want 1", n, err)
		}
	}
	for i := byte(1); i < 9; i++ {
		if _, err = s.Put(chunk(i)); err != nil {
			t.Fatal(err)
		}
	}
	if s.Has(kept) {
		t.Error("unpinned block was not dropped for others")
	}
}

func TestDamagedBlockIsFetchedAgain(t *testing.T) {
	a := start(t, nil)
	dir := t.TempDir()
	files, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	h := newHost(t)
	c, err := ipfs.New(ipfs.Config{Files: files, Host: h, Wait: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	run(t, h.Run, c.Run)
	<-h.Ready()
	data := content(dag.ChunkSize / 2)
	name, err := c.Put(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Put(data); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(dir, "ipfs", "blocks"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.WriteFile(path, []byte("rot"), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Connect(t.Context(), a.info()); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(t.Context(), name, dag.MaxFile)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("Get = %d bytes, %v, want %d", len(got), err, len(data))
	}
}
