// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/pipeline"
)

// ErrNotDefined is returned by a fallback that does not know the service or the
// function; the script then sees upstream's "not found" text.
var ErrNotDefined = errors.New("service or function not defined")

// errGuarded is upstream's text for calls that only the peer's owner may make.
var errGuarded = errors.New("This function is only available to the host or worker spells") //nolint:staticcheck // ST1005: upstream's text

// codeError is the return code of every failed call.
const codeError = 1

// Function answers one call. The value is marshalled to JSON, a json.RawMessage
// as it is, Empty as the empty string; an error becomes code 1 with its text.
type Function func(ctx context.Context, c pipeline.Call, a *Args) (any, error)

// Entry is a function with what a caller must know about it.
type Entry struct {
	Kind    pipeline.Kind
	Guarded bool // only the host, its managers and its worker spells may call it
	Call    Function
}

// Empty is the result of functions that return nothing.
type Empty struct{}

// Network is what the builtins ask of connections. Safe for concurrent use.
type Network interface {
	Connected(id peer.ID) bool
	Connect(ctx context.Context, to peer.AddrInfo) error
	Addresses(id peer.ID) (addrs []string, known bool)
}

// Routing is what the builtins ask of the routing table. Safe for concurrent use.
type Routing interface {
	// Neighborhood returns up to count peers of the routing table nearest to key by
	// XOR of SHA-256 hashes, nearest first. key is the SHA-256 of a multihash. This
	// peer is among them only if includeSelf is set.
	Neighborhood(key [sha256.Size]byte, count int, includeSelf bool) ([]peer.ID, error)
}

// Signer signs and verifies with the key of a scope. Safe for concurrent use.
type Signer interface {
	Sign(scope peer.ID, data []byte) ([]byte, error)
	Verify(scope peer.ID, data, signature []byte) (bool, error)
}

// Info is the answer of peer.identify. Lists are never null: js-client refuses
// the whole answer otherwise.
type Info struct {
	ExternalAddresses []string `json:"external_addresses"`
	NodeVersion       string   `json:"node_version"`
	AirVersion        string   `json:"air_version"`
	SpellVersion      string   `json:"spell_version"`
	AllowedBinaries   []string `json:"allowed_binaries"`
	VMInfo            any      `json:"vm_info"`
}

// Deps are the parts of the peer that the builtins speak for.
type Deps struct {
	Self     peer.ID
	Managers []peer.ID // management ids, the builtins key included
	Network  Network
	Routing  Routing
	Signer   Signer
	Identify func() Info
	// WorkerSpell reports whether the call comes from a worker's own spell; nil
	// means that there are none.
	WorkerSpell func(c pipeline.Call) bool
	Log         *slog.Logger // nil is silent
}

// Registry answers calls. Add and Fallback come first, then it is safe for
// concurrent use.
type Registry struct {
	deps     Deps
	entries  map[string]map[string]Entry
	fallback pipeline.Services
}

// New returns a registry with all builtins.
func New(deps Deps) (*Registry, error) {
	if deps.Self == "" || deps.Network == nil || deps.Routing == nil || deps.Signer == nil || deps.Identify == nil {
		return nil, errors.New("builtins need Self, Network, Routing, Signer and Identify")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	r := &Registry{deps: deps, entries: map[string]map[string]Entry{}}
	for service, entries := range map[string]map[string]Entry{
		"op": opEntries(), "debug": debugEntries(), "math": mathEntries(), "cmp": cmpEntries(),
		"array": arrayEntries(), "json": jsonEntries(), "peer": r.peerEntries(), "kad": r.kadEntries(),
		"sig": r.sigEntries(), "run-console": r.consoleEntries(),
	} {
		if err := r.Add(service, entries); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Add makes functions of service callable. A function that is there already is an
// error: one name has one meaning.
func (r *Registry) Add(service string, entries map[string]Entry) error {
	have := r.entries[service]
	if have == nil {
		have = map[string]Entry{}
		r.entries[service] = have
	}
	for name, e := range entries {
		if _, ok := have[name]; ok {
			return fmt.Errorf("function %s.%s is registered twice", service, name)
		}
		have[name] = e
	}
	return nil
}

// Fallback sets who answers calls of services and functions that are not here.
func (r *Registry) Fallback(s pipeline.Services) { r.fallback = s }

// Functions returns the names of all functions, as service.function, sorted.
func (r *Registry) Functions() []string {
	var names []string
	for service, entries := range r.entries {
		for name := range maps.Keys(entries) {
			names = append(names, service+"."+name)
		}
	}
	slices.Sort(names)
	return names
}

// Known reports whether service.function is answered here.
func (r *Registry) Known(service, function string) bool {
	_, ok := r.entries[service][function]
	return ok
}

// Kind tells the pipeline what a call may do.
func (r *Registry) Kind(service, function string) pipeline.Kind {
	if e, ok := r.entries[service][function]; ok {
		return e.Kind
	}
	if k, ok := r.fallback.(pipeline.Kinder); ok {
		return k.Kind(service, function)
	}
	return pipeline.Effect
}

// Call answers c: here, or by the fallback, or with upstream's "not found" text.
func (r *Registry) Call(ctx context.Context, c pipeline.Call) (pipeline.Result, error) {
	e, ok := r.entries[c.Service][c.Function]
	if !ok {
		return r.elsewhere(ctx, c)
	}
	if e.Guarded && !r.trusted(c) {
		return failed(errGuarded), nil
	}
	v, err := e.Call(ctx, c, &Args{list: c.Args})
	if err != nil {
		return failed(err), nil
	}
	text, err := encode(v)
	if err != nil {
		return failed(err), nil
	}
	return pipeline.Result{JSON: text}, nil
}

func (r *Registry) elsewhere(ctx context.Context, c pipeline.Call) (pipeline.Result, error) {
	if r.fallback != nil {
		res, err := r.fallback.Call(ctx, c)
		if !errors.Is(err, ErrNotDefined) {
			return res, err
		}
	}
	return failed(fmt.Errorf("Service with id '%s' not found (function %s)", c.Service, c.Function)), nil //nolint:staticcheck // ST1005: upstream's text
}

// trusted reports whether c comes from the peer itself, a manager, or a worker
// spell. The initiator's signature was verified at admission.
func (r *Registry) trusted(c pipeline.Call) bool {
	from := c.Particle.InitPeerID
	if from == r.deps.Self.String() || slices.ContainsFunc(r.deps.Managers, func(m peer.ID) bool { return m.String() == from }) {
		return true
	}
	return r.deps.WorkerSpell != nil && r.deps.WorkerSpell(c)
}

func failed(err error) pipeline.Result {
	text, encErr := encode(err.Error())
	if encErr != nil {
		text = []byte(`"service failed"`)
	}
	return pipeline.Result{Code: codeError, JSON: text}
}

// encode writes v as compact JSON without HTML escapes, keys of objects sorted.
func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case json.RawMessage:
		return v, nil
	case Empty:
		return []byte(`""`), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// joinRaw writes the elements as one JSON array.
func joinRaw(list []json.RawMessage) json.RawMessage {
	size := 2
	for _, e := range list {
		size += len(e) + 1
	}
	b := append(make([]byte, 0, size), '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e...)
	}
	return append(b, ']')
}

// pure is an entry that changes nothing.
func pure(f func(a *Args) (any, error)) Entry {
	return Entry{Kind: pipeline.Pure, Call: func(_ context.Context, _ pipeline.Call, a *Args) (any, error) { return f(a) }}
}

// isString tells a JSON string from any other value.
func isString(raw json.RawMessage) bool { return strings.HasPrefix(string(raw), `"`) }
