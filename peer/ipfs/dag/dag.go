// SPDX-License-Identifier: Apache-2.0

// Package dag is the form of files that travel by CID: blocks, their names, and
// the trees that make a file of them. It reads and writes single blocks, opens
// nothing and fetches nothing. A file of one chunk is one raw block; a longer one
// is a dag-pb block with a UnixFS file whose links are its chunks, in order, as
// kubo and upstream's peers write it. Its spec is docs/spec/ipfs.md.
package dag

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
)

const (
	// ChunkSize is how many bytes of a file one block holds.
	//
	// Source: nox@b349812f0:crates/cid-utils (fact only).
	ChunkSize = 262144
	// MaxBlock is the largest block that is read or written, that of bitswap.
	MaxBlock = 2 << 20
	// MaxFile is the largest file that is read or written, in bytes.
	MaxFile = 1 << 30
)

var (
	// ErrCID reports a CID that names no block of ours: use version 0 or 1, codec
	// raw or dag-pb, hash sha2-256 of 32 bytes.
	ErrCID = errors.New("CID not supported")
	// ErrHash reports a block whose bytes are not those that its CID names.
	ErrHash = errors.New("block does not match its CID")
	// ErrMalformed reports a dag-pb block that is no UnixFS file in the usual form.
	ErrMalformed = errors.New("malformed block")
	// ErrNotFile reports a folder, a link or another thing that is no file. Name
	// the CID of one file.
	ErrNotFile = errors.New("not a file")
	// ErrTooLarge reports a block or file above its limit.
	ErrTooLarge = errors.New("too large")
)

// Digest is the SHA-256 that names a block whatever its codec.
type Digest [sha256.Size]byte

// Block is the bytes that a CID names.
type Block struct {
	CID  cid.Cid
	Data []byte
}

// Check returns the digest inside c.
//
// Errors: ErrCID.
func Check(c cid.Cid) (d Digest, err error) {
	if !c.Defined() {
		return d, fmt.Errorf("%w: none given", ErrCID)
	}
	if t := c.Type(); t != cid.Raw && t != cid.DagProtobuf {
		return d, fmt.Errorf("%w: %s has codec 0x%x; use raw or dag-pb", ErrCID, c, t)
	}
	h, err := multihash.Decode(c.Hash())
	if err != nil || h.Code != multihash.SHA2_256 || len(h.Digest) != len(d) {
		return d, fmt.Errorf("%w: %s is not a SHA-256; use sha2-256", ErrCID, c)
	}
	return Digest(h.Digest), nil
}

// Parse reads the text of a CID that Check accepts.
//
// Errors: ErrCID.
func Parse(text string) (cid.Cid, error) {
	if len(text) > 128 {
		return cid.Undef, fmt.Errorf("%w: %d characters", ErrCID, len(text))
	}
	c, err := cid.Decode(text)
	if err != nil {
		return cid.Undef, fmt.Errorf("%w: %q: %w", ErrCID, text, err)
	}
	_, err = Check(c)
	return c, err
}

// Verify checks that data are the bytes that c names.
//
// Errors: ErrCID, ErrHash, ErrTooLarge.
func Verify(c cid.Cid, data []byte) (Digest, error) {
	d, err := Check(c)
	switch {
	case err != nil:
		return d, err
	case len(data) > MaxBlock:
		return d, fmt.Errorf("block %s of %d bytes, at most %d are taken: %w", c, len(data), MaxBlock, ErrTooLarge)
	case sha256.Sum256(data) != d:
		return d, fmt.Errorf("block %s: %w", c, ErrHash)
	}
	return d, nil
}

// Raw returns the raw block of data.
func Raw(data []byte) Block { return Block{CID: name(cid.Raw, data), Data: data} }

// name is the CIDv1 of data under codec.
func name(codec uint64, data []byte) cid.Cid {
	sum := sha256.Sum256(data)
	mh := append([]byte{multihash.SHA2_256, sha256.Size}, sum[:]...)
	return cid.NewCidV1(codec, mh)
}

// Split returns the blocks of a file, chunks first and the root last. The blocks
// share data's bytes.
//
// Errors: ErrTooLarge.
//
// Source: nox@b349812f0:crates/cid-utils (fact only): one chunk is its raw block;
// more are linked from one dag-pb block, however many they are.
func Split(data []byte) ([]Block, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("file of %d bytes, at most %d fit: %w", len(data), MaxFile, ErrTooLarge)
	}
	if len(data) <= ChunkSize {
		return []Block{Raw(data)}, nil
	}
	var blocks []Block
	f := File{Size: uint64(len(data))}
	for rest := data; len(rest) > 0; {
		n := min(len(rest), ChunkSize)
		b := Raw(rest[:n:n])
		blocks = append(blocks, b)
		f.Links = append(f.Links, Link{CID: b.CID, Size: uint64(n)})
		rest = rest[n:]
	}
	root := f.encode()
	return append(blocks, Block{CID: name(cid.DagProtobuf, root), Data: root}), nil
}

// Root returns the CID of the file that data are.
//
// Errors: ErrTooLarge.
func Root(data []byte) (cid.Cid, error) {
	blocks, err := Split(data)
	if err != nil {
		return cid.Undef, err
	}
	return blocks[len(blocks)-1].CID, nil
}
