// SPDX-License-Identifier: Apache-2.0

package ipfs_test

import (
	"testing"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// BenchmarkFetch fetches a file of 8 MiB from another peer over loopback, with
// every block checked and written to disk on both sides.
func BenchmarkFetch(b *testing.B) {
	const size = 8 << 20
	giver := start(b, nil)
	b.SetBytes(size)
	data := content(size)
	n := byte(0)
	for b.Loop() {
		b.StopTimer()
		n++
		for i := 0; i < size; i += dag.ChunkSize {
			data[i] = n
		}
		name, err := giver.Put(data)
		if err != nil {
			b.Fatal(err)
		}
		taker := start(b, nil)
		b.StartTimer()
		if _, err := taker.GetFrom(b.Context(), name, size, giver.info()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGetLocal reads a file of 8 MiB that is here, with every hash checked.
func BenchmarkGetLocal(b *testing.B) {
	const size = 8 << 20
	s := start(b, nil)
	name, err := s.Put(content(size))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, err := s.Get(b.Context(), name, size); err != nil {
			b.Fatal(err)
		}
	}
}
