// SPDX-License-Identifier: Apache-2.0

package prover_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/prover"
	"github.com/go-fluence/fluence/peer/prover/miner"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/proofs/capacity"
)

// world is a chain in memory with the rules of x/capacity for one peer: epochs by the
// clock, a nonce some time into each, all proofs of a message or none.
type world struct {
	mu       sync.Mutex // guards all below
	began    time.Time
	duration time.Duration
	window   time.Duration // from the epoch's start until its nonce
	void     map[uint64]bool
	min, max uint32
	units    []chain.Unit
	none     bool // the peer has no commitment

	accepted map[uint64][]chain.Proof // by epoch
	calls    int                      // submissions tried
	down     int                      // submissions that fail as if no validator answered
	lost     int                      // submissions that take effect and are not confirmed
	check    func(key, nonce, hash [32]byte) bool
}

func newWorld(units int) *world {
	w := &world{
		began: time.Now(), duration: time.Minute, window: 5 * time.Second, void: map[uint64]bool{},
		min: 2, max: 4, accepted: map[uint64][]chain.Proof{},
	}
	for i := range units {
		w.units = append(w.units, chain.Unit{ID: [32]byte{byte(i + 1)}, State: chain.UnitProving})
	}
	return w
}

// epoch returns the running epoch; mu is held.
func (w *world) epoch() (uint64, time.Time) {
	n := uint64(time.Since(w.began) / w.duration)
	return n + 1, w.began.Add(time.Duration(n) * w.duration)
}

func (w *world) nonce(epoch uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("nonce"), epoch))
}

// Capacity implements chain.Proving.
func (w *world) Capacity(context.Context, [32]byte) (chain.Capacity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.none {
		return chain.Capacity{}, chain.ErrNoCommitment
	}
	epoch, start := w.epoch()
	c := chain.Capacity{
		Epoch: epoch, Start: start, Duration: w.duration, Params: "fluence", MinProofs: w.min, MaxProofs: w.max, MaxBatch: 6,
		Units: append([]chain.Unit(nil), w.units...), Height: chain.Height{Number: 1, Time: time.Now().Add(-time.Second)},
	}
	for i := range c.Difficulty {
		c.Difficulty[i] = 0xff
	}
	switch {
	case w.void[epoch]:
		c.Void = time.Since(start) >= w.window
	case time.Since(start) >= w.window:
		c.Known, c.Nonce = true, w.nonce(epoch)
	}
	return c, nil
}

// SubmitProofs implements chain.Proofs.
func (w *world) SubmitProofs(_ context.Context, epoch uint64, proofs []chain.Proof) (chain.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.down > 0 {
		w.down--
		return chain.Receipt{}, chain.ErrUnavailable
	}
	if running, _ := w.epoch(); running != epoch {
		return chain.Receipt{}, errors.Join(chain.ErrEpochOver, chain.ErrRefused)
	}
	counts := map[[32]byte]uint32{}
	seen := map[chain.Proof]bool{}
	for _, p := range w.accepted[epoch] {
		counts[p.Unit]++
		seen[chain.Proof{Unit: p.Unit, Nonce: p.Nonce}] = true
	}
	for _, p := range proofs {
		if err := w.judge(epoch, p, counts, seen); err != nil {
			return chain.Receipt{}, errors.Join(err, chain.ErrRefused)
		}
		counts[p.Unit]++
		seen[chain.Proof{Unit: p.Unit, Nonce: p.Nonce}] = true
	}
	w.accepted[epoch] = append(w.accepted[epoch], proofs...)
	if w.lost > 0 {
		w.lost--
		return chain.Receipt{}, chain.ErrUnconfirmed
	}
	return chain.Receipt{}, nil
}

func (w *world) judge(epoch uint64, p chain.Proof, counts map[[32]byte]uint32, seen map[chain.Proof]bool) error {
	for _, u := range w.units {
		if u.ID != p.Unit {
			continue
		}
		switch {
		case u.State != chain.UnitProving:
			return chain.ErrNotProving
		case seen[chain.Proof{Unit: p.Unit, Nonce: p.Nonce}]:
			return chain.ErrProofKnown
		case counts[p.Unit] >= w.max:
			return chain.ErrProofsEnough
		case w.check != nil && !w.check(capacity.UnitKey(w.nonce(epoch), p.Unit), p.Nonce, p.Hash):
			return errors.New("wrong hash")
		}
		return nil
	}
	return chain.ErrNotProving
}

// count returns how many proofs of each unit are in.
func (w *world) count(epoch uint64) map[byte]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[byte]int{}
	for _, p := range w.accepted[epoch] {
		n[p.Unit[0]]++
	}
	return n
}

// tried returns how many submissions there were.
func (w *world) tried() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

func (w *world) set(unit int, s chain.UnitState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.units[unit].State = s
}

// pace is a miner that finds a proof every so often, whose hash tells the key.
type pace struct {
	every time.Duration
	fail  int // searches that end with an error first

	mu      sync.Mutex // guards all below
	running map[[32]byte]int
	begun   int
	specs   []miner.Spec
}

func newPace(every time.Duration) *pace { return &pace{every: every, running: map[[32]byte]int{}} }

var errBroken = errors.New("broken")

// Mine implements miner.Miner.
func (p *pace) Mine(ctx context.Context, s miner.Spec, l miner.Listener) error {
	p.mu.Lock()
	p.begun++
	p.specs = append(p.specs, s)
	fails := p.begun <= p.fail
	p.running[s.Key]++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.running[s.Key]--; p.running[s.Key] == 0 {
			delete(p.running, s.Key)
		}
	}()
	if fails {
		return errBroken
	}
	nonce := s.Start
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		nonce[0]++
		if !l.Found(nonce, hashOf(s.Key, nonce)) || !l.Hashed(100, p.every.Seconds()) {
			return nil
		}
	}
}

func hashOf(key, nonce [32]byte) [32]byte { return sha256.Sum256(append(key[:], nonce[:]...)) }

func isHash(key, nonce, hash [32]byte) bool { return hashOf(key, nonce) == hash }

// searches returns how many searches began.
func (p *pace) searches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun
}

// keys returns the keys that are searched now.
func (p *pace) keys() map[[32]byte]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[[32]byte]bool{}
	for k := range p.running {
		out[k] = true
	}
	return out
}

// files are the prover's part of a peer's folder.
func files(t *testing.T, dir string) *store.Files {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Files("proofs", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(f.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// proving runs a prover over a world in virtual time, calls act, and ends it.
func proving(t *testing.T, w *world, m miner.Miner, f prover.Files, act func(p *prover.Prover)) {
	t.Helper()
	p, err := prover.New(prover.Config{Peer: [32]byte{9}, Chain: w, Files: f, Miner: m, Mode: prover.Light})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	act(p)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

// pass lets virtual time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// runFor runs p for a while of virtual time.
func runFor(t *testing.T, p *prover.Prover, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	pass(d)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}
