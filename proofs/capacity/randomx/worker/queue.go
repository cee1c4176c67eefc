// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-fluence/fluence/proofs/capacity"
)

// call is one Verify that waits.
type call struct {
	mu       sync.Mutex
	verdicts []capacity.Verdict
	left     int
	err      error         // the last reason why a proof was given up
	done     chan struct{} // closed when left is 0
}

// settle records the end of proof i: a verdict, or the reason why there is none.
func (c *call) settle(i int, v capacity.Verdict, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts[i] = v
	if err != nil {
		c.err = err
	}
	if c.left--; c.left == 0 {
		close(c.done)
	}
}

// result returns a copy of the verdicts so far, and the reason for missing ones.
func (c *call) result() ([]capacity.Verdict, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]capacity.Verdict(nil), c.verdicts...), c.err
}

// claim is one proof whose hash is not known yet.
type claim struct {
	call     *call
	index    int
	nonce    [32]byte
	want     [32]byte
	attempts int // workers lost while they had it
}

// queue holds claims by key, in the order in which the keys came. Safe for
// concurrent use.
type queue struct {
	limit int

	mu     sync.Mutex
	closed bool
	size   int
	order  [][32]byte
	claims map[[32]byte][]*claim
	wake   chan struct{} // closed and replaced when claims come or the queue closes
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, claims: map[[32]byte][]*claim{}, wake: make(chan struct{})}
}

// put adds claims, all or none. Claims that come back after a worker was lost are
// always taken.
func (q *queue) put(key [32]byte, claims []*claim, back bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrStopped
	case !back && len(claims) > q.limit-q.size:
		return fmt.Errorf("%w: %d proofs wait, at most %d", ErrQueueFull, q.size, q.limit)
	}
	if len(q.claims[key]) == 0 {
		q.order = append(q.order, key)
	}
	q.claims[key] = append(q.claims[key], claims...)
	q.size += len(claims)
	q.wakeLocked()
	return nil
}

// take removes up to maxBatch claims of one key: of last when it has any, which
// spares a cache, but not more than twice running while others wait. Without
// claims it returns a channel that is closed when looking again makes sense.
func (q *queue) take(last [32]byte, again bool) (key [32]byte, claims []*claim, wait <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return key, nil, q.wake
	}
	at := 0
	if again {
		for i, k := range q.order {
			if k == last {
				at = i
			}
		}
	}
	key = q.order[at]
	all := q.claims[key]
	n := min(len(all), maxBatch)
	claims = append(claims, all[:n]...)
	q.order = append(q.order[:at], q.order[at+1:]...)
	if n < len(all) {
		q.claims[key] = append([]*claim(nil), all[n:]...)
		q.order = append(q.order, key)
	} else {
		delete(q.claims, key)
	}
	q.size -= n
	return key, claims, nil
}

// forget removes the claims of a call that nobody waits for any more.
func (q *queue) forget(c *call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	order := q.order[:0]
	for _, key := range q.order {
		kept := q.claims[key][:0]
		for _, j := range q.claims[key] {
			if j.call != c {
				kept = append(kept, j)
			}
		}
		q.size -= len(q.claims[key]) - len(kept)
		if len(kept) == 0 {
			delete(q.claims, key)
			continue
		}
		q.claims[key] = kept
		order = append(order, key)
	}
	q.order = order
}

// close refuses new claims and gives up those that wait.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	for _, claims := range q.claims {
		giveUp(claims, ErrStopped)
	}
	q.claims, q.order, q.size = nil, nil, 0
	q.wakeLocked()
}

func (q *queue) wakeLocked() {
	close(q.wake)
	q.wake = make(chan struct{})
}

// giveUp ends claims without a verdict.
func giveUp(claims []*claim, why error) {
	for _, j := range claims {
		j.call.settle(j.index, capacity.Unknown, errors.Join(capacity.ErrUnavailable, why))
	}
}
