// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of what a spell keeps besides its values.
const (
	maxKeyBytes    = 256
	maxMailbox     = 50 // messages; the oldest go
	maxLogs        = 100
	maxErrors      = 50 // particles with errors; the oldest go
	maxErrorsEach  = 4  // of one particle
	maxMailBytes   = 8 << 10
	maxTextBytes   = 2 << 10 // of a log line or an error; the rest is cut off
	noteOverhead   = 64      // bytes that a message, line or error costs besides its text
	entryOverhead  = 64      // bytes that a key costs besides its text
	maxListEntries = 10_000
)

// Message is one of a mailbox.
type Message struct {
	InitPeerID string `json:"init_peer_id"`
	Timestamp  uint64 `json:"timestamp"` // of the particle, in seconds
	Message    string `json:"message"`
}

// Log is a line that a spell wrote.
type Log struct {
	Timestamp uint64 `json:"timestamp"` // of the particle, in seconds
	Message   string `json:"message"`
}

// LastError is an error as scripts see it.
type LastError struct {
	ErrorCode   uint32 `json:"error_code"`
	Instruction string `json:"instruction"`
	Message     string `json:"message"`
	PeerID      string `json:"peer_id"`
}

// LastErrorEntry is an error with its place among those of a particle.
type LastErrorEntry struct {
	LastError LastError `json:"last_error"`
	ErrorIdx  uint32    `json:"error_idx"`
}

// ParticleErrors are the errors of one particle.
type ParticleErrors struct {
	ParticleID string           `json:"particle_id"`
	Errors     []LastErrorEntry `json:"errors"`
}

// entry is what a key holds: a text or a number, and a list beside it.
type entry struct {
	Text *string  `json:"s,omitempty"`
	Num  *uint32  `json:"n,omitempty"`
	List []string `json:"l,omitempty"`
}

func (e *entry) size(key string) int {
	n := entryOverhead + len(key) + 4
	if e.Text != nil {
		n += len(*e.Text)
	}
	for _, s := range e.List {
		n += len(s) + 16
	}
	return n
}

// state is everything a spell remembers but its script and its trigger.
type state struct {
	KV      map[string]*entry `json:"kv"`
	Mailbox []Message         `json:"mailbox"` // oldest first, as all below
	Logs    []Log             `json:"logs"`
	Errors  []ParticleErrors  `json:"errors"`

	size int // of KV
}

// bytes is what all of it counts in the scope's quota.
func (st *state) bytes() int {
	n := st.size
	for _, m := range st.Mailbox {
		n += noteOverhead + len(m.Message) + len(m.InitPeerID)
	}
	for _, l := range st.Logs {
		n += noteOverhead + len(l.Message)
	}
	for _, p := range st.Errors {
		n += noteOverhead + len(p.ParticleID)
		for _, e := range p.Errors {
			n += noteOverhead + len(e.LastError.Message) + len(e.LastError.Instruction) + len(e.LastError.PeerID)
		}
	}
	return n
}

func newState() *state { return &state{KV: map[string]*entry{}} }

// decodeState reads what encode wrote.
func decodeState(raw []byte) (*state, error) {
	st := newState()
	if err := json.Unmarshal(raw, st); err != nil {
		return nil, err
	}
	if st.KV == nil {
		st.KV = map[string]*entry{}
	}
	maps.DeleteFunc(st.KV, func(_ string, e *entry) bool { return e == nil })
	for k, e := range st.KV {
		st.size += e.size(k)
	}
	return st, nil
}

func (st *state) encode() ([]byte, error) { return json.Marshal(st) }

// change edits the entry of key within limit bytes of all entries; an edit that
// does not fit is undone, and one that empties the entry removes it.
func (st *state) change(key string, limit int, edit func(e *entry)) error {
	if key == "" || len(key) > maxKeyBytes {
		return fmt.Errorf("key of %d bytes, want 1 to %d: %w", len(key), maxKeyBytes, ErrQuota)
	}
	old := st.KV[key]
	before := 0
	next := &entry{}
	if old != nil {
		before = old.size(key)
		*next = *old
		next.List = slices.Clip(old.List) // an append makes a new array: old stays as it was
	}
	edit(next)
	if next.Text == nil && next.Num == nil && len(next.List) == 0 {
		delete(st.KV, key)
		st.size -= before
		return nil
	}
	after := next.size(key)
	switch {
	case after > before && st.size-before+after > limit:
		return fmt.Errorf("state of %d bytes, at most %d: %w", st.size-before+after, limit, ErrQuota)
	case len(next.List) > maxListEntries:
		return fmt.Errorf("list %q of %d texts, at most %d: %w", key, len(next.List), maxListEntries, ErrQuota)
	}
	st.KV[key] = next
	st.size += after - before
	return nil
}

func (st *state) setText(key, value string, limit int) error {
	return st.change(key, limit, func(e *entry) { e.Text, e.Num = &value, nil })
}

func (st *state) setNum(key string, value uint32, limit int) error {
	return st.change(key, limit, func(e *entry) { e.Text, e.Num = nil, &value })
}

func (st *state) num(key string) (uint32, bool) {
	if e := st.KV[key]; e != nil && e.Num != nil {
		return *e.Num, true
	}
	return 0, false
}

func (st *state) text(key string) (string, bool) {
	if e := st.KV[key]; e != nil && e.Text != nil {
		return *e.Text, true
	}
	return "", false
}

// keep appends v and drops the oldest beyond most.
func keep[T any](list []T, v T, most int) []T {
	list = append(list, v)
	if len(list) > most {
		list = slices.Delete(list, 0, len(list)-most)
	}
	return list
}

// cut keeps a text short.
func cut(s string) string {
	if len(s) <= maxTextBytes {
		return s
	}
	return strings.ToValidUTF8(s[:maxTextBytes], "") + "…"
}

// addError keeps an error of a particle.
func (st *state) addError(particle string, e LastErrorEntry) {
	e.LastError.Message, e.LastError.Instruction, e.LastError.PeerID = cut(e.LastError.Message), cut(e.LastError.Instruction), cut(e.LastError.PeerID)
	i := slices.IndexFunc(st.Errors, func(p ParticleErrors) bool { return p.ParticleID == particle })
	if i < 0 {
		st.Errors = keep(st.Errors, ParticleErrors{ParticleID: particle, Errors: []LastErrorEntry{e}}, maxErrors)
		return
	}
	if len(st.Errors[i].Errors) < maxErrorsEach {
		st.Errors[i].Errors = append(st.Errors[i].Errors, e)
	}
}
