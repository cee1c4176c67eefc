// SPDX-License-Identifier: Apache-2.0

package dht

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/mr-tron/base58"
	"github.com/multiformats/go-multihash"

	"github.com/go-fluence/fluence/peer/host"
)

// maxKeyBytes is what fits a multihash of the kind that raw keys are wrapped in.
const maxKeyBytes = 64

// Key is a place in Kademlia's space: SHA-256 of a multihash.
type Key [sha256.Size]byte

// KeyOf returns the key of base58 text as kad.neighborhood takes it. Already
// hashed text must be a multihash; any other, of at most 64 bytes, is wrapped as
// one with code 0x12 without being hashed, as nox does.
//
// Errors: ErrKey.
//
// Source: nox@b349812f0:particle-builtins/src/builtins.rs, kad neighborhood.
func KeyOf(text string, alreadyHashed bool) (Key, error) {
	if len(text) > 4*maxKeyBytes {
		return Key{}, fmt.Errorf("%w: %d characters; at most %d bytes in base58", ErrKey, len(text), maxKeyBytes)
	}
	raw, err := base58.Decode(text)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %q is not base58", ErrKey, text)
	}
	if alreadyHashed {
		if _, err := multihash.Cast(raw); err != nil {
			return Key{}, fmt.Errorf("%w: %q is no multihash: %w", ErrKey, text, err)
		}
		return sha256.Sum256(raw), nil
	}
	if len(raw) > maxKeyBytes {
		return Key{}, fmt.Errorf("%w: %d bytes; at most %d", ErrKey, len(raw), maxKeyBytes)
	}
	return sha256.Sum256(append([]byte{multihash.SHA2_256, byte(len(raw))}, raw...)), nil
}

// Neighborhood returns at most count peers of the routing table that are
// nearest to key, nearest first; 0 means 20. This peer is among them only when
// includeSelf is set, which upstream does not know.
//
// Errors: ErrNotRunning.
//
// Source: nox@b349812f0:crates/kademlia/src/kademlia.rs, neighborhood.
func (d *DHT) Neighborhood(key Key, count int, includeSelf bool) ([]peer.ID, error) {
	table, _, err := d.current()
	if err != nil {
		return nil, err
	}
	if count <= 0 {
		count = Replication
	}
	ids := table.RoutingTable().NearestPeers(key[:], count)
	if includeSelf {
		ids = append(ids, d.cfg.Host.ID())
	}
	ids = slices.DeleteFunc(ids, func(id peer.ID) bool { return id == d.cfg.Host.ID() && !includeSelf })
	byDistance(key, ids, func(id peer.ID) []byte { return []byte(id) })
	return ids[:min(len(ids), count)], nil
}

// NeighborhoodWithAddrs is Neighborhood with the addresses in reach.
func (d *DHT) NeighborhoodWithAddrs(key Key, count int, includeSelf bool) ([]host.Contact, error) {
	ids, err := d.Neighborhood(key, count, includeSelf)
	if err != nil {
		return nil, err
	}
	contacts := make([]host.Contact, 0, len(ids))
	for _, id := range ids {
		c, _ := d.cfg.Host.Contact(id)
		if id == d.cfg.Host.ID() {
			for _, a := range d.cfg.Host.Addrs() {
				bare, _ := peer.SplitAddr(a)
				c.Addrs = append(c.Addrs, bare)
			}
		}
		contacts = append(contacts, c)
	}
	return contacts, nil
}

// Merge joins two lists of base58 keys, drops neighbors that are equal after
// sorting by distance to target, and returns the nearest count; 0 means 20.
//
// Errors: ErrKey for text that is not base58.
//
// Source: nox@b349812f0:particle-builtins/src/builtins.rs, kad merge.
func Merge(target string, left, right []string, count int) ([]string, error) {
	if count <= 0 {
		count = Replication
	}
	to, err := base58.Decode(target)
	if err != nil {
		return nil, fmt.Errorf("%w: target %q is not base58", ErrKey, target)
	}
	all := make([][]byte, 0, len(left)+len(right))
	for _, text := range slices.Concat(left, right) {
		raw, err := base58.Decode(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is not base58", ErrKey, text)
		}
		all = append(all, raw)
	}
	byDistance(sha256.Sum256(to), all, func(b []byte) []byte { return b })
	all = slices.CompactFunc(all, bytes.Equal)
	merged := make([]string, 0, min(len(all), count))
	for _, raw := range all[:min(len(all), count)] {
		merged = append(merged, base58.Encode(raw))
	}
	return merged, nil
}

// byDistance sorts by the XOR of key and the SHA-256 of each element.
func byDistance[T any](key Key, list []T, raw func(T) []byte) {
	type placed struct {
		distance Key
		value    T
	}
	sorted := make([]placed, len(list))
	for i, v := range list {
		sorted[i] = placed{sha256.Sum256(raw(v)), v}
		for j := range key {
			sorted[i].distance[j] ^= key[j]
		}
	}
	slices.SortStableFunc(sorted, func(a, b placed) int { return bytes.Compare(a.distance[:], b.distance[:]) })
	for i, s := range sorted {
		list[i] = s.value
	}
}

// Size returns how many peers the routing table holds; 0 unless running.
func (d *DHT) Size() int {
	table, _, err := d.current()
	if err != nil {
		return 0
	}
	return table.RoutingTable().Size()
}
