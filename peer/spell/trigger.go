// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	maxPeriod     = 100 * 365 * 24 * 3600 // seconds, 100 years
	maxEventTypes = 16
	maxEventType  = 128 // bytes
)

// Trigger says when a spell runs by itself; the zero value means never. HTTP is
// ours, the rest is the TriggerConfig of @fluencelabs/spell; a new trigger without
// HTTP, as official scripts make it, leaves that of the old one.
type Trigger struct {
	Clock       Clock       `json:"clock"`
	Connections Connections `json:"connections"`
	Blockchain  Blockchain  `json:"blockchain"`
	HTTP        *HTTP       `json:"http,omitempty"`
}

// Clock runs a spell at StartSec, in Unix seconds, and from then on every PeriodSec
// until EndSec. StartSec 0 turns it off; a start in the past is now; PeriodSec 0
// runs once; EndSec 0 is forever.
type Clock struct {
	StartSec  uint32 `json:"start_sec"`
	EndSec    uint32 `json:"end_sec"`
	PeriodSec uint32 `json:"period_sec"`
}

// Connections runs a spell when a peer or client connects or is gone.
type Connections struct {
	Connect    bool `json:"connect"`
	Disconnect bool `json:"disconnect"`
}

// Blockchain runs a spell for blocks from StartBlock to EndBlock. StartBlock 0
// turns it off, EndBlock 0 is forever. Events, which are ours, names event types:
// with any named, only blocks that have such an event count.
type Blockchain struct {
	StartBlock uint32   `json:"start_block"`
	EndBlock   uint32   `json:"end_block"`
	Events     []string `json:"events,omitempty"`
}

// HTTP runs a spell for requests that carry a token, of which only the SHA-256 is
// kept, as 64 lower-case hex digits. Empty turns it off.
type HTTP struct {
	TokenSHA256 string `json:"token_sha256"`
}

// ParseTrigger reads a trigger from JSON; fields that are absent are zero, null
// and unknown fields are not an error.
//
// Errors: ErrTrigger.
func ParseTrigger(raw []byte) (t Trigger, err error) {
	if err := json.Unmarshal(raw, &t); err != nil {
		return Trigger{}, fmt.Errorf("%w: %w", ErrTrigger, err)
	}
	return t, nil
}

// Check refuses a trigger that could never work; now is the time of its setting.
//
// Errors: ErrTrigger.
func (t Trigger) Check(now time.Time) error {
	c := t.Clock
	switch {
	case c.StartSec == 0:
	case c.PeriodSec > maxPeriod:
		return fmt.Errorf("%w: invalid config: period is too big: %d s, at most %d", ErrTrigger, c.PeriodSec, maxPeriod)
	case c.EndSec != 0 && c.EndSec < c.StartSec:
		return fmt.Errorf("%w: invalid config: end_sec %d is before start_sec %d", ErrTrigger, c.EndSec, c.StartSec)
	case c.EndSec != 0 && int64(c.EndSec) < now.Unix():
		return fmt.Errorf("%w: invalid config: end_sec %d is in the past", ErrTrigger, c.EndSec)
	}
	b := t.Blockchain
	if b.StartBlock != 0 && b.EndBlock != 0 && b.EndBlock < b.StartBlock {
		return fmt.Errorf("%w: invalid config: end_block %d is before start_block %d", ErrTrigger, b.EndBlock, b.StartBlock)
	}
	if len(b.Events) > maxEventTypes || slices.ContainsFunc(b.Events, func(e string) bool { return e == "" || len(e) > maxEventType }) {
		return fmt.Errorf("%w: blockchain.events: name at most %d types of 1 to %d bytes", ErrTrigger, maxEventTypes, maxEventType)
	}
	if h := t.token(); h != "" {
		if raw, err := hex.DecodeString(h); err != nil || len(raw) != 32 || hex.EncodeToString(raw) != h {
			return fmt.Errorf("%w: http.token_sha256 is not 64 lower-case hex digits", ErrTrigger)
		}
	}
	return nil
}

// first is when the clock runs a spell that was set at now; ok is false for never.
func (c Clock) first(now time.Time) (at time.Time, ok bool) {
	if c.StartSec == 0 {
		return at, false
	}
	at = time.Unix(int64(c.StartSec), 0)
	if at.Before(now) {
		at = now
	}
	return at, !c.over(at)
}

// next is when the clock runs a spell again that ran at last. Times that were
// missed are passed over.
func (c Clock) next(last, now time.Time) (at time.Time, ok bool) {
	if c.StartSec == 0 || c.PeriodSec == 0 {
		return at, false
	}
	period := time.Duration(c.PeriodSec) * time.Second
	at = last.Add(period)
	if at.Before(now) {
		at = last.Add(now.Sub(last).Truncate(period) + period)
	}
	return at, !c.over(at)
}

func (c Clock) over(at time.Time) bool { return c.EndSec != 0 && at.Unix() > int64(c.EndSec) }

// wants reports whether a block at height with events of these types counts.
func (b Blockchain) wants(height uint64, has func(eventType string) bool) bool {
	if b.StartBlock == 0 || height < uint64(b.StartBlock) || (b.EndBlock != 0 && height > uint64(b.EndBlock)) {
		return false
	}
	return len(b.Events) == 0 || slices.ContainsFunc(b.Events, has)
}

// token is the digest of the HTTP token, "" without one.
func (t Trigger) token() string {
	if t.HTTP == nil {
		return ""
	}
	return t.HTTP.TokenSHA256
}
