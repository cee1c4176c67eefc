// SPDX-License-Identifier: Apache-2.0

package data

import (
	"maps"
	"slices"
)

// PeerResults are the results that each peer of a trace must have signed.
type PeerResults struct {
	by map[string][]CID
}

// Results collects, for every peer, the CIDs of its call results (scalar, stream,
// failed) and canon results in trace. Duplicates count; unused results are not
// signed.
//
// Errors: CodeMissing if the trace names content that cids does not have.
func Results(trace []State, cids *CIDInfo) (*PeerResults, error) {
	r := &PeerResults{by: make(map[string][]CID)}
	for i := range trace {
		s := &trace[i]
		peer, signed, err := resultOf(s, cids)
		if err != nil {
			return nil, err
		}
		if signed {
			r.by[peer] = append(r.by[peer], s.CID())
		}
	}
	for _, list := range r.by { // order: none, each list is sorted by itself
		slices.Sort(list)
	}
	return r, nil
}

// Of lists the results of one peer, sorted, duplicates kept.
func (r *PeerResults) Of(peer string) []CID { return r.by[peer] }

// Peers lists the peers that have results, sorted.
func (r *PeerResults) Peers() []string { return slices.Sorted(maps.Keys(r.by)) }

// resultOf tells whose result s is, if it is one.
func resultOf(s *State, cids *CIDInfo) (peer string, signed bool, err error) {
	var tetraplet CID
	switch s.Kind() {
	case KindScalar, KindStream, KindFailed:
		r, ok := cids.ServiceResults.Get(s.CID())
		if !ok {
			return "", false, missing("service result", s.CID())
		}
		tetraplet = r.Tetraplet
	case KindCanon:
		r, ok := cids.CanonResults.Get(s.CID())
		if !ok {
			return "", false, missing("canon result", s.CID())
		}
		tetraplet = r.Tetraplet
	default:
		return "", false, nil
	}
	t, ok := cids.Tetraplets.Get(tetraplet)
	if !ok {
		return "", false, missing("tetraplet", tetraplet)
	}
	return t.PeerPK, true, nil
}

func missing(kind string, c CID) error {
	return refuse(CodeMissing, "%s for CID %s not found", kind, c)
}
