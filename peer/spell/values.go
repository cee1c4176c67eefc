// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// read calls f with the values of a spell of a scope, by id or alias.
func (s *Spells) read(scope peer.ID, name string, f func(sp *spell)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, err := s.find(scope, name)
	if err != nil {
		return err
	}
	f(sp)
	return nil
}

// edited calls f with a spell and marks its values changed unless f fails.
func (s *Spells) edited(scope peer.ID, name string, f func(sp *spell) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, err := s.find(scope, name)
	if err != nil {
		return err
	}
	if err := f(sp); err != nil {
		return err
	}
	sp.dirty = true
	return nil
}

// limit is how many bytes the keys of a spell may hold; s.mu is held.
func (s *Spells) limit(sp *spell) int { return min(s.limits.State, sp.state.size+s.free(sp.scope)) }

// noted refuses a message, line or error of n bytes beyond the scope's quota; s.mu
// is held.
func (s *Spells) noted(sp *spell, n int) error {
	if free := s.free(sp.scope); n+noteOverhead > free {
		return fmt.Errorf("%d bytes are free here: %w", max(free, 0), ErrQuota)
	}
	return nil
}

// setKey changes one key for who.
func (s *Spells) setKey(scope peer.ID, name string, who Caller, key string, change func(e *entry)) error {
	return s.edited(scope, name, func(sp *spell) error {
		if err := s.mayWrite(sp, who, key); err != nil {
			return err
		}
		return sp.state.change(key, s.limit(sp), change)
	})
}

// SetString sets a key to a text.
//
// Errors: ErrNotFound, ErrForbidden, ErrQuota, as all below.
func (s *Spells) SetString(scope peer.ID, name string, who Caller, key, value string) error {
	return s.setKey(scope, name, who, key, func(e *entry) { e.Text, e.Num = &value, nil })
}

// SetU32 sets a key to a number.
func (s *Spells) SetU32(scope peer.ID, name string, who Caller, key string, value uint32) error {
	return s.setKey(scope, name, who, key, func(e *entry) { e.Text, e.Num = nil, &value })
}

// ListPush adds a text to the end of a key's list.
func (s *Spells) ListPush(scope peer.ID, name string, who Caller, key, value string) error {
	return s.setKey(scope, name, who, key, func(e *entry) { e.List = append(e.List, value) })
}

// ListPop removes the last text of a key's list; ok is false when there is none.
func (s *Spells) ListPop(scope peer.ID, name string, who Caller, key string) (value string, ok bool, err error) {
	err = s.setKey(scope, name, who, key, func(e *entry) {
		if n := len(e.List); n > 0 {
			value, ok = e.List[n-1], true
			e.List = e.List[: n-1 : n-1]
		}
	})
	return value, ok, err
}

// ListRemove removes every copy of a text from a key's list.
func (s *Spells) ListRemove(scope peer.ID, name string, who Caller, key, value string) error {
	return s.setKey(scope, name, who, key, func(e *entry) {
		e.List = slices.DeleteFunc(slices.Clone(e.List), func(v string) bool { return v == value })
	})
}

// RemoveKey removes everything that a key holds.
func (s *Spells) RemoveKey(scope peer.ID, name string, who Caller, key string) error {
	return s.setKey(scope, name, who, key, func(e *entry) { *e = entry{} })
}

// SetFields sets each key of a JSON object to the JSON text of its value: all or
// none.
//
// Errors: ErrData, and those of SetString.
func (s *Spells) SetFields(scope peer.ID, name string, who Caller, object []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil || fields == nil {
		return fmt.Errorf("%w: not a JSON object", ErrData)
	}
	return s.edited(scope, name, func(sp *spell) error {
		for key := range fields {
			if err := s.mayWrite(sp, who, key); err != nil {
				return err
			}
		}
		next := &state{KV: make(map[string]*entry, len(sp.state.KV)+len(fields)), size: sp.state.size}
		for k, e := range sp.state.KV {
			next.KV[k] = e
		}
		limit := s.limit(sp)
		for key, value := range fields {
			if err := next.setText(key, string(value), limit); err != nil {
				return err
			}
		}
		sp.state.KV, sp.state.size = next.KV, next.size
		return nil
	})
}

// Exists reports whether a key holds anything.
func (s *Spells) Exists(scope peer.ID, name, key string) (ok bool, err error) {
	err = s.read(scope, name, func(sp *spell) { ok = sp.state.KV[key] != nil })
	return ok, err
}

