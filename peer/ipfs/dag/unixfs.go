// SPDX-License-Identifier: Apache-2.0

package dag

import (
	"fmt"
	"math"

	"github.com/ipfs/go-cid"
	"google.golang.org/protobuf/encoding/protowire"
)

// MaxLinks bounds the links of one block.
const MaxLinks = 8192

// Kinds of UnixFS entries that are files.
const (
	unixRaw  = 0
	unixFile = 2
)

// Link is a part of a file in another block.
type Link struct {
	CID  cid.Cid
	Size uint64 // bytes of the file below it; above zero
}

// File is a block of a file's tree: its own bytes come before those of its links.
type File struct {
	Size  uint64 // bytes of the file in this block and below
	Data  []byte // shares the block's bytes
	Links []Link
}

// Decode reads a block as a file: a raw block is its own bytes. Declared sizes add
// up and every link has bytes, so that a tree ends within its size.
//
// Errors: ErrCID, ErrMalformed, ErrNotFile.
func Decode(b Block) (File, error) {
	if _, err := Check(b.CID); err != nil {
		return File{}, err
	}
	if b.CID.Type() == cid.Raw {
		return File{Size: uint64(len(b.Data)), Data: b.Data}, nil
	}
	links, unix, err := decodeOuter(b.Data)
	if err != nil {
		return File{}, fmt.Errorf("block %s: %w", b.CID, err)
	}
	f, err := decodeUnix(unix, links)
	if err != nil {
		return File{}, fmt.Errorf("block %s: %w", b.CID, err)
	}
	return f, nil
}

// fields calls each with every field of a protobuf message; number is that of a
// varint, bytes those of a length-delimited field.
func fields(raw []byte, each func(field protowire.Number, number uint64, bytes []byte) error) error {
	for len(raw) > 0 {
		field, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return fmt.Errorf("%w: bad tag", ErrMalformed)
		}
		raw = raw[n:]
		var number uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(raw)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(raw)
			if bytes == nil {
				bytes = []byte{}
			}
		default:
			return fmt.Errorf("%w: wire type %d", ErrMalformed, kind)
		}
		if n < 0 {
			return fmt.Errorf("%w: field %d is cut off", ErrMalformed, field)
		}
		raw = raw[n:]
		if err := each(field, number, bytes); err != nil {
			return err
		}
	}
	return nil
}

// decodeOuter reads a dag-pb block: links (2) and data (1).
func decodeOuter(raw []byte) (links []cid.Cid, data []byte, err error) {
	err = fields(raw, func(field protowire.Number, _ uint64, b []byte) error {
		switch {
		case field == 1 && b != nil && data == nil:
			data = b
		case field == 2 && b != nil && len(links) < MaxLinks:
			c, err := decodeLink(b)
			links = append(links, c)
			return err
		case field == 2 && b != nil:
			return fmt.Errorf("%w: more than %d links", ErrMalformed, MaxLinks)
		default:
			return fmt.Errorf("%w: field %d of a dag-pb block", ErrMalformed, field)
		}
		return nil
	})
	if err == nil && data == nil {
		err = fmt.Errorf("%w: no UnixFS entry", ErrNotFile)
	}
	return links, data, err
}

// decodeLink reads a link: hash (1), name (2), total size (3). Names and total
// sizes say nothing about files.
func decodeLink(raw []byte) (c cid.Cid, err error) {
	err = fields(raw, func(field protowire.Number, _ uint64, b []byte) error {
		if field != 1 {
			return nil
		}
		_, got, err := cid.CidFromBytes(b)
		if err != nil {
			return fmt.Errorf("%w: link: %w", ErrMalformed, err)
		}
		c = got
		_, err = Check(c)
		return err
	})
	if err == nil && !c.Defined() {
		err = fmt.Errorf("%w: link without a hash", ErrMalformed)
	}
	return c, err
}

// decodeUnix reads a UnixFS entry: type (1), data (2), size (3), sizes of the
// links (4); mode and time (7, 8) and hints for folders (5, 6) say nothing here.
func decodeUnix(raw []byte, links []cid.Cid) (f File, err error) {
	kind, size := uint64(math.MaxUint64), uint64(0)
	hasSize := false
	var sizes []uint64
	err = fields(raw, func(field protowire.Number, number uint64, b []byte) error {
		switch {
		case field == 1 && b == nil:
			kind = number
		case field == 2 && b != nil:
			f.Data = b
		case field == 3 && b == nil:
			size, hasSize = number, true
		case field == 4:
			return appendSizes(&sizes, number, b)
		case field < 1 || field > 8:
			return fmt.Errorf("%w: field %d of a UnixFS entry", ErrMalformed, field)
		}
		return nil
	})
	switch {
	case err != nil:
		return File{}, err
	case kind != unixFile && kind != unixRaw:
		return File{}, fmt.Errorf("%w: UnixFS type %d; name one file", ErrNotFile, kind)
	case len(sizes) != len(links):
		return File{}, fmt.Errorf("%w: %d links with %d sizes", ErrMalformed, len(links), len(sizes))
	}
	f.Size = uint64(len(f.Data))
	for i, n := range sizes {
		if n == 0 || n > math.MaxInt64-f.Size {
			return File{}, fmt.Errorf("%w: link %d has %d bytes", ErrMalformed, i, n)
		}
		f.Size += n
		f.Links = append(f.Links, Link{CID: links[i], Size: n})
	}
	if hasSize && size != f.Size {
		return File{}, fmt.Errorf("%w: size %d, parts are %d bytes", ErrMalformed, size, f.Size)
	}
	return f, nil
}

// appendSizes takes one size, or several packed ones.
func appendSizes(sizes *[]uint64, number uint64, packed []byte) error {
	if packed == nil {
		*sizes = append(*sizes, number)
	}
	for len(packed) > 0 {
		v, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			return fmt.Errorf("%w: sizes are cut off", ErrMalformed)
		}
		*sizes, packed = append(*sizes, v), packed[n:]
	}
	if len(*sizes) > MaxLinks {
		return fmt.Errorf("%w: more than %d sizes", ErrMalformed, MaxLinks)
	}
	return nil
}

// encode writes f as a dag-pb block, links first. f has no data of its own.
func (f File) encode() []byte {
	var out []byte
	for _, l := range f.Links {
		var link []byte
		link = protowire.AppendTag(link, 1, protowire.BytesType)
		link = protowire.AppendBytes(link, l.CID.Bytes())
		link = protowire.AppendTag(link, 2, protowire.BytesType)
		link = protowire.AppendString(link, "")
		link = protowire.AppendTag(link, 3, protowire.VarintType)
		link = protowire.AppendVarint(link, l.Size)
		out = protowire.AppendTag(out, 2, protowire.BytesType)
		out = protowire.AppendBytes(out, link)
	}
	var unix []byte
	unix = protowire.AppendTag(unix, 1, protowire.VarintType)
	unix = protowire.AppendVarint(unix, unixFile)
	unix = protowire.AppendTag(unix, 3, protowire.VarintType)
	unix = protowire.AppendVarint(unix, f.Size)
	for _, l := range f.Links {
		unix = protowire.AppendTag(unix, 4, protowire.VarintType)
		unix = protowire.AppendVarint(unix, l.Size)
	}
	out = protowire.AppendTag(out, 1, protowire.BytesType)
	return protowire.AppendBytes(out, unix)
}
