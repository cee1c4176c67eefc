// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/mr-tron/base58"
	"github.com/multiformats/go-multihash"

	"github.com/go-fluence/fluence/peer/pipeline"
)

const (
	// defaultNeighbors is upstream's replication factor.
	defaultNeighbors = 20
	// maxNeighbors bounds what one call may ask for.
	maxNeighbors = 1000
	// maxMerge bounds the ids of one kad.merge.
	maxMerge = 10_000
	// maxDigest is the longest digest a multihash may carry upstream.
	maxDigest = 64
)

func (r *Registry) kadEntries() map[string]Entry {
	return map[string]Entry{
		"neighborhood":     {Kind: pipeline.Pure, Call: r.neighborhood},
		"neigh_with_addrs": {Kind: pipeline.Pure, Call: r.neighborhoodWithAddrs},
		"merge":            pure(kadMerge),
	}
}

// neighbors is (key base58, already_hashed?, count?, include_self?). A key that
// is not hashed is wrapped as a multihash without hashing, as upstream does.
func (r *Registry) neighbors(a *Args) ([]peer.ID, error) {
	text, err := Next[string](a, "key")
	if err != nil {
		return nil, err
	}
	raw, err := fromBase58(text)
	if err != nil {
		return nil, err
	}
	hashed, _, err := Opt[bool](a, "already_hashed")
	if err != nil {
		return nil, err
	}
	count, given, err := Opt[uint32](a, "count")
	if err != nil {
		return nil, err
	}
	if !given {
		count = defaultNeighbors
	}
	includeSelf, _, err := Opt[bool](a, "include_self")
	if err != nil {
		return nil, err
	}
	key, err := multihashOf(raw, hashed)
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, nil
	}
	return r.deps.Routing.Neighborhood(sha256.Sum256(key), int(min(count, maxNeighbors)), includeSelf)
}

func multihashOf(raw []byte, hashed bool) ([]byte, error) {
	if hashed {
		if _, err := multihash.Decode(raw); err != nil {
			return nil, fmt.Errorf("key is not a multihash: %w", err)
		}
		return raw, nil
	}
	if len(raw) > maxDigest {
		return nil, fmt.Errorf("key of %d bytes does not fit a multihash, at most %d do", len(raw), maxDigest)
	}
	return multihash.Encode(raw, multihash.SHA2_256)
}

func (r *Registry) neighborhood(_ context.Context, _ pipeline.Call, a *Args) (any, error) {
	ids, err := r.neighbors(a)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out, nil
}

func (r *Registry) neighborhoodWithAddrs(_ context.Context, _ pipeline.Call, a *Args) (any, error) {
	ids, err := r.neighbors(a)
	if err != nil {
		return nil, err
	}
	out := make([]contact, len(ids))
	for i, id := range ids {
		addrs, _ := r.deps.Network.Addresses(id)
		out[i] = contact{PeerID: id.String(), Addresses: append([]string{}, addrs...)}
	}
	return out, nil
}

// kadMerge is (target, left, right, count?): all ids by distance to target, each
// once, at most count.
func kadMerge(a *Args) (any, error) {
	target, err := Next[string](a, "target")
	if err != nil {
		return nil, err
	}
	left, err := Next[[]string](a, "left")
	if err != nil {
		return nil, err
	}
	right, err := Next[[]string](a, "right")
	if err != nil {
		return nil, err
	}
	count, given, err := Opt[uint32](a, "count")
	if err != nil {
		return nil, err
	}
	if !given {
		count = defaultNeighbors
	}
	if n := len(left) + len(right); n > maxMerge {
		return nil, fmt.Errorf("%d ids to merge, at most %d", n, maxMerge)
	}
	key, err := fromBase58(target)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, text := range append(left, right...) {
		raw, err := fromBase58(text)
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
	sortByDistance(key, all)
	all = slices.CompactFunc(all, bytes.Equal)
	out := []string{}
	for _, raw := range all[:min(len(all), int(count))] {
		out = append(out, base58.Encode(raw))
	}
	return out, nil
}

// sortByDistance sorts by XOR of SHA-256 hashes to key, nearest first.
func sortByDistance(key []byte, list [][]byte) {
	type far struct {
		raw      []byte
		distance [sha256.Size]byte
	}
	target := sha256.Sum256(key)
	fars := make([]far, len(list))
	for i, raw := range list {
		fars[i] = far{raw, sha256.Sum256(raw)}
		for j := range target {
			fars[i].distance[j] ^= target[j]
		}
	}
	slices.SortStableFunc(fars, func(x, y far) int { return bytes.Compare(x.distance[:], y.distance[:]) })
	for i, f := range fars {
		list[i] = f.raw
	}
}
