// SPDX-License-Identifier: Apache-2.0

// Package perimeter judges calls by the policies of security perimeters. It is a
// pure function over plain types of its own: the door of a peer, the command that
// explains a decision and whoever checks one later give it the same facts and get
// the same answer. It reads no chain, verifies no signature and knows no clock;
// docs/spec/perimeter.md says what must be verified before its facts are facts.
package perimeter

import "encoding/json"

// Any stands for every service or every function in a rule.
const Any = "*"

// DefaultMaxTTL is the longest TTL of a particle where a policy names none, in ms.
const DefaultMaxTTL = 120_000

// FutureMillis is how far a particle's timestamp may lie ahead of the peer's clock.
const FutureMillis = 5_000

// State says whether a perimeter admits calls.
type State uint8

// The states, in the order of a perimeter's life.
const (
	Proposed State = iota + 1
	Active
	Frozen
	Dissolved
)

// String returns the lower-case name.
func (s State) String() string {
	return name(int(s), "unspecified", "proposed", "active", "frozen", "dissolved")
}

func name(i int, names ...string) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}

// Who says which initiators a rule is for.
type Who uint8

// The values of Who. Zero is none and admits nobody.
const (
	Anyone Who = iota + 1
	Certified
	Members
	Roles
)

// String returns the lower-case name.
func (w Who) String() string {
	return name(int(w), "nobody", "anyone", "certified", "members", "roles")
}

// Function names one function of a service, or with Any all of them.
type Function struct {
	Service  string `json:"service"`
	Function string `json:"function"`
}

// Root is a key that certificates may begin with, as a peer id.
type Root struct {
	Peer        string `json:"peer"`
	MaxChainLen uint32 `json:"max_chain_len"` // trusts that may follow the root's own, 0 to 16
}

// Policy is what a perimeter says about calls, its members aside.
type Policy struct {
	Rules       []Rule     `json:"rules"`
	Transparent []Function `json:"transparent"`
	Roots       []Root     `json:"roots"`
	AnyScript   bool       `json:"any_script"`
	Scripts     []string   `json:"scripts"`    // CIDs of admitted scripts: CIDv1, raw, sha2-256
	MaxTTL      uint64     `json:"max_ttl_ms"` // 0 is DefaultMaxTTL
	Backends    []Backend  `json:"backends"`
}

// Backend is a name behind which services stand. No call is judged by it.
type Backend struct {
	Name   string  `json:"name"`
	Places []Place `json:"places"`
}

// Place is a service on a peer.
type Place struct {
	Peer    string `json:"peer"`
	Service string `json:"service"`
}

// Rule says who may call a function, with arguments whom vouches for, after what.
type Rule struct {
	Service   string         `json:"service"`  // as memberships spell it, or Any
	Function  string         `json:"function"` // or Any
	Who       Who            `json:"who"`
	Roles     []string       `json:"roles,omitempty"` // with Who Roles only
	Arguments []ArgumentRule `json:"arguments,omitempty"`
	Requires  []Requirement  `json:"requires,omitempty"`
	Demote    bool           `json:"demote,omitempty"` // take particles whose id binds nothing
	Errors    bool           `json:"errors,omitempty"` // take failed results as arguments
}

// ArgumentRule says who may vouch for one argument. Every origin must be admitted.
type ArgumentRule struct {
	Index     uint32     `json:"index"`
	Initiator bool       `json:"initiator,omitempty"`
	Members   bool       `json:"members,omitempty"`
	Roles     []string   `json:"roles,omitempty"`
	Of        []Function `json:"of,omitempty"` // narrows results to these functions
	AskedWith []Asked    `json:"asked_with,omitempty"`
}

// Asked ties an argument of the call whose result is given to one of this call.
type Asked struct {
	Asked    uint32 `json:"asked"`
	Argument uint32 `json:"argument"`
}

// Requirement is a successful result of a member that must stand in the verified
// data of the particle.
type Requirement struct {
	Role     string     `json:"role,omitempty"` // "" for any
	Service  string     `json:"service"`
	Function string     `json:"function"`
	Args     []Template `json:"args"`           // the whole list
	Path     string     `json:"path,omitempty"` // into the result: .name and [index]
	Equals   string     `json:"equals"`         // JSON text
}

