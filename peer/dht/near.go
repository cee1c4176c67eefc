// SPDX-License-Identifier: Apache-2.0

package dht

import (
	"context"
	"crypto/sha256"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Nearest returns at most count peers of the routing table whose hashed ids are
// nearest to SHA-256 of key by XOR, nearest first; 0 means 20. No network is
// asked, and this peer is never among them.
//
// Errors: ErrNotRunning.
//
// Source: nox@b349812f0:crates/kademlia/src/kademlia.rs, neighborhood.
func (d *DHT) Nearest(_ context.Context, key []byte, count int) ([]peer.ID, error) {
	table, _, err := d.current()
	if err != nil {
		return nil, err
	}
	if count <= 0 {
		count = Replication
	}
	hash := sha256.Sum256(key)
	return table.RoutingTable().NearestPeers(hash[:], count), nil
}

// Size returns how many peers the routing table holds; 0 unless running.
func (d *DHT) Size() int {
	table, _, err := d.current()
	if err != nil {
		return 0
	}
	return table.RoutingTable().Size()
}
