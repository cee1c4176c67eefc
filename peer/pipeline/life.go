// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

// keptDigests is how many arrivals of one stay are remembered to drop repeats.
const keptDigests = 32

// life is one particle at this peer, from its first arrival to its deadline. It
// does not hold the script: arrivals bring their own copy, and a stay holds one
// only while it works. The pipeline's mutex guards all fields but the first five,
// which never change.
type life struct {
	head     particle.Particle // without Script and Data
	sum      [sha256.Size]byte // over everything signed, and the initiator
	first    peer.ID           // who brought it
	deadline time.Time         // last moment of its life
	key      string            // signature

	dead  bool
	ended string // the budget that ended it, or ""
	spent spent
	stays []*stay // at most one per scope
	place int     // index in the heap
}

// stay is a particle in one scope.
type stay struct {
	life  *life
	scope Scope
	key   string // in the journal

	active   bool               // queued or worked on
	particle *particle.Particle // with script; nil while nothing is under way
	box      []arrival
	digests  []uint64 // ring of keptDigests
	next     int      // place in the ring
	results  map[uint32]air.Result
	resultAt time.Time // when the first of results came
	calls    []request // not begun
	callers  int       // goroutines that work calls off
	open     int       // calls begun or not, without a result yet

	// prev is what this peer knows of the particle; it belongs to the worker of
	// the stay and is nil when it must be read from the journal.
	prev []byte
	hot  bool // prev holds; an empty prev is valid
}

type arrival struct {
	from   peer.ID
	data   []byte
	script *particle.Particle
	at     time.Time
}

// signedSum identifies everything of q that its signature covers, and the
// initiator.
func signedSum(q *particle.Particle) (sum [sha256.Size]byte) {
	h := sha256.New()
	var n [20]byte
	binary.LittleEndian.PutUint64(n[0:], q.Timestamp)
	binary.LittleEndian.PutUint32(n[8:], q.TTL)
	binary.LittleEndian.PutUint32(n[12:], uint32(len(q.ID)))
	binary.LittleEndian.PutUint32(n[16:], uint32(len(q.InitPeerID)))
	_, _ = h.Write(n[:])
	for _, s := range []string{q.ID, q.InitPeerID, q.Script} {
		_, _ = io.WriteString(h, s)
	}
	h.Sum(sum[:0])
	return sum
}

// arrive puts q into the mailbox of its stay. known is false, and nothing
// happened, when the particle is new and not verified yet.
func (p *Pipeline) arrive(q *particle.Particle, from peer.ID, sum [sha256.Size]byte, verified bool, now time.Time) (known bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running {
		return true, ErrStopped
	}
	l := p.lives[string(q.Signature)]
	if l == nil && !verified {
		return false, nil
	}
	if l == nil {
		if l, err = p.begin(q, from, sum); err != nil {
			return true, err
		}
	}
	if l.sum != sum {
		return true, fmt.Errorf("signature of particle %s under other content: %w", clip(l.head.ID), particle.ErrSignature)
	}
	return true, p.deliver(l, Scope{Host: p.self, Peer: p.self}, arrival{from: from, data: q.Data, script: q, at: now})
}

// begin makes a life for a verified particle; p.mu is held.
func (p *Pipeline) begin(q *particle.Particle, from peer.ID, sum [sha256.Size]byte) (*life, error) {
	switch {
	case len(p.lives) >= p.limits.Lives:
		return nil, fmt.Errorf("%d particles alive: %w", len(p.lives), ErrBusy)
	case p.shares[from] >= p.limits.LivesShare && from != p.self:
		return nil, fmt.Errorf("%d particles alive from %s: %w", p.shares[from], from, ErrShare)
	}
	l := &life{head: *q, sum: sum, first: from, deadline: q.DeadlineTime(), key: string(q.Signature)}
	l.head.Script, l.head.Data = "", nil
	p.lives[l.key] = l
	p.shares[from]++
	heap.Push(&p.deadlines, l)
	if l.place == 0 {
		ring(p.alarm)
	}
	p.deps.Metrics.alive.Set(float64(len(p.lives)))
	return l, nil
}

