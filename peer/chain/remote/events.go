// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/go-fluence/fluence/peer/chain"
)

// Waits of Follow.
const (
	// lookEvery is the pause between two looks for a new block. Blocks are about a
	// second apart; looking is one request over a local socket.
	lookEvery = 250 * time.Millisecond
	// maxPause bounds the pause after a fault, which doubles from lookEvery.
	maxPause = 10 * time.Second
)

// Follow implements chain.Events. It asks for each block in turn, so that neither a
// slow reader nor a broken connection makes a gap.
func (c *Chain) Follow(ctx context.Context, after uint64, each func(context.Context, chain.Block) error) error {
	pause := lookEvery
	for next := after + 1; ; {
		newest, err := c.newest(ctx)
		if err == nil && after == 0 && next == 1 {
			after, next = newest, newest+1
		}
		for err == nil && next <= newest {
			var b chain.Block
			if b, err = c.block(ctx, int64(next)); err == nil {
				if err := each(ctx, b); err != nil {
					return err
				}
				next++
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, chain.ErrUnavailable):
			pause = min(2*pause, maxPause)
		case err != nil:
			return err
		default:
			pause = lookEvery
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// newest returns the number of the newest block that was executed.
func (c *Chain) newest(ctx context.Context) (uint64, error) {
	if err := c.check(ctx); err != nil {
		return 0, err
	}
	info, err := c.rpc.ABCIInfo(ctx)
	if err != nil {
		return 0, unavailable(ctx, err)
	}
	return uint64(max(info.Response.LastBlockHeight, 0)), nil
}

// block returns what happened in one block.
func (c *Chain) block(ctx context.Context, number int64) (chain.Block, error) {
	head, err := c.rpc.Header(ctx, &number)
	if err != nil {
		return chain.Block{}, blockFault(ctx, err)
	}
	if head.Header == nil || head.Header.Height != number {
		return chain.Block{}, fmt.Errorf("%w: no header of block %d", chain.ErrUnavailable, number)
	}
	if head.Header.ChainID != c.cfg.ChainID {
		return chain.Block{}, fmt.Errorf("%w: %s, not %s", chain.ErrWrongChain, head.Header.ChainID, c.cfg.ChainID)
	}
	res, err := c.rpc.BlockResults(ctx, &number)
	if err != nil {
		return chain.Block{}, blockFault(ctx, err)
	}
	b := chain.Block{Height: chain.Height{Number: uint64(number), Time: head.Header.Time.UTC(), AppHash: head.Header.AppHash}}
	for i, tx := range res.TxsResults {
		if tx.Code == abci.CodeTypeOK {
			b.Events = append(b.Events, events(tx.Events, i)...)
		}
	}
	b.Events = append(b.Events, events(res.FinalizeBlockEvents, chain.OutsideTx)...)
	return b, nil
}

func events(list []abci.Event, tx int) []chain.Event {
	out := make([]chain.Event, len(list))
	for i, e := range list {
		out[i] = chain.Event{Type: e.Type, Tx: tx, Attributes: make([]chain.Attribute, len(e.Attributes))}
		for j, a := range e.Attributes {
			out[i].Attributes[j] = chain.Attribute{Key: a.Key, Value: a.Value}
		}
	}
	return out
}
