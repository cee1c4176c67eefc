// SPDX-License-Identifier: Apache-2.0

package data

import (
	"cmp"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"strings"
)

// message is what a peer signs, all numbers u32 little-endian:
//
//	count | len cid … (sorted bytewise, duplicates kept) | len salt
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-signatures/src/trackers.rs.
func message(cids []CID, salt string) []byte {
	if !slices.IsSorted(cids) {
		cids = slices.Clone(cids)
		slices.Sort(cids)
	}
	size := 8 + len(salt)
	for _, c := range cids {
		size += 4 + len(c)
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, size), uint32(len(cids)))
	for _, c := range cids {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(c))), c...)
	}
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(salt))), salt...)
}

// Signer is a peer that signed, with the results that its signature covers.
type Signer struct {
	Peer      string // peer id
	Signature Signature
	CIDs      []CID // sorted, duplicates kept
}

// Signers are the signatures of one trace, by peer.
type Signers struct {
	list []Signer // sorted by peer id
}

// Group finds the results of every signer of d without verifying anything. It is
// for previous data, which the peer itself stored.
//
// Errors: CodeMissing if the trace names unknown content; CodeSignatures if a key
// is malformed or results have no signer.
func Group(d *InterpreterData) (*Signers, error) {
	results, err := Results(d.Trace, &d.CIDs)
	if err != nil {
		return nil, err
	}
	s := &Signers{list: make([]Signer, 0, len(d.Signatures)+1)}
	for _, sig := range d.Signatures {
		peer, err := sig.Key.PeerID()
		if err != nil {
			return nil, err
		}
		s.list = append(s.list, Signer{Peer: peer, Signature: sig, CIDs: results.Of(peer)})
	}
	slices.SortFunc(s.list, func(a, b Signer) int { return strings.Compare(a.Peer, b.Peer) })
	for i := 1; i < len(s.list); i++ {
		if s.list[i-1].Peer == s.list[i].Peer {
			return nil, refuse(CodeSignatures, "two signatures of %q", s.list[i].Peer)
		}
	}
	for _, peer := range results.Peers() {
		if _, ok := s.find(peer); !ok {
			return nil, refuse(CodeSignatures, "peer_id doens't match any available public key: %q", peer)
		}
	}
	return s, nil
}

// Get returns the signer with that peer id.
func (s *Signers) Get(peer string) (Signer, bool) {
	i, ok := s.find(peer)
	if !ok {
		return Signer{}, false
	}
	return s.list[i], true
}

// Len is the number of signers.
func (s *Signers) Len() int { return len(s.list) }

// All lists the signers, sorted by peer id; do not change it.
func (s *Signers) All() []Signer { return s.list }

// Put sets the signature of one peer.
func (s *Signers) Put(signer Signer) {
	i, ok := s.find(signer.Peer)
	if !ok {
		s.list = slices.Insert(s.list, i, signer)
		return
	}
	s.list[i] = signer
}

// Signatures lists the signatures for [InterpreterData].
func (s *Signers) Signatures() []Signature {
	list := make([]Signature, len(s.list))
	for i := range s.list {
		list[i] = s.list[i].Signature
	}
	return list
}

// Merge joins the signers of previous and current data: of each peer the
// signature that covers more results stays, and it must cover the results of the
// other.
//
// Errors: CodeSignatures if neither covers the other.
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-data/src/interpreter_data/verification.rs.
func Merge(prev, cur *Signers) (*Signers, error) {
	out := &Signers{list: make([]Signer, 0, len(prev.list)+len(cur.list)+1)}
	a, b := prev.list, cur.list
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0].Peer, b[0].Peer) {
		case -1:
			out.list, a = append(out.list, a[0]), a[1:]
		case 1:
			out.list, b = append(out.list, b[0]), b[1:]
		default:
			more, less := a[0], b[0]
			if len(more.CIDs) < len(less.CIDs) {
				more, less = less, more
			}
			if !covers(more.CIDs, less.CIDs) {
				return nil, refuse(CodeSignatures, "inconsistent CID multisets on merge for peer %q, prev: %d results, current: %d results",
					a[0].Peer, len(a[0].CIDs), len(b[0].CIDs))
			}
			out.list, a, b = append(out.list, more), a[1:], b[1:]
		}
	}
	out.list = append(append(out.list, a...), b...)
	return out, nil
}

// covers reports whether less is a sub-multiset of more; both are sorted.
func covers(more, less []CID) bool {
	for _, c := range more {
		if len(less) > 0 && less[0] == c {
			less = less[1:]
		}
	}
	return len(less) == 0
}

func (s *Signers) find(peer string) (int, bool) {
	return slices.BinarySearchFunc(s.list, peer, func(s Signer, peer string) int { return strings.Compare(s.Peer, peer) })
}

// verify checks one signature of the results in s.
func (s *Signer) verify(salt string) error {
	sig := s.Signature
	switch {
	case len(sig.Bytes) == 0 || KeyFormat(sig.Bytes[0]) != Ed25519:
		return refuse(CodeSignatures, "signature mismatch for %q: not an Ed25519 signature", s.Peer)
	case len(sig.Bytes) != 1+ed25519.SignatureSize:
		return refuse(CodeSignatures, "signature mismatch for %q: %d bytes, an Ed25519 signature has %d",
			s.Peer, len(sig.Bytes)-1, ed25519.SignatureSize)
	case !ed25519.Verify(ed25519.PublicKey(sig.Key[1:]), message(s.CIDs, salt), []byte(sig.Bytes[1:])):
		return refuse(CodeSignatures, "signature mismatch for %q: it does not verify over %d results", s.Peer, len(s.CIDs))
	}
	return nil
}
