// SPDX-License-Identifier: Apache-2.0

package dht

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Neighborhood returns at most count peers of the routing table whose hashed ids
// are nearest to key by XOR, nearest first; 0 means 20. key is a SHA-256. No
// network is asked. This peer is among them only when includeSelf is set.
//
// Errors: ErrNotRunning.
//
// Source: nox@b349812f0:crates/kademlia/src/kademlia.rs, neighborhood.
func (d *DHT) Neighborhood(key [sha256.Size]byte, count int, includeSelf bool) ([]peer.ID, error) {
	table, _, err := d.current()
	if err != nil {
		return nil, err
	}
	if count <= 0 {
		count = Replication
	}
	near := table.RoutingTable().NearestPeers(key[:], count)
	if !includeSelf {
		return near, nil
	}
	self := d.cfg.Host.ID()
	at, _ := slices.BinarySearchFunc(near, distance(key, self), func(id peer.ID, to []byte) int {
		return bytes.Compare(distance(key, id), to)
	})
	near = slices.Insert(near, at, self)
	return near[:min(len(near), count)], nil
}

// distance is the XOR of key and the hash of an id.
func distance(key [sha256.Size]byte, id peer.ID) []byte {
	d := sha256.Sum256([]byte(id))
	for i := range d {
		d[i] ^= key[i]
	}
	return d[:]
}

// Size returns how many peers the routing table holds; 0 unless running.
func (d *DHT) Size() int {
	table, _, err := d.current()
	if err != nil {
		return 0
	}
	return table.RoutingTable().Size()
}
