// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// batchBytes is how much one particle carries, batchBlocks how many blocks.
const (
	batchBytes  = 768 << 10
	batchBlocks = 256
)

var errNoPeer = errors.New("peer cannot be reached")

// Target is a peer to push to.
type Target struct {
	Peer    string         // multiaddr ending in /p2p/ID
	Key     crypto.PrivKey // its management key
	Timeout time.Duration  // of one batch; 0 means a minute
}

// Push puts the blocks of b that the peer lacks onto it and pins all parts under
// the owner app.CID. It returns how many blocks were sent.
func Push(ctx context.Context, to Target, b bundle.Bundle) (sent int, err error) {
	if to.Timeout <= 0 {
		to.Timeout = time.Minute
	}
	c, err := client.New(client.Config{Key: to.Key, Relay: to.Peer, TTL: to.Timeout})
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.Run(gctx) })
	g.Go(func() error {
		defer stop()
		limit := time.NewTimer(to.Timeout)
		defer limit.Stop()
		select {
		case <-gctx.Done():
			return gctx.Err()
		case <-limit.C:
			return errNoPeer
		case <-c.Ready():
		}
		sent, err = pusher{c}.all(gctx, b)
		return err
	})
	return sent, g.Wait()
}

type pusher struct{ c *client.Client }

func (p pusher) call(ctx context.Context, function string, out any, args ...any) error {
	return p.c.Call(ctx, p.c.RelayID().String(), "ipfs", function, out, args...)
}

func (p pusher) all(ctx context.Context, b bundle.Bundle) (sent int, err error) {
	for rest := b.Blocks; len(rest) > 0; {
		n, bytes := 0, 0
		for n < len(rest) && n < batchBlocks && (n == 0 || bytes+len(rest[n].Data) <= batchBytes) {
			bytes += len(rest[n].Data)
			n++
		}
		put, err := p.batch(ctx, rest[:n])
		if err != nil {
			return sent, err
		}
		sent, rest = sent+put, rest[n:]
	}
	return sent, p.pin(ctx, b)
}

// batch sends those blocks that the peer lacks.
func (p pusher) batch(ctx context.Context, blocks []dag.Block) (int, error) {
	names := make([]string, len(blocks))
	for i, b := range blocks {
		names[i] = b.CID.String()
	}
	var missing []string
	if err := p.call(ctx, "missing", &missing, names); err != nil {
		return 0, fmt.Errorf("ask for missing blocks: %w", err)
	}
	lacks := map[string]bool{}
	for _, m := range missing {
		lacks[m] = true
	}
	var cids, data []string
	for i, b := range blocks {
		if lacks[names[i]] {
			cids = append(cids, names[i])
			data = append(data, base64.StdEncoding.EncodeToString(b.Data))
		}
	}
	if len(cids) == 0 {
		return 0, nil
	}
	var put int
	if err := p.call(ctx, "put_blocks", &put, cids, data); err != nil {
		return 0, fmt.Errorf("put blocks: %w", err)
	}
	return put, nil
}

// pin keeps the definition and all its parts.
func (p pusher) pin(ctx context.Context, b bundle.Bundle) error {
	d, err := b.Definition()
	if err != nil {
		return err
	}
	parts, err := d.Parts()
	if err != nil {
		return err
	}
	owner := "app." + b.CID.String()
	for _, part := range append(parts, bundle.Part{CID: b.CID}) {
		var none string
		if err := p.call(ctx, "pin", &none, part.CID.String(), owner); err != nil {
			return fmt.Errorf("pin %s: %w", part.CID, err)
		}
	}
	return nil
}
