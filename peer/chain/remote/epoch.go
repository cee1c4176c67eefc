// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"

	"github.com/go-fluence/fluence/peer/chain"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// Epoch implements chain.Epochs.
func (c *Chain) Epoch(ctx context.Context) (chain.Epoch, error) {
	var res epochtypes.QueryCurrentResponse
	at, err := c.query(ctx, "/fluence.epoch.v1.Query/Current", &epochtypes.QueryCurrentRequest{}, &res)
	if err != nil {
		return chain.Epoch{}, err
	}
	h, err := c.height(ctx, int64(at.Number))
	if err != nil {
		return chain.Epoch{}, err
	}
	cur := res.Current
	return chain.Epoch{
		Number: cur.Number, Start: cur.Start.UTC(), Duration: cur.Params.Duration, End: res.End.UTC(),
		Blocks: cur.Blocks, MinBlocks: uint64(cur.Params.MinBlocks), Height: h,
	}, nil
}
