// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// ErrFile reports a file that is no bundle: a CAR of version 1 with one root.
var ErrFile = errors.New("not a bundle")

// MaxFile bounds a bundle's file in bytes, MaxBlocks its blocks.
const (
	MaxFile   = 1 << 30
	MaxBlocks = 65_536
)

// carHeader is the CBOR of {"roots": [CID], "version": 1} around the CID, whose
// bytes follow a zero:
//
//	a2 65 "roots" 81 d8 2a 58 25 00 | CID, 36 bytes | 67 "version" 01
func carHeader() (before, after []byte) {
	return []byte("\xa2\x65roots\x81\xd8\x2a\x58\x25\x00"), []byte("\x67version\x01")
}

const cidBytes = 36 // a CIDv1 of sha2-256

// Write writes b as a CAR file of version 1: the header, then each block as its
// CID and bytes, everything with its length before it as a varint. Other IPFS
// tools read it.
func (b Bundle) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	before, after := carHeader()
	header := append(append(before, b.CID.Bytes()...), after...)
	if _, err := out.Write(append(binary.AppendUvarint(nil, uint64(len(header))), header...)); err != nil {
		return err
	}
	for _, blk := range b.Blocks {
		name := blk.CID.Bytes()
		if _, err := out.Write(append(binary.AppendUvarint(nil, uint64(len(name)+len(blk.Data))), name...)); err != nil {
			return err
		}
		if _, err := out.Write(blk.Data); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Read reads what Write wrote, checks the hash of every block, and that all parts
// of the definition are there.
//
// Errors: ErrFile, ErrDefinition, and those of package dag.
func Read(r io.Reader) (Bundle, error) {
	in := bufio.NewReader(io.LimitReader(r, MaxFile))
	header, err := section(in)
	if err != nil {
		return Bundle{}, fmt.Errorf("%w: header: %w", ErrFile, err)
	}
	before, after := carHeader()
	if len(header) != len(before)+cidBytes+len(after) || !bytes.HasPrefix(header, before) || !bytes.HasSuffix(header, after) {
		return Bundle{}, fmt.Errorf("%w: header is not that of a CAR of version 1 with one root", ErrFile)
	}
	root, err := cid.Cast(header[len(before) : len(before)+cidBytes])
	if err != nil {
		return Bundle{}, fmt.Errorf("%w: root: %w", ErrFile, err)
	}
	b := Bundle{CID: root}
	for {
		raw, err := section(in)
		if errors.Is(err, io.EOF) {
			return b, b.complete()
		}
		if err != nil {
			return Bundle{}, fmt.Errorf("%w: block %d: %w", ErrFile, len(b.Blocks), err)
		}
		n, c, err := cid.CidFromBytes(raw)
		if err != nil {
			return Bundle{}, fmt.Errorf("%w: block %d: %w", ErrFile, len(b.Blocks), err)
		}
		if _, err := dag.Verify(c, raw[n:]); err != nil {
			return Bundle{}, err
		}
		if len(b.Blocks) == MaxBlocks {
			return Bundle{}, fmt.Errorf("%w: more than %d blocks", ErrFile, MaxBlocks)
		}
		b.Blocks = append(b.Blocks, dag.Block{CID: c, Data: raw[n:]})
	}
}

// section reads a length and as many bytes; memory grows with what arrives.
func section(in *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	if size > dag.MaxBlock+128 {
		return nil, fmt.Errorf("section of %d bytes: %w", size, dag.ErrTooLarge)
	}
	var out bytes.Buffer
	if n, err := io.CopyN(&out, in, int64(size)); err != nil {
		return nil, fmt.Errorf("%d of %d bytes: %w", n, size, io.ErrUnexpectedEOF)
	}
	return out.Bytes(), nil
}

// complete checks that every part of the definition is among the blocks.
func (b Bundle) complete() error {
	d, err := b.Definition()
	if err != nil {
		return err
	}
	parts, err := d.Parts()
	if err != nil {
		return err
	}
	index := b.index()
	for _, p := range parts {
		if _, err := file(index, p.CID, p.Limit); err != nil {
			return fmt.Errorf("%s: %w", p.Field, err)
		}
	}
	return nil
}

// Definition returns the worker definition.
//
// Errors: ErrFile, ErrDefinition.
func (b Bundle) Definition() (Definition, error) {
	raw, err := b.File(b.CID, MaxDefinition)
	if err != nil {
		return Definition{}, err
	}
	return ParseDefinition(raw)
}

// File puts a file of at most limit bytes together.
//
// Errors: ErrFile for a block that is missing, and those of package dag.
func (b Bundle) File(c cid.Cid, limit int64) ([]byte, error) { return file(b.index(), c, limit) }

func (b Bundle) index() map[string][]byte {
	index := make(map[string][]byte, len(b.Blocks))
	for _, blk := range b.Blocks {
		index[blk.CID.KeyString()] = blk.Data
	}
	return index
}

func file(index map[string][]byte, c cid.Cid, limit int64) ([]byte, error) {
	fetch := func(want []cid.Cid) ([]dag.Block, error) {
		blocks := make([]dag.Block, len(want))
		for i, w := range want {
			data, ok := index[w.KeyString()]
			if !ok {
				return nil, fmt.Errorf("%w: block %s is missing", ErrFile, w)
			}
			blocks[i] = dag.Block{CID: w, Data: data}
		}
		return blocks, nil
	}
	var out bytes.Buffer
	err := dag.Walk(c, limit, fetch, func(data []byte) error { _, err := out.Write(data); return err })
	return out.Bytes(), err
}
