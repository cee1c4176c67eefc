// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/pelletier/go-toml/v2"

	"github.com/go-fluence/fluence/peer/store"
)

// Areas of the peer's folder.
const (
	keyArea     = "workers"
	recordArea  = "worker_records"
	archiveArea = "worker_archive"
)

// DefaultLimit is how many workers a peer has at most.
const DefaultLimit = 1000

// maxArchive is how many records of workers that are gone stay.
const maxArchive = 1000

// Workers is the workers of a peer: a key and a record each. It is pipeline.Keys
// for them. It is safe for concurrent use.
type Workers struct {
	self     peer.ID
	managers []peer.ID
	limit    int
	keys     *store.Keys
	records  *store.Files
	archive  *store.Files

	change sync.Mutex // held by whoever changes what is on disk, before mu

	mu     sync.Mutex // guards all below; not held during I/O
	byDeal map[string]*entry
	byID   map[peer.ID]*entry
}

// entry is a worker with its key.
type entry struct {
	Worker
	seed []byte
}

// Open reads the workers of an earlier process. A key without a record, which a
// crash may leave, is removed: nobody was told of it.
func Open(files *store.Store, passphrase string, self peer.ID, managers []peer.ID, limit int) (*Workers, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	w := &Workers{self: self, managers: slices.Clone(managers), limit: limit, byDeal: map[string]*entry{}, byID: map[peer.ID]*entry{}}
	var err error
	if w.keys, err = files.Keys(keyArea, passphrase); err != nil {
		return nil, err
	}
	if w.records, err = files.Files(recordArea, 0); err != nil {
		return nil, errors.Join(err, w.keys.Close())
	}
	if w.archive, err = files.Files(archiveArea, 0); err != nil {
		return nil, errors.Join(err, w.keys.Close(), w.records.Close())
	}
	if err := w.load(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close releases the areas.
func (w *Workers) Close() error {
	return errors.Join(w.keys.Close(), w.records.Close(), w.archive.Close())
}

func (w *Workers) load() error {
	names, err := w.records.List("")
	if err != nil {
		return err
	}
	for _, name := range names {
		e, err := w.read(name)
		if err != nil {
			return fmt.Errorf("%s/%s: %w; restore or remove it", recordArea, name, err)
		}
		w.byDeal[e.Deal], w.byID[e.ID] = e, e
	}
	keys, err := w.keys.List()
	if err != nil {
		return err
	}
	for _, name := range keys {
		if w.byDeal[name] == nil {
			if err := w.keys.Delete(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Workers) read(name string) (*entry, error) {
	raw, err := w.records.Get(name)
	if err != nil {
		return nil, err
	}
	var r record
	if err := toml.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	v, err := r.worker()
	if err != nil {
		return nil, err
	}
	if v.Deal != name {
		return nil, fmt.Errorf("holds the worker of deal %s", v.Deal)
	}
	key, err := w.keys.Load(name)
	if err != nil {
		return nil, err
	}
	if id, err := idOf(key); err != nil || id != v.ID {
		return nil, fmt.Errorf("key of worker %s is another's", v.ID)
	}
	return &entry{Worker: v, seed: key.Seed()}, nil
}

func idOf(key ed25519.PrivateKey) (peer.ID, error) {
	k, err := libp2pcrypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		return "", err
	}
	return peer.IDFromPrivateKey(k)
}

// Create makes a worker for a deal, with a new key. It is active.
//
// Errors: ErrExists, ErrDealID, ErrLimit, those of the store.
func (w *Workers) Create(deal string, creator peer.ID, units []string, onChain string) (Worker, error) {
	name, err := DealKey(deal)
	if err != nil {
		return Worker{}, err
	}
	w.change.Lock()
	defer w.change.Unlock()
	w.mu.Lock()
	have, count := w.byDeal[name], len(w.byDeal)
	w.mu.Unlock()
	switch {
	case have != nil:
		return Worker{}, fmt.Errorf("%w: Worker for %s already exists", ErrExists, deal)
	case count >= w.limit:
		return Worker{}, fmt.Errorf("%w: %d of %d", ErrLimit, count, w.limit)
	}
	key, _, err := w.keys.LoadOrCreate(name) // one that an earlier attempt left will do
	if err != nil {
		return Worker{}, err
	}
	id, err := idOf(key)
	if err != nil {
		return Worker{}, err
	}
	e := &entry{seed: key.Seed(), Worker: Worker{
		ID: id, Deal: name, Creator: creator, Units: slices.Clone(units), OnChain: onChain, Active: true, Created: time.Now().UTC(),
	}}
	if err := w.put(e.Worker); err != nil {
		return Worker{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byDeal[name], w.byID[id] = e, e
	return e.Worker, nil
}

func (w *Workers) put(v Worker) error {
	raw, err := toml.Marshal(v.record())
	if err != nil {
		return err
	}
	return w.records.Put(v.Deal, raw)
}

// update changes the record of a worker on disk and then here.
func (w *Workers) update(deal string, change func(*Worker)) error {
	w.change.Lock()
	defer w.change.Unlock()
	w.mu.Lock()
	e := w.byDeal[deal]
	if e == nil {
		w.mu.Unlock()
		return fmt.Errorf("%w: deal %s", ErrNotFound, deal)
	}
	next := e.Worker
	w.mu.Unlock()
	change(&next)
	if err := w.put(next); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.Worker = next
	return nil
}

// fail notes why a step failed, or that it did not; it is not on disk.
func (w *Workers) fail(deal string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.byDeal[deal]; e != nil {
		if e.Fault = ""; err != nil {
			e.Fault = err.Error()
		}
	}
}

// SetActive pauses a worker until it is told to go on, or tells it to.
//
// Errors: ErrNotFound, ErrState, those of the store.
func (w *Workers) SetActive(deal string, on bool) error {
	v, ok := w.OfDeal(deal)
	switch {
	case !ok:
		return fmt.Errorf("%w: deal %s", ErrNotFound, clip(deal))
	case v.Active == on && on:
		return fmt.Errorf("%w: Deal has already been activated", ErrState)
	case v.Active == on:
		return fmt.Errorf("%w: Deal has already been deactivated", ErrState)
	}
	return w.update(v.Deal, func(v *Worker) { v.Active, v.Held = on, !on })
}

// Remove archives the record of a worker and deletes it with its key. Its
// services and spells must be gone.
//
// Errors: ErrNotFound, those of the store.
func (w *Workers) Remove(id peer.ID) error {
	w.change.Lock()
	defer w.change.Unlock()
	w.mu.Lock()
	e := w.byID[id]
	w.mu.Unlock()
	if e == nil {
		return fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	if err := w.file(e.Worker); err != nil {
		return err
	}
	if err := w.records.Delete(e.Deal); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	w.mu.Lock()
	delete(w.byDeal, e.Deal)
	delete(w.byID, id)
	w.mu.Unlock()
	if err := w.keys.Delete(e.Deal); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// file puts the record of a worker into the archive, which the oldest leave.
func (w *Workers) file(v Worker) error {
	raw, err := toml.Marshal(struct {
		record
		Removed time.Time `toml:"removed"`
	}{v.record(), time.Now().UTC()})
	if err != nil {
		return err
	}
	names, err := w.archive.List("")
	if err != nil {
		return err
	}
	for _, old := range names[:max(len(names)-maxArchive+1, 0)] {
		if err := w.archive.Delete(old); err != nil {
			return err
		}
	}
	return w.archive.Put(fmt.Sprintf("%014d-%s", time.Now().UnixMilli(), v.Deal), raw)
}

// Archive returns the names of the records of workers that are gone, oldest first.
func (w *Workers) Archive() ([]string, error) { return w.archive.List("") }

// OfDeal returns the worker of a deal.
func (w *Workers) OfDeal(deal string) (Worker, bool) {
	name, err := DealKey(deal)
	if err != nil {
		return Worker{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.byDeal[name]; e != nil {
		return e.Worker, true
	}
	return Worker{}, false
}

// ByID returns a worker.
func (w *Workers) ByID(id peer.ID) (Worker, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.byID[id]; e != nil {
		return e.Worker, true
	}
	return Worker{}, false
}

// List returns all workers by deal.
func (w *Workers) List() []Worker {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]Worker, 0, len(w.byDeal))
	for _, name := range slices.SortedFunc(maps.Keys(w.byDeal), strings.Compare) {
		list = append(list, w.byDeal[name].Worker)
	}
	return list
}

// Creator returns who made a worker.
func (w *Workers) Creator(id peer.ID) (peer.ID, bool) {
	v, ok := w.ByID(id)
	return v.Creator, ok
}

// Seed returns the seed of a worker's key, if the worker takes particles of the
// initiator: an active one takes everybody's, another those of this peer and its
// managers only.
func (w *Workers) Seed(id peer.ID, initiator string) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.byID[id]
	if e == nil {
		return nil, false
	}
	trusted := initiator == w.self.String() || slices.ContainsFunc(w.managers, func(m peer.ID) bool { return m.String() == initiator })
	if !e.Active && !trusted {
		return nil, false
	}
	return e.seed, true
}

// Sign signs with the key of a worker, active or not.
//
// Errors: ErrNotFound.
func (w *Workers) Sign(id peer.ID, data []byte) ([]byte, error) {
	w.mu.Lock()
	e := w.byID[id]
	w.mu.Unlock()
	if e == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(e.seed), data), nil
}