// Source says where one argument of a required call comes from.
type Source uint8

// The sources.
const (
	Literal Source = iota
	Argument
	Initiator
)

// Template is one argument of a required call.
type Template struct {
	Source   Source `json:"source"`
	Argument uint32 `json:"argument,omitempty"` // with Argument
	Literal  string `json:"literal,omitempty"`  // with Literal: JSON text
}

// Member is one accepted membership.
type Member struct {
	Peer      string   `json:"peer,omitempty"` // one of Peer and Deal
	Deal      string   `json:"deal,omitempty"` // all workers of the deal, see Perimeter.Deals
	Service   string   `json:"service"`
	Functions []string `json:"functions,omitempty"` // nil for all
	Role      string   `json:"role,omitempty"`
	Policy    uint64   `json:"policy"` // accepted by the owner; with Follow the current one counts alone
	Follow    bool     `json:"follow"`
}

// Perimeter is one version of a perimeter with what is needed to judge by it.
type Perimeter struct {
	ID      string              `json:"id"`
	Version uint64              `json:"version"`
	State   State               `json:"state"`
	Number  uint64              `json:"policy_number"` // of Policy
	Policy  Policy              `json:"policy"`
	Older   map[uint64]Policy   `json:"older,omitempty"` // those that members accepted without following
	Members []Member            `json:"members"`
	Deals   map[string][]string `json:"deals,omitempty"` // workers of deals that are members, as peer ids
}

// Kind says in which role a peer vouches for a value.
type Kind uint8

// The kinds of origin, with the numbers of the interpreter's.
const (
	FromUnknown Kind = iota
	FromInitiator
	FromResult
	FromCanon
	FromFailed
)

// String returns the lower-case name.
func (k Kind) String() string {
	return name(int(k), "unknown", "initiator", "result", "canon", "failed")
}

// Origin is one party that vouches for a value.
type Origin struct {
	Kind         Kind   `json:"kind"`
	Peer         string `json:"peer,omitempty"`
	Service      string `json:"service,omitempty"`
	Function     string `json:"function,omitempty"`
	ArgumentHash string `json:"argument_hash,omitempty"`
	CID          string `json:"cid,omitempty"`
}

// String returns the origin as denials name it.
func (o Origin) String() string {
	switch o.Kind {
	case FromResult:
		return "result " + o.Peer + " " + o.Service + "." + o.Function
	case FromCanon, FromFailed:
		return o.Kind.String() + " " + o.Peer
	}
	return o.Kind.String()
}

// Statement is a verified, successful result in the particle's data.
type Statement struct {
	Origin  Origin
	Value   json.RawMessage
	Args    []json.RawMessage
	Origins [][]Origin // one set per argument
}

// Fault says why a certificate does not count; the zero Fault is that it does.
type Fault string

// Faults of certificates.
const (
	Sound        Fault = ""
	Expired      Fault = "expired"
	BadSignature Fault = "signature"
	Revoked      Fault = "revoked"
)

// Chain is a certificate for the initiator, verified by the caller at this moment
// and this height: keys as peer ids, the root first.
type Chain struct {
	Keys  []string
	Fault Fault
}

// Call is what is judged.
type Call struct {
	Peer      string   // as whom the service runs here: the peer's id, or a worker's
	Service   string   // as the script spells it
	Names     []string // id and all aliases of the service in its scope, Service among them
	Function  string
	Initiator string
	Now       uint64 // the peer's clock, ms
	Timestamp uint64 // the particle's, ms
	TTL       uint64 // the particle's, ms
	Bound     bool   // the particle's id binds initiator, time, TTL and script
	Script    string // CID of the script
	Args      []json.RawMessage
	Origins   [][]Origin // one set per argument
	// Statements and Chains are asked for at most once, and only when a rule needs them.
	Statements func() []Statement
	Chains     func() []Chain
	// Recompute runs a pure builtin; ok is false when it cannot. nil: none can be.
	Recompute func(service, function string, args []json.RawMessage) (value json.RawMessage, ok bool)
	// Explain asks for Decision.Steps.
	Explain bool
}
