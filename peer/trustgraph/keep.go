// SPDX-License-Identifier: Apache-2.0

package trustgraph

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/proofs/trust"
)

// Files keeps named bytes; *store.Files is one.
type Files interface {
	Get(name string) ([]byte, error)
	Put(name string, data []byte) error
}

// keeping is where a graph is kept. A key and what is said of it lie in one of 256
// parts, by the hash of the key, so that a change writes one part.
type keeping struct {
	files Files
	parts [256]map[*vertex]struct{}
}

const (
	rootsFile = "roots"
	seenFile  = "seen"
)

func partName(n int) string { return fmt.Sprintf("part-%02x", n) }

func partOf(k trust.Key) int {
	sum := sha256.Sum256(k.Append(nil))
	return int(sum[0])
}

// Open returns a graph that is kept in files: what an earlier process stored, and
// from then on every change before the call that made it returns. A part that cannot
// be read is an error; nothing is thrown away by itself.
//
// Errors: trust.ErrMalformed with the part's name.
func Open(files Files) (*Graph, error) {
	g := New()
	kept := &keeping{files: files}
	for n := range kept.parts {
		kept.parts[n] = map[*vertex]struct{}{}
	}
	raw, err := get(files, rootsFile)
	if err != nil {
		return nil, err
	}
	if err := g.readRoots(raw); err != nil {
		return nil, fmt.Errorf("trust graph %s: %w", rootsFile, err)
	}
	for n := range kept.parts {
		raw, err := get(files, partName(n))
		if err != nil {
			return nil, err
		}
		if err := g.readPart(raw); err != nil {
			return nil, fmt.Errorf("trust graph %s: %w", partName(n), err)
		}
	}
	for _, v := range g.vertices {
		if len(v.in) > 0 {
			kept.parts[partOf(v.key)][v] = struct{}{}
		}
	}
	g.kept, g.stale = kept, true
	return g, nil
}

func get(files Files, name string) ([]byte, error) {
	raw, err := files.Get(name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return raw, err
}

// keep writes the part that a key is in.
func (g *Graph) keep(v *vertex) error {
	if g.kept == nil {
		return nil
	}
	n := partOf(v.key)
	g.kept.parts[n][v] = struct{}{}
	var b []byte
	for v := range g.kept.parts[n] {
		for i, r := range v.in {
			b = appendRelation(b, v.key, i.key, r)
		}
	}
	return g.kept.files.Put(partName(n), b)
}

// drop takes a key of which nothing is said any more out of its part; the file
// follows with the next change, and what is over is not read back.
func (g *Graph) drop(v *vertex) {
	if g.kept != nil && len(v.in) == 0 {
		delete(g.kept.parts[partOf(v.key)], v)
	}
}

func (g *Graph) keepRoots() error {
	if g.kept == nil {
		return nil
	}
	var b []byte
	for k, v := range g.vertices {
		if v.root {
			b = append(appendShort(b, k.Append(nil)), byte(v.length))
		}
	}
	return g.kept.files.Put(rootsFile, b)
}

// Seen returns the last block whose revocations are in the graph, or zero.
func (g *Graph) Seen() (uint64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept == nil {
		return 0, nil
	}
	raw, err := get(g.kept.files, seenFile)
	if err != nil || len(raw) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(raw), nil
}

// SetSeen notes the last block whose revocations are in the graph.
func (g *Graph) SetSeen(block uint64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept == nil {
		return nil
	}
	return g.kept.files.Put(seenFile, binary.BigEndian.AppendUint64(nil, block))
}

func appendShort(b, s []byte) []byte { return append(append(b, byte(len(s))), s...) }

// appendRelation appends one relation:
//
//	u8 len ‖ enc(subject) ‖ u8 len ‖ enc(issuer) ‖ u8 len ‖ enc(signature) ‖ u8 (0 trust, 1 revocation, 2 of the chain) ‖ u64be at ‖ u64be expires
func appendRelation(b []byte, subject, issuer trust.Key, r *relation) []byte {
	b = appendShort(appendShort(appendShort(b, subject.Append(nil)), issuer.Append(nil)), r.signature.Append(nil))
	revoked := byte(0)
	switch {
	case r.byChain:
		revoked = 2
	case r.revoked:
		revoked = 1
	}
	b = binary.BigEndian.AppendUint64(append(b, revoked), r.at)
	return binary.BigEndian.AppendUint64(b, r.expires)
}

// reader takes bytes from the front; err is the first that was missing.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n > len(r.b) {
		r.err = fmt.Errorf("%w: cut off", trust.ErrMalformed)
		return make([]byte, 17)[:min(n, 17)]
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) short() []byte {
	n := int(r.take(1)[0])
	if r.err != nil || n > len(r.b) {
		r.err = fmt.Errorf("%w: cut off", trust.ErrMalformed)
		return nil
	}
	return r.take(n)
}

func (r *reader) key() (k trust.Key) {
	raw := r.short()
	if r.err == nil {
		k, r.err = trust.DecodeKey(raw)
	}
	return k
}

func (g *Graph) readRoots(raw []byte) error {
	r := reader{b: raw}
	for len(r.b) > 0 {
		k, length := r.key(), r.take(1)[0]
		if r.err != nil || length > MaxChainLen {
			return errors.Join(r.err, fmt.Errorf("%w: chain length %d", trust.ErrMalformed, length))
		}
		v := g.vertex(k)
		v.root, v.length = true, uint32(length)
	}
	return nil
}

// readPart reads relations. Their signatures were verified before they were stored.
func (g *Graph) readPart(raw []byte) error {
	r := reader{b: raw}
	for len(r.b) > 0 {
		subject, issuer := r.key(), r.key()
		sig := r.short()
		tail := r.take(17)
		if r.err != nil {
			return r.err
		}
		signature, err := trust.DecodeSignature(sig)
		if err != nil {
			return err
		}
		rel := &relation{
			revoked: tail[0] > 0, byChain: tail[0] == 2, at: binary.BigEndian.Uint64(tail[1:]), expires: binary.BigEndian.Uint64(tail[9:]), signature: signature,
		}
		if tail[0] > 2 || g.count >= MaxRelations {
			return fmt.Errorf("%w: relation of kind %d, or too many", trust.ErrMalformed, tail[0])
		}
		s, i := g.vertex(subject), g.vertex(issuer)
		if s.in[i] != nil {
			return fmt.Errorf("%w: a pair stands twice", trust.ErrMalformed)
		}
		s.in[i], i.out[s] = rel, struct{}{}
		g.count++
		if rel.revoked {
			g.revoked++
		} else {
			heap.Push(&g.expiries, expiry{rel.expires, s, i})
		}
	}
	return nil
}
