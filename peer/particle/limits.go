// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"strings"
	"time"
)

// Limits are what a peer accepts from others. A zero field refuses everything
// it applies to; start from DefaultLimits.
type Limits struct {
	TTL     time.Duration // longest lifetime
	Future  time.Duration // how far a timestamp may be ahead of the clock
	ID      int           // bytes
	Script  int           // bytes
	Nesting int           // open parentheses at any place of the script
	Data    int           // bytes
	Frame   int           // bytes after the length prefix
}

// DefaultLimits returns the limits of a public peer: TTL 10 min, 30 s of clock
// difference, id 200 bytes, script 8 MiB nested 1 024 deep, data 64 MiB, frame
// 100 MiB (the protocol's own bound).
func DefaultLimits() Limits {
	return Limits{
		TTL:     10 * time.Minute,
		Future:  30 * time.Second,
		ID:      200,
		Script:  8 << 20,
		Nesting: 1024,
		Data:    64 << 20,
		Frame:   100 << 20,
	}
}

// Check refuses a particle that is out of limits, expired, misbound or not
// signed by its initiator. Checks run cheapest first; p is not changed.
//
// Errors: ErrID, ErrTooLarge, ErrTTL, ErrTimestamp, ErrExpired, ErrFuture,
// ErrNesting, ErrBoundID, ErrInitPeerID, ErrSignature.
func (l Limits) Check(p *Particle, now time.Time) error {
	if err := l.CheckTime(p, now); err != nil {
		return err
	}
	if err := l.checkSize(p); err != nil {
		return err
	}
	if _, err := CheckBoundID(p); err != nil {
		return err
	}
	return p.Verify()
}

// CheckTime refuses a particle whose life is over, not yet begun or too long.
//
// Errors: ErrTTL, ErrTimestamp, ErrExpired, ErrFuture.
func (l Limits) CheckTime(p *Particle, now time.Time) error {
	switch t := millis(now); {
	case p.Timestamp == 0:
		return refuse(ErrTimestamp, "timestamp", "is 0; want Unix milliseconds")
	case p.TTL == 0:
		return refuse(ErrTTL, "ttl", "is 0; want 1 ms or more")
	case uint64(p.TTL) > uint64(l.TTL.Milliseconds()):
		return refuse(ErrTTL, "ttl", "%d ms; at most %d", p.TTL, l.TTL.Milliseconds())
	case p.Expired(now):
		return refuse(ErrExpired, "timestamp", "%d with ttl %d ended before %d; send sooner or with a longer ttl", p.Timestamp, p.TTL, t)
	case p.Timestamp > t+uint64(l.Future.Milliseconds()):
		return refuse(ErrFuture, "timestamp", "%d is %d ms ahead, at most %d; set the clock", p.Timestamp, p.Timestamp-t, l.Future.Milliseconds())
	}
	return nil
}

func (l Limits) checkSize(p *Particle) error {
	if err := l.checkID(p.ID); err != nil {
		return err
	}
	switch {
	case len(p.Script) > l.Script:
		return refuse(ErrTooLarge, "script", "%d bytes; at most %d", len(p.Script), l.Script)
	case len(p.Data) > l.Data:
		return refuse(ErrTooLarge, "data", "%d bytes; at most %d", len(p.Data), l.Data)
	case nestedDeeper(p.Script, l.Nesting):
		return refuse(ErrNesting, "script", "more than %d open parentheses", l.Nesting)
	}
	return nil
}

// checkID keeps ids fit for file names, logs and keys.
func (l Limits) checkID(id string) error {
	if len(id) == 0 || len(id) > l.ID {
		return refuse(ErrID, "id", "%d bytes; want 1 to %d", len(id), l.ID)
	}
	if id == "." || id == ".." {
		return refuse(ErrID, "id", "%q; want letters, digits, '.', '_' or '-'", id)
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c <= ' ', c == '/', c == '\\', c == 0x7f:
			return refuse(ErrID, "id", "byte %#02x at %d; want no space, control character or slash", c, i)
		}
	}
	return nil
}

// nestedDeeper reports whether script opens more than depth parentheses at some
// place. Text in quotes and comments do not count, as in the AIR lexer: a quote
// ends at the next quote, a comment at the end of its line.
func nestedDeeper(script string, depth int) bool {
	if len(script) <= depth {
		return false
	}
	open := 0
	for i := 0; i < len(script); i++ {
		switch script[i] {
		case '(':
			if open++; open > depth {
				return true
			}
		case ')':
			open = max(open-1, 0)
		case '"':
			i = skipPast(script, i, '"')
		case ';':
			i = skipPast(script, i, '\n')
		}
	}
	return false
}

// skipPast returns the place of the next end after i, or the last place.
func skipPast(s string, i int, end byte) int {
	if n := strings.IndexByte(s[i+1:], end); n >= 0 {
		return i + 1 + n
	}
	return len(s)
}
