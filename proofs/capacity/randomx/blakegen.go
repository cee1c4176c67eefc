// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

// blakeGenerator is the BlakeGenerator of the specification, chapter 3.5: bytes
// of Blake2b-512 iterated over its own output.
type blakeGenerator struct {
	state [64]byte
	used  int
}

// newBlakeGenerator seeds a generator with a key of at most MaxKeySize bytes.
func newBlakeGenerator(key []byte) *blakeGenerator {
	g := &blakeGenerator{used: 64}
	copy(g.state[:MaxKeySize], key)
	return g
}

// need makes n unused bytes available; bytes left over are dropped.
func (g *blakeGenerator) need(n int) {
	if g.used+n > len(g.state) {
		g.state = blake2b.Sum512(g.state[:])
		g.used = 0
	}
}

func (g *blakeGenerator) byte() byte {
	g.need(1)
	b := g.state[g.used]
	g.used++
	return b
}

func (g *blakeGenerator) uint32() uint32 {
	g.need(4)
	v := binary.LittleEndian.Uint32(g.state[g.used:])
	g.used += 4
	return v
}