// stay returns the stay of l in scope, making it if need be; p.mu is held.
func (p *Pipeline) stay(l *life, scope Scope) *stay {
	for _, st := range l.stays {
		if st.scope == scope {
			return st
		}
	}
	sum := sha256.Sum256([]byte(l.key + string(scope.Peer)))
	st := &stay{life: l, scope: scope, key: string(sum[:])}
	l.stays = append(l.stays, st)
	return st
}

// deliver puts an arrival into a mailbox; p.mu is held.
func (p *Pipeline) deliver(l *life, scope Scope, a arrival) error {
	switch {
	case l.dead:
		return particle.ErrExpired
	case l.ended != "":
		return fmt.Errorf("%s of particle %s: %w", l.ended, l.head.ID, ErrSpent)
	}
	st := p.stay(l, scope)
	digest := maphash.Bytes(p.seed, a.data)
	for _, d := range st.digests {
		if d == digest {
			return ErrDuplicate
		}
	}
	switch {
	case len(st.box) >= p.limits.Mailbox:
		return fmt.Errorf("%d arrivals wait in one particle: %w", len(st.box), ErrBusy)
	case p.waiting+int64(len(a.data)) > p.limits.MailboxBytes:
		return fmt.Errorf("%d bytes wait: %w", p.waiting, ErrBusy)
	case !st.active && len(p.ready) >= p.limits.Queue:
		return fmt.Errorf("%d particles wait for a run: %w", len(p.ready), ErrBusy)
	}
	st.remember(digest)
	l.spent.largest = max(l.spent.largest, int64(len(a.data)))
	if st.particle == nil {
		st.particle = a.script.WithData(nil)
	}
	a.script = nil
	st.box = append(st.box, a)
	p.waiting += int64(len(a.data))
	p.deps.Metrics.mailbox.Inc()
	p.schedule(st)
	return nil
}

func (st *stay) remember(digest uint64) {
	if len(st.digests) < keptDigests {
		st.digests = append(st.digests, digest)
		return
	}
	st.digests[st.next] = digest
	st.next = (st.next + 1) % keptDigests
}

// intake is what one run takes.
type intake struct {
	particle *particle.Particle // with script, without data
	arrival  *arrival
	results  map[uint32]air.Result
	at       time.Time // when it began to wait
}

// take returns what the next run of st works on; ok is false when there is
// nothing, and then st is no longer active.
func (p *Pipeline) take(st *stay) (in intake, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if st.life.dead || st.life.ended != "" || (len(st.box) == 0 && len(st.results) == 0) {
		p.rest(st)
		return intake{}, false
	}
	in.particle, in.results, in.at = st.particle, st.results, st.resultAt
	st.results, st.resultAt = nil, time.Time{}
	if len(st.box) > 0 {
		a := st.box[0]
		in.arrival, in.at = &a, a.at
		if st.box = st.box[1:]; len(st.box) == 0 {
			st.box = nil
		}
		p.waiting -= int64(len(a.data))
		p.deps.Metrics.mailbox.Dec()
	}
	return in, true
}

// rest makes st idle and lets go of what is large; p.mu is held.
func (p *Pipeline) rest(st *stay) {
	st.active = false
	if st.life.dead || st.life.ended != "" {
		p.empty(st)
	}
	st.prev, st.hot = nil, false
	if st.open == 0 {
		st.particle = nil
	}
}

// empty drops everything that waits in st; p.mu is held.
func (p *Pipeline) empty(st *stay) {
	for _, a := range st.box {
		p.waiting -= int64(len(a.data))
		p.deps.Metrics.mailbox.Dec()
	}
	st.open -= len(st.calls)
	st.box, st.results, st.calls, st.digests = nil, nil, nil, nil
}

// end stops a life whose budget ran out. It stays known, so that it does not
// begin again, until its deadline; p.mu is held.
func (p *Pipeline) end(l *life, budget string) {
	if l.ended != "" {
		return
	}
	l.ended = budget
	p.deps.Metrics.budgets.WithLabelValues(budget).Inc()
	for _, st := range l.stays {
		p.empty(st)
	}
}
