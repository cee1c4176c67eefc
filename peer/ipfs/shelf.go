// SPDX-License-Identifier: Apache-2.0

package ipfs

import (
	"context"
	"errors"

	blockformat "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// errReadOnly keeps others from writing: what is kept passes through Store.
var errReadOnly = errors.New("block store is read only here")

// shelf shows the blocks to bitswap, to read. CIDs of other kinds are not found.
type shelf struct{ b *blocks }

// Has reports whether a block is kept.
func (s shelf) Has(_ context.Context, c cid.Cid) (bool, error) {
	d, err := dag.Check(c)
	if err != nil {
		return false, nil //nolint:nilerr // a CID we do not support names nothing we have
	}
	_, ok := s.b.size(d)
	return ok, nil
}

// Get returns a block.
func (s shelf) Get(_ context.Context, c cid.Cid) (blockformat.Block, error) {
	d, err := dag.Check(c)
	if err != nil {
		return nil, ipld.ErrNotFound{Cid: c}
	}
	data, err := s.b.get(d, nil)
	if errors.Is(err, ErrNotFound) {
		return nil, ipld.ErrNotFound{Cid: c}
	}
	if err != nil {
		return nil, err
	}
	return blockformat.NewBlockWithCid(data, c)
}

// GetSize returns the size of a block.
func (s shelf) GetSize(_ context.Context, c cid.Cid) (int, error) {
	d, err := dag.Check(c)
	if err != nil {
		return -1, ipld.ErrNotFound{Cid: c}
	}
	n, ok := s.b.size(d)
	if !ok {
		return -1, ipld.ErrNotFound{Cid: c}
	}
	return n, nil
}

// DeleteBlock refuses.
func (s shelf) DeleteBlock(context.Context, cid.Cid) error { return errReadOnly }

// Put refuses.
func (s shelf) Put(context.Context, blockformat.Block) error { return errReadOnly }

// PutMany refuses.
func (s shelf) PutMany(context.Context, []blockformat.Block) error { return errReadOnly }

// AllKeysChan refuses.
func (s shelf) AllKeysChan(context.Context) (<-chan cid.Cid, error) { return nil, errReadOnly }
