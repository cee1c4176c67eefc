// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/pipeline"
)

const serviceSuffix = "_service.toml"

// record is what is kept of a service, with upstream's keys and some of ours.
type record struct {
	ServiceID   string       `toml:"service_id"`
	ServiceType string       `toml:"service_type"`
	BlueprintID string       `toml:"blueprint_id"`
	OwnerID     string       `toml:"owner_id"`
	PeerScope   peerScope    `toml:"peer_scope"`
	Modules     []moduleLink `toml:"modules"` // as the blueprint named them when the service was made
	Memory      uint64       `toml:"memory,omitempty"`
	Public      bool         `toml:"public,omitempty"`
	Deal        bool         `toml:"deal,omitempty"`   // made by the app of a deal
	Folder      string       `toml:"folder,omitempty"` // of an earlier service, whose files it takes over; "" is its own id
	Created     time.Time    `toml:"created"`

	scope peer.ID
}

// moduleLink is a module under the name by which later ones import it.
type moduleLink struct {
	Name string `toml:"name"`
	CID  string `toml:"cid"`
}

// peerScope is a scope in upstream's form.
type peerScope struct {
	Type  string `toml:"scope_type"` // Host or WorkerId
	Value string `toml:"scope_value,omitempty"`
}

// Info is a service as srv.list and srv.info show it.
type Info struct {
	ID          string   `json:"id"`
	BlueprintID string   `json:"blueprint_id"`
	ServiceType string   `json:"service_type"`
	OwnerID     string   `json:"owner_id"`
	Aliases     []string `json:"aliases"`
	WorkerID    string   `json:"worker_id"`
}

// load reads everything that is kept.
func (s *Services) load() error {
	names, err := s.files.List("")
	if err != nil {
		return err
	}
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, configSuffix):
			m := &module{cid: strings.TrimSuffix(name, configSuffix)}
			if err := s.getTOML(name, &m.config); err != nil {
				return err
			}
			s.modules[m.cid] = m
		case strings.HasSuffix(name, blueprintSuffix):
			var b Blueprint
			if err := s.getTOML(name, &b); err != nil {
				return err
			}
			s.blueprints[b.ID] = b
		case strings.HasSuffix(name, serviceSuffix):
			if err := s.loadRecord(name); err != nil {
				return err
			}
		case strings.HasSuffix(name, aliasSuffix):
			if err := s.loadAliases(name); err != nil {
				return err
			}
		}
	}
	return s.sweepFolders()
}

func (s *Services) loadRecord(name string) error {
	r := &record{}
	if err := s.getTOML(name, r); err != nil {
		return err
	}
	r.scope = s.cfg.Self
	if r.PeerScope.Type != "Host" {
		id, err := peer.Decode(r.PeerScope.Value)
		if err != nil {
			return fmt.Errorf("services/%s: scope: %w; restore or remove it", name, err)
		}
		r.scope = id
	}
	if r.ServiceID+serviceSuffix != name {
		return fmt.Errorf("services/%s holds service %s; restore or remove it", name, r.ServiceID)
	}
	s.services[r.ServiceID] = r
	return nil
}

