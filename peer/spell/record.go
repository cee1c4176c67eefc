// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/store"
)

// record is what of a spell is durable before a call that changes it returns.
type record struct {
	ID      string    `json:"id"`
	Scope   string    `json:"scope"` // peer id: the host or a worker
	Owner   string    `json:"owner"` // peer id that installed it
	Aliases []string  `json:"aliases,omitempty"`
	Script  string    `json:"script"`
	Trigger Trigger   `json:"trigger"`
	SetAt   time.Time `json:"set_at"` // when Trigger was set
	Fired   bool      `json:"fired"`  // a clock without a period has run
}

// spell is an installed spell. The mutex of Spells guards it.
type spell struct {
	record
	scope peer.ID
	state *state
	dirty bool

	next   time.Time // of the clock; zero for never
	place  int       // in the heap of clocks; -1 while not there
	gone   bool
	bucket bucket
}

func (sp *spell) file() string { return sp.ID + ".json" }

const fileSuffix = ".json"

// far is the expiry of values that do not expire.
func far() time.Time { return time.UnixMilli(253402300799000) }

// put writes the record of a spell.
func (s *Spells) put(r record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = s.records.Put(r.ID+fileSuffix, raw)
	if errors.Is(err, store.ErrQuota) {
		err = fmt.Errorf("%w: %w", ErrQuota, err)
	}
	return err
}

// load reads all spells. One that does not read is left out and said so: the
// others run.
func (s *Spells) load(now time.Time) error {
	names, err := s.records.List("")
	if err != nil {
		return fmt.Errorf("list spells: %w", err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, fileSuffix) {
			continue
		}
		if err := s.loadOne(name, now); err != nil {
			s.cfg.Log.Error("spell not loaded", "spell", strings.TrimSuffix(name, fileSuffix), "err", err)
		}
	}
	return nil
}

func (s *Spells) loadOne(name string, now time.Time) error {
	raw, err := s.records.Get(name)
	if err != nil {
		return err
	}
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if r.ID+fileSuffix != name {
		return fmt.Errorf("file of spell %q", r.ID)
	}
	scope, err := peer.Decode(r.Scope)
	if err != nil {
		return fmt.Errorf("scope: %w", err)
	}
	sp := &spell{record: r, scope: scope, state: newState(), place: -1}
	raw, err = s.journal.Get(r.ID)
	if err == nil {
		sp.state, err = decodeState(raw)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		s.cfg.Log.Error("state of a spell lost", "spell", r.ID, "err", err)
		sp.state = newState()
	}
	s.join(sp)
	s.wind(sp, now)
	return nil
}
