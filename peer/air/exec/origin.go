// SPDX-License-Identifier: Apache-2.0

package exec

import "cmp"

// OriginKind says in which role a peer vouches for a value.
type OriginKind uint8

// The kinds of origin. The zero kind is OriginUnknown, which vouches for
// nothing.
const (
	OriginUnknown   OriginKind = iota // unsigned, unverifiable or unvisited
	OriginInitiator                   // made by the script or by the initiator
	OriginResult                      // a signed, successful result of a function
	OriginCanon                       // order and choice made by a canon peer
	OriginFailed                      // text of a failed call or of an error object
)

// String returns the lower-case name of k.
func (k OriginKind) String() string {
	switch k {
	case OriginInitiator:
		return "initiator"
	case OriginResult:
		return "result"
	case OriginCanon:
		return "canon"
	case OriginFailed:
		return "failed"
	}
	return "unknown"
}

// MarshalText writes the name of k.
func (k OriginKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a name that MarshalText wrote; any other text is
// OriginUnknown.
func (k *OriginKind) UnmarshalText(text []byte) error {
	for *k = OriginFailed; *k > OriginUnknown; *k-- {
		if k.String() == string(text) {
			break
		}
	}
	return nil
}

// Origin is one party that vouches for a value. Peer is empty for
// OriginInitiator, which is what the script itself makes, and for OriginUnknown.
// Service, Function, ArgumentHash and CID are filled for OriginResult only: the
// function, the CID of the JSON array of its arguments, and the CID of the
// service result as it stands in the signed part of particle data. An origin
// whose Peer is the initiator is the initiator's word, whatever its kind.
//
// The origins of a value are those of everything it was made of: a lens keeps
// them and adds those of scalars used as accessors; a canon has those of its
// elements and its peer; of an element, the canon peer's word is one, and the
// result or canon it claims to be from another, if that stands in the trace and
// holds the value (else the element is unknown besides). A map made one value
// has those of its pairs as this peer knows them. Parts of error objects, and
// results that could be read as failures, are failed.
type Origin struct {
	Kind         OriginKind `json:"kind"`
	Peer         string     `json:"peer,omitempty"`
	Service      string     `json:"service,omitempty"`
	Function     string     `json:"function,omitempty"`
	ArgumentHash string     `json:"argument_hash,omitempty"`
	CID          string     `json:"cid,omitempty"`
}

// Compare orders origins by kind, then by their fields in order. Origin sets
// are sorted by it and hold no two equal members.
func (o Origin) Compare(p Origin) int {
	return cmp.Or(
		cmp.Compare(o.Kind, p.Kind),
		cmp.Compare(o.Peer, p.Peer),
		cmp.Compare(o.Service, p.Service),
		cmp.Compare(o.Function, p.Function),
		cmp.Compare(o.ArgumentHash, p.ArgumentHash),
		cmp.Compare(o.CID, p.CID),
	)
}