// sweepFolders removes the folders of services that are gone, which a crash left
// behind, and what services keep for one run only.
func (s *Services) sweepFolders() error {
	list, err := os.ReadDir(s.folders)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, r := range s.services {
		used[r.folder()] = true
	}
	for _, e := range list {
		dir := filepath.Join(s.folders, e.Name())
		if used[e.Name()] {
			dir = filepath.Join(dir, "tmp")
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// Spec describes a service that is to be made.
type Spec struct {
	Scope     pipeline.Scope
	Owner     peer.ID
	Blueprint string
	Names     []string // of its modules; nil takes those the modules were added under
	Memory    uint64   // bytes of linear memory; 0 and more than the peer's limit are that limit
	Public    bool     // anybody may call it

	deal   bool
	folder string
}

// plan turns a spec into a record.
func (s *Services) plan(spec Spec) (*record, error) {
	b, err := s.Blueprint(spec.Blueprint)
	if err != nil {
		return nil, err
	}
	if spec.Names != nil && len(spec.Names) != len(b.Dependencies) {
		return nil, fmt.Errorf("%w: %d names for %d modules", ErrBlueprint, len(spec.Names), len(b.Dependencies))
	}
	r := &record{
		ServiceID: newID(), ServiceType: "service", BlueprintID: b.ID, OwnerID: spec.Owner.String(), scope: spec.Scope.Peer,
		PeerScope: peerScope{Type: "Host"}, Memory: spec.Memory, Public: spec.Public, Created: time.Now().UTC(),
		Deal: spec.deal, Folder: spec.folder,
	}
	if spec.Scope.Worker() {
		r.PeerScope = peerScope{Type: "WorkerId", Value: spec.Scope.Peer.String()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, o := range s.services {
		if o.scope == r.scope {
			count++
		}
	}
	if count >= s.limits.Services {
		return nil, fmt.Errorf("%w: %d services in this scope", ErrLimit, count)
	}
	for i, d := range b.Dependencies {
		id, err := moduleID(d)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBlueprint, err)
		}
		m := s.modules[id]
		if m == nil {
			return nil, texted(ErrNoModule, "Blueprint '%s' needs module %s, which wasn't found", b.ID, d)
		}
		name := m.config.Name
		if spec.Names != nil {
			name = spec.Names[i]
		}
		if err := checkName("module", name); err != nil {
			return nil, err
		}
		r.Modules = append(r.Modules, moduleLink{Name: name, CID: id})
	}
	return r, nil
}

// newID returns a random UUID of version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// find returns a service of a scope by id or alias; s.mu is held.
func (s *Services) find(scope peer.ID, name string) *record {
	if r := s.services[name]; r != nil && r.scope == scope {
		return r
	}
	if id, ok := s.aliases[scope][name]; ok {
		return s.services[id]
	}
	return nil
}

// lookup is find with upstream's text when there is none.
func (s *Services) lookup(scope peer.ID, name string) (*record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(scope, name)
	if r == nil {
		return nil, texted(ErrNoService, "Service with id '%s' not found", clip(name))
	}
	return r, nil
}

// info shows a service; s.mu is held.
func (s *Services) info(r *record) Info {
	in := Info{
		ID: r.ServiceID, BlueprintID: r.BlueprintID, ServiceType: r.ServiceType, OwnerID: r.OwnerID,
		WorkerID: r.scope.String(), Aliases: []string{},
	}
	for alias, id := range s.aliases[r.scope] {
		if id == r.ServiceID {
			in.Aliases = append(in.Aliases, alias)
		}
	}
	slices.Sort(in.Aliases)
	return in
}

// List returns the services of a scope, oldest first.
func (s *Services) List(scope peer.ID) []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.SortedFunc(maps.Values(s.services), func(a, b *record) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ServiceID, b.ServiceID))
	})
	list := []Info{}
	for _, r := range all {
		if r.scope == scope {
			list = append(list, s.info(r))
		}
	}
	return list
}

// Info returns a service of a scope by id or alias.
//
// Errors: ErrNoService.
func (s *Services) Info(scope peer.ID, name string) (Info, error) {
	r, err := s.lookup(scope, name)
	if err != nil {
		return Info{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info(r), nil
}

// forget removes the record, the folders and the aliases of a service.
func (s *Services) forget(r *record) error {
	if err := s.files.Delete(r.ServiceID + serviceSuffix); err != nil && !errors.Is(err, errNotKept) {
		return err
	}
	s.mu.Lock()
	delete(s.services, r.ServiceID)
	delete(s.stats, r.ServiceID)
	lost := false
	for alias, id := range s.aliases[r.scope] {
		if id == r.ServiceID {
			delete(s.aliases[r.scope], alias)
			lost = true
		}
	}
	s.mu.Unlock()
	var err error
	if lost {
		err = s.putAliases(r.scope)
	}
	return errors.Join(err, s.removeFolder(r))
}

// folder is the name of the folder of a service.
func (r *record) folder() string {
	if r.Folder != "" {
		return r.Folder
	}
	return r.ServiceID
}

// folderOf is where the folders of a service lie.
func (s *Services) folderOf(r *record) string { return filepath.Join(s.folders, r.folder()) }

// removeFolder removes the folders of a service unless another took them over.
func (s *Services) removeFolder(r *record) error {
	s.mu.Lock()
	for _, o := range s.services {
		if o.folder() == r.folder() && o != r {
			s.mu.Unlock()
			return nil
		}
	}
	s.mu.Unlock()
	return os.RemoveAll(s.folderOf(r))
}
