// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/trustgraph"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

// DefaultStaleness is how old the newest block may be for perimeters to be judged by.
const DefaultStaleness = 30 * time.Second

// retryPause is the pause before the blocks are followed again after a fault.
const retryPause = 2 * time.Second

// Chain is what a door reads of the chain.
type Chain interface {
	chain.Perimeters
	chain.Revocations
	chain.Events
	At(ctx context.Context) (chain.Height, error)
}

// Naming tells all names of services. Safe for concurrent use.
type Naming interface {
	// Names returns the id and every alias of the service that has the name in
	// scope, or nothing when there is none.
	Names(scope pipeline.Scope, service string) []string
}

// Config is what a door is made of.
type Config struct {
	Local *Local            // decides where no perimeter does
	Chain Chain             // where perimeters and revocations are
	Graph *trustgraph.Graph // certificates known here, and revocations known here only
	Names Naming
	// Subjects returns who runs services here: this peer, its workers, their deals.
	// Deal ids as chain.DealID writes them. Safe for concurrent use.
	Subjects func() []string
	// Recompute runs a pure builtin, for results of transparent functions; nil: none.
	Recompute func(service, function string, args []json.RawMessage) (json.RawMessage, bool)
	Staleness time.Duration    // zero for DefaultStaleness
	Now       func() time.Time // nil for the clock
	Log       *slog.Logger     // nil is silent
}

// Door judges calls by the perimeters of the chain, and by the local policy where
// none lists the service. Builtins guard themselves: a membership makes their
// results count, it does not close them. Safe for concurrent use.
type Door struct {
	cfg     Config
	shown   *presented
	revoked *revocations
	loaded  chan struct{} // closed with the first load

	mu       sync.RWMutex // guards all below
	books    []*perimeter.Book
	subjects []string
	known    bool // books are those of the chain at some height
	dirty    bool // the chain has newer ones
	at       chain.Height
}

// New returns a door. It knows nothing before Run has read the chain.
func New(cfg Config) (*Door, error) {
	if cfg.Local == nil || cfg.Chain == nil || cfg.Graph == nil || cfg.Names == nil || cfg.Subjects == nil {
		return nil, errors.New("door needs Local, Chain, Graph, Names and Subjects")
	}
	if cfg.Staleness == 0 {
		cfg.Staleness = DefaultStaleness
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Door{cfg: cfg, shown: newPresented(), revoked: newRevocations(cfg.Chain, cfg.Graph), loaded: make(chan struct{})}, nil
}

// Run reads perimeters and follows the chain until ctx ends.
func (d *Door) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := d.follow(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("perimeters not followed", "err", err)
			d.mu.Lock()
			d.dirty = true
			d.mu.Unlock()
			d.revoked.reset()
			timer := time.NewTimer(retryPause)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			timer.Stop()
		}
	}
	return nil
}

// Loaded is closed once the perimeters were read.
func (d *Door) Loaded() <-chan struct{} { return d.loaded }

func (d *Door) follow(ctx context.Context) error {
	at, err := d.cfg.Chain.At(ctx)
	if err != nil {
		return err
	}
	if err := d.load(ctx); err != nil {
		return err
	}
	d.seen(at)
	err = d.cfg.Chain.Follow(ctx, d.from(at), func(ctx context.Context, b chain.Block) error {
		d.revoked.block(b)
		if err := d.teach(ctx, b); err != nil {
			return err
		}
		if d.concerns(b) {
			if err := d.load(ctx); err != nil {
				return err
			}
		}
		d.seen(b.Height)
		return nil
	})
	if errors.Is(err, chain.ErrPruned) { // what was missed cannot be read any more: go on from here
		err = errors.Join(err, d.cfg.Graph.SetSeen(at.Number))
	}
	return err
}

// catchUp is how many blocks are read again for the revocations in them.
const catchUp = 5_000

// from returns the block after which blocks are followed: the last one whose
// revocations the trust graph has, unless that is too long ago.
func (d *Door) from(at chain.Height) uint64 {
	seen, err := d.cfg.Graph.Seen()
	if err != nil || seen == 0 || seen > at.Number || at.Number-seen > catchUp {
		return at.Number
	}
	return seen
}

// noteEvery is after how many blocks the trust graph notes how far it is.
const noteEvery = 100

