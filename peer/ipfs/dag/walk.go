// SPDX-License-Identifier: Apache-2.0

package dag

import (
	"fmt"

	"github.com/ipfs/go-cid"
)

const (
	// window is how many blocks are asked for at one time, maxDepth how deep a tree
	// may be, maxBlocks how many blocks it may have.
	window    = 16
	maxDepth  = 16
	maxBlocks = 131_072
)

// Fetch returns the blocks named by want, in that order, each checked against its
// CID. At most 16 are wanted at one time.
type Fetch func(want []cid.Cid) ([]Block, error)

// Walk visits a file of at most limit bytes from its first byte to its last. The
// root's announced size is judged before anything below it is fetched, and every
// part must have exactly the bytes its parent announced. Memory is bounded by the
// window, not by the file.
//
// Errors: ErrTooLarge, ErrNotFile, ErrMalformed, ErrCID, those of fetch and each.
func Walk(root cid.Cid, limit int64, fetch Fetch, each func(data []byte) error) error {
	if _, err := Check(root); err != nil {
		return err
	}
	w := walker{fetch: fetch, each: each}
	blocks, err := w.get([]cid.Cid{root})
	if err != nil {
		return err
	}
	f, err := Decode(blocks[0])
	if err != nil {
		return err
	}
	if f.Size > uint64(max(limit, 0)) {
		return fmt.Errorf("file %s of %d bytes, at most %d are taken: %w", root, f.Size, limit, ErrTooLarge)
	}
	return w.visit(f, 0)
}

type walker struct {
	fetch Fetch
	each  func([]byte) error
	seen  int
}

func (w *walker) get(want []cid.Cid) ([]Block, error) {
	if w.seen += len(want); w.seen > maxBlocks {
		return nil, fmt.Errorf("file of more than %d blocks: %w", maxBlocks, ErrTooLarge)
	}
	return w.fetch(want)
}

func (w *walker) visit(f File, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: tree deeper than %d", ErrMalformed, maxDepth)
	}
	if len(f.Data) > 0 {
		if err := w.each(f.Data); err != nil {
			return err
		}
	}
	for links := f.Links; len(links) > 0; {
		part := links[:min(len(links), window)]
		links = links[len(part):]
		want := make([]cid.Cid, len(part))
		for i, l := range part {
			want[i] = l.CID
		}
		blocks, err := w.get(want)
		if err != nil {
			return err
		}
		for i, b := range blocks {
			below, err := Decode(b)
			if err != nil {
				return err
			}
			if below.Size != part[i].Size {
				return fmt.Errorf("%w: part %s has %d bytes, its parent says %d", ErrMalformed, b.CID, below.Size, part[i].Size)
			}
			if err := w.visit(below, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
