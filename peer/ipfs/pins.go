// SPDX-License-Identifier: Apache-2.0

package ipfs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/store"
)

// Pin is a file that stays, and for whom.
type Pin struct {
	CID    string   `json:"cid"`
	Owners []string `json:"owners"` // sorted
	Size   int64    `json:"size"`   // bytes of the file
}

// pinned is a file with owners. Its hold is released with the last.
type pinned struct {
	owners []string // sorted
	size   int64
	hold   *hold
}

func validOwner(owner string) bool {
	ok, err := regexp.MatchString(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`, owner)
	return ok && err == nil
}

// Pin keeps the file c for owner until Unpin, fetching what is missing. Pinning
// again changes nothing. A file may have many owners.
//
// Errors: ErrOwner, and those of Get.
func (s *Store) Pin(ctx context.Context, c cid.Cid, owner string) error {
	if !validOwner(owner) {
		return fmt.Errorf("%w: %q", ErrOwner, owner)
	}
	h := s.blocks.newHold()
	size := int64(0)
	if err := s.walk(ctx, c, dag.MaxFile, h, func(b []byte) error { size += int64(len(b)); return nil }); err != nil {
		h.release()
		return fmt.Errorf("pin %s: %w", c, err)
	}
	s.pinMu.Lock()
	defer s.pinMu.Unlock()
	p := s.pinned[c.String()]
	if p != nil && slices.Contains(p.owners, owner) {
		h.release()
		return nil
	}
	if err := s.pins.Put(c.String()+"/"+owner, []byte{}); err != nil {
		h.release()
		return fmt.Errorf("pin %s: %w", c, err)
	}
	if p == nil {
		p = &pinned{size: size, hold: h}
		s.pinned[c.String()] = p
	} else {
		h.release()
	}
	p.owners = append(p.owners, owner)
	slices.Sort(p.owners)
	return nil
}

// Unpin gives up what owner pinned. Blocks that nobody else holds stay until room
// is needed.
//
// Errors: ErrNotFound when owner has not pinned c.
func (s *Store) Unpin(c cid.Cid, owner string) error {
	s.pinMu.Lock()
	defer s.pinMu.Unlock()
	p := s.pinned[c.String()]
	if p == nil || !slices.Contains(p.owners, owner) {
		return fmt.Errorf("pin %s of %q: %w", c, owner, ErrNotFound)
	}
	if err := s.pins.Delete(c.String() + "/" + owner); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("unpin %s: %w", c, err)
	}
	p.owners = slices.DeleteFunc(p.owners, func(o string) bool { return o == owner })
	if len(p.owners) == 0 {
		delete(s.pinned, c.String())
		p.hold.release()
	}
	return nil
}

// UnpinAll gives up everything that owner pinned and returns how many files that
// were.
func (s *Store) UnpinAll(owner string) (n int, err error) {
	for _, p := range s.List() {
		if !slices.Contains(p.Owners, owner) {
			continue
		}
		c, parseErr := cid.Decode(p.CID)
		if parseErr == nil {
			parseErr = s.Unpin(c, owner)
		}
		if parseErr == nil {
			n++
		}
		err = errors.Join(err, parseErr)
	}
	return n, err
}

// List returns all pins by CID.
func (s *Store) List() []Pin {
	s.pinMu.Lock()
	defer s.pinMu.Unlock()
	list := make([]Pin, 0, len(s.pinned))
	for c, p := range s.pinned {
		list = append(list, Pin{CID: c, Owners: slices.Clone(p.owners), Size: p.size})
	}
	slices.SortFunc(list, func(a, b Pin) int { return strings.Compare(a.CID, b.CID) })
	return list
}

// loadPins holds what was pinned before. A pinned file that lost blocks is
// dropped and said so: whoever needs it pins it again.
func (s *Store) loadPins() error {
	names, err := s.pins.List("")
	if err != nil {
		return fmt.Errorf("list pins: %w", err)
	}
	for _, name := range names {
		text, owner, _ := strings.Cut(name, "/")
		c, err := dag.Parse(text)
		if err == nil && validOwner(owner) {
			err = s.pinLocal(c, owner)
		}
		if err != nil {
			s.cfg.Log.Warn("pin lost", "cid", text, "owner", owner, "err", err)
			_ = s.pins.Delete(name)
		}
	}
	return nil
}

func (s *Store) pinLocal(c cid.Cid, owner string) error {
	p := s.pinned[c.String()]
	if p == nil {
		p = &pinned{hold: s.blocks.newHold()}
		err := dag.Walk(c, dag.MaxFile, s.local(p.hold), func(b []byte) error { p.size += int64(len(b)); return nil })
		if err != nil {
			p.hold.release()
			return err
		}
		s.pinned[c.String()] = p
	}
	p.owners = append(p.owners, owner)
	slices.Sort(p.owners)
	return nil
}