// teach tells the trust graph what the chain recorded in a block.
func (d *Door) teach(ctx context.Context, b chain.Block) error {
	for _, e := range b.Events {
		text, ok := e.Get("revoked")
		if !ok || e.Type != chain.EventRevoked {
			continue
		}
		k, err := keyIn(text)
		if err != nil {
			continue // no key that this peer knows how to trust
		}
		list, _, err := d.cfg.Chain.RevocationsOf(ctx, k)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := d.cfg.Graph.RevokeByChain(r); err != nil {
				d.cfg.Log.Error("revocation not kept in the trust graph", "peer", k.PeerID(), "err", err)
			}
		}
	}
	if b.Height.Number%noteEvery == 0 {
		return d.cfg.Graph.SetSeen(b.Height.Number)
	}
	return nil
}

// keyIn reads a key in an event: JSON of base64 of the official form.
func keyIn(text string) (trust.Key, error) {
	var enc []byte
	if err := json.Unmarshal([]byte(text), &enc); err != nil {
		return trust.Key{}, err
	}
	return trust.DecodeKey(enc)
}

func (d *Door) seen(at chain.Height) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = at
}

// concerns reports whether a block may have changed a perimeter that counts here.
func (d *Door) concerns(b chain.Block) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.dirty || !slices.Equal(d.subjects, d.cfg.Subjects()) {
		return true
	}
	for _, e := range b.Events {
		switch {
		case e.Type == chain.EventPerimeterMember:
			return true // who becomes a member of what is seldom, and costs one look
		case e.Type == chain.EventPerimeterVersion:
			id, _ := e.Get("id")
			if slices.ContainsFunc(d.books, func(k *perimeter.Book) bool { return sameID(id, k.Perimeter().ID) }) {
				return true
			}
		case strings.HasPrefix(e.Type, chain.EventDealPrefix):
			if slices.ContainsFunc(d.books, func(k *perimeter.Book) bool { return len(k.Perimeter().Deals) > 0 }) {
				return true
			}
		}
	}
	return false
}

// sameID compares bytes in an event, JSON of base64, with hex.
func sameID(event, id string) bool {
	var raw []byte
	return json.Unmarshal([]byte(event), &raw) == nil && hexOf(raw) == id
}

// load reads the perimeters of everybody who runs services here.
func (d *Door) load(ctx context.Context) error {
	subjects := d.cfg.Subjects()
	list, _, err := d.cfg.Chain.PerimetersOf(ctx, subjects)
	if err != nil {
		return err
	}
	books := make([]*perimeter.Book, len(list))
	for i := range list {
		books[i] = perimeter.NewBook(list[i])
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.known {
		close(d.loaded)
	}
	d.books, d.subjects, d.known, d.dirty = books, subjects, true, false
	return nil
}

// Needs reports whether judging takes the particle's statements.
func (d *Door) Needs() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.books) > 0
}

// Admit returns nil or a *pipeline.Denial.
func (d *Door) Admit(ctx context.Context, c pipeline.Call) error {
	if d.cfg.Local.services.Known(c.Service, c.Function) {
		return d.cfg.Local.Admit(ctx, c)
	}
	decision, err := d.decide(ctx, c, false)
	if err != nil {
		return err
	}
	switch decision.Outcome {
	case perimeter.Admitted:
		return nil
	case perimeter.Local:
		return d.cfg.Local.Admit(ctx, c)
	case perimeter.OwnerOnly:
		return d.cfg.Local.owner(c)
	}
	n := decision.Denial
	denial := &pipeline.Denial{Code: n.Code, Perimeter: decision.Perimeter, Version: decision.Version, Origin: n.Origin, Hint: n.Hint}
	if n.Argument >= 0 {
		denial.Argument = &n.Argument
	}
	return denial
}

// Explain judges a call as Admit does and says step by step why.
func (d *Door) Explain(ctx context.Context, c pipeline.Call) (perimeter.Decision, error) {
	return d.decide(ctx, c, true)
}

// explanation is how a call was judged, in the trace and for people.
type explanation struct {
	Outcome   string           `json:"outcome"`
	Code      string           `json:"code,omitempty"`
	Perimeter string           `json:"perimeter,omitempty"`
	Version   uint64           `json:"version,omitempty"`
	Hint      string           `json:"hint,omitempty"`
	Steps     []perimeter.Step `json:"steps"`
}

// maxSteps bounds the steps of an explanation.
const maxSteps = 64