// String returns the text of a key; ok is false when it has none.
func (s *Spells) String(scope peer.ID, name, key string) (value string, ok bool, err error) {
	err = s.read(scope, name, func(sp *spell) { value, ok = sp.state.text(key) })
	return value, ok, err
}

// U32 returns the number of a key; ok is false when it has none.
func (s *Spells) U32(scope peer.ID, name, key string) (value uint32, ok bool, err error) {
	err = s.read(scope, name, func(sp *spell) { value, ok = sp.state.num(key) })
	return value, ok, err
}

// Strings returns the list of a key, in the order of pushing.
func (s *Spells) Strings(scope peer.ID, name, key string) (list []string, err error) {
	list = []string{}
	err = s.read(scope, name, func(sp *spell) {
		if e := sp.state.KV[key]; e != nil {
			list = append(list, e.List...)
		}
	})
	return list, err
}

// Script returns the script of a spell.
func (s *Spells) Script(scope peer.ID, name string) (script string, err error) {
	err = s.read(scope, name, func(sp *spell) { script = sp.Script })
	return script, err
}

// PushMail puts a message into the mailbox; anybody may.
func (s *Spells) PushMail(scope peer.ID, name string, m Message) error {
	if len(m.Message) > maxMailBytes {
		return fmt.Errorf("message of %d bytes, at most %d: %w", len(m.Message), maxMailBytes, ErrQuota)
	}
	return s.edited(scope, name, func(sp *spell) error {
		if err := s.noted(sp, len(m.Message)+len(m.InitPeerID)); err != nil {
			return err
		}
		sp.state.Mailbox = keep(sp.state.Mailbox, m, maxMailbox)
		return nil
	})
}

// PopMail takes the newest message out; ok is false when there is none. Only the
// spell itself may.
func (s *Spells) PopMail(scope peer.ID, name string, who Caller) (m Message, ok bool, err error) {
	err = s.edited(scope, name, func(sp *spell) error {
		if err := sp.itself(who, "pop_mailbox"); err != nil {
			return err
		}
		if n := len(sp.state.Mailbox); n > 0 {
			m, ok = sp.state.Mailbox[n-1], true
			sp.state.Mailbox = sp.state.Mailbox[:n-1]
		}
		return nil
	})
	return m, ok, err
}

// Mailbox returns all messages, newest first.
func (s *Spells) Mailbox(scope peer.ID, name string) (list []Message, err error) {
	list = []Message{}
	err = s.read(scope, name, func(sp *spell) { list = append(list, sp.state.Mailbox...) })
	slices.Reverse(list)
	return list, err
}

// StoreLog adds a line to the logs; only the spell itself may. Long lines are cut.
func (s *Spells) StoreLog(scope peer.ID, name string, who Caller, l Log) error {
	l.Message = cut(l.Message)
	return s.edited(scope, name, func(sp *spell) error {
		if err := sp.itself(who, "store_log"); err != nil {
			return err
		}
		if err := s.noted(sp, len(l.Message)); err != nil {
			return err
		}
		sp.state.Logs = keep(sp.state.Logs, l, maxLogs)
		return nil
	})
}

// Logs returns the lines of a spell, oldest first.
func (s *Spells) Logs(scope peer.ID, name string) (list []Log, err error) {
	list = []Log{}
	err = s.read(scope, name, func(sp *spell) { list = append(list, sp.state.Logs...) })
	return list, err
}

// StoreError keeps an error of a particle; only the spell itself may.
func (s *Spells) StoreError(scope peer.ID, name string, who Caller, particleID string, e LastErrorEntry) error {
	return s.edited(scope, name, func(sp *spell) error {
		if err := sp.itself(who, "store_error"); err != nil {
			return err
		}
		if err := s.noted(sp, 2*maxTextBytes); err != nil {
			return err
		}
		sp.state.addError(particleID, e)
		return nil
	})
}

// Errors returns the errors of the latest particles that had any, oldest first.
func (s *Spells) Errors(scope peer.ID, name string) (list []ParticleErrors, err error) {
	list = []ParticleErrors{}
	err = s.read(scope, name, func(sp *spell) {
		for _, p := range sp.state.Errors {
			list = append(list, ParticleErrors{p.ParticleID, slices.Clone(p.Errors)})
		}
	})
	return list, err
}