// Steps implements pipeline.Explainer; builtins guard themselves and have none.
func (d *Door) Steps(ctx context.Context, c pipeline.Call) json.RawMessage {
	if d.cfg.Local.services.Known(c.Service, c.Function) {
		return nil
	}
	decision, err := d.decide(ctx, c, true)
	e := explanation{
		Outcome: decision.Outcome.String(), Code: decision.Denial.Code, Perimeter: decision.Perimeter, Version: decision.Version,
		Hint: decision.Denial.Hint, Steps: decision.Steps[:min(len(decision.Steps), maxSteps)],
	}
	var denial *pipeline.Denial
	if errors.As(err, &denial) {
		e.Outcome, e.Code, e.Hint = perimeter.Denied.String(), denial.Code, denial.Hint
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return nil
	}
	return raw
}

// decide judges by the perimeters. The error is a *pipeline.Denial for a view that
// is too old; services that no known perimeter lists keep working.
func (d *Door) decide(ctx context.Context, c pipeline.Call, explain bool) (perimeter.Decision, error) {
	names := d.cfg.Names.Names(c.Scope, c.Service)
	if len(names) == 0 {
		names = []string{c.Service}
	}
	d.mu.RLock()
	books, at, known, dirty := d.books, d.at, d.known, d.dirty
	d.mu.RUnlock()
	if !known {
		return perimeter.Decision{}, d.early(ctx, c)
	}
	now := d.cfg.Now()
	call := plainCall(c, names, now)
	call.Explain, call.Recompute = explain, d.cfg.Recompute
	if !slices.ContainsFunc(books, func(b *perimeter.Book) bool { return b.Service(call.Peer, names) != nil }) {
		return perimeter.Decide(&call, nil), nil
	}
	if dirty || now.Sub(at.Time) > d.cfg.Staleness {
		return perimeter.Decision{}, stale()
	}
	var fault error
	call.Chains = func() []perimeter.Chain {
		list, err := d.chains(ctx, c, now)
		fault = err
		return list
	}
	decision := perimeter.Decide(&call, books)
	if fault != nil && decision.Outcome == perimeter.Denied {
		return perimeter.Decision{}, stale()
	}
	return decision, nil
}

func stale() error {
	return &pipeline.Denial{Code: "door.view.stale", Hint: "this peer's view of the chain is too old to judge by; send a new particle later"}
}

// early decides before the chain was read: whoever may call without a perimeter's
// word because the service is its own may; nobody else, for a perimeter may list it.
func (d *Door) early(_ context.Context, c pipeline.Call) error {
	if d.cfg.Local.owner(c) == nil {
		return nil
	}
	return stale()
}

// plainCall gives a call the plain types that are judged.
func plainCall(c pipeline.Call, names []string, now time.Time) perimeter.Call {
	p := c.Particle
	call := perimeter.Call{
		Peer: c.Scope.Peer.String(), Service: c.Service, Names: names, Function: c.Function, Initiator: p.InitPeerID,
		Now: uint64(max(now.UnixMilli(), 0)), Timestamp: p.Timestamp, TTL: uint64(p.TTL), Bound: strings.HasPrefix(p.ID, particle.BoundPrefix),
		Script: perimeter.ScriptCID(sha256.Sum256([]byte(p.Script))), Args: c.Args, Origins: make([][]perimeter.Origin, len(c.Origins)),
	}
	for i, set := range c.Origins {
		call.Origins[i] = origins(set)
	}
	call.Statements = func() []perimeter.Statement {
		list := make([]perimeter.Statement, len(c.Statements))
		for i, s := range c.Statements {
			list[i] = perimeter.Statement{Origin: origin(s.Origin), Value: s.Value, Args: s.Args, Origins: make([][]perimeter.Origin, len(s.ArgOrigins))}
			for n, set := range s.ArgOrigins {
				list[i].Origins[n] = origins(set)
			}
		}
		return list
	}
	return call
}

func origins(set []air.Origin) []perimeter.Origin {
	out := make([]perimeter.Origin, len(set))
	for i := range set {
		out[i] = origin(set[i])
	}
	return out
}

func origin(o air.Origin) perimeter.Origin {
	return perimeter.Origin{
		Kind: perimeter.Kind(o.Kind), Peer: o.Peer, Service: o.Service, Function: o.Function, ArgumentHash: o.ArgumentHash, CID: o.CID,
	}
}

// Backend returns the places behind a name, in the perimeters of which scope is a
// member, or in the named one; active perimeters only.
func (d *Door) Backend(scope peer.ID, name, id string) []perimeter.Place {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := []perimeter.Place{}
	for _, b := range d.books {
		p := b.Perimeter()
		if p.State != perimeter.Active || id != "" && p.ID != id || !b.HasPeer(scope.String()) {
			continue
		}
		for _, backend := range p.Policy.Backends {
			if backend.Name == name {
				out = append(out, backend.Places...)
			}
		}
	}
	return out
}
