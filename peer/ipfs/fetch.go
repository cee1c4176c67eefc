// SPDX-License-Identifier: Apache-2.0

package ipfs

import (
	"context"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// fetch is one file under way. Its session with other peers begins with the first
// block that is not here.
type fetch struct {
	s       *Store
	hold    *hold
	session session
	cancel  context.CancelFunc
	began   time.Time // when the session did
	bytes   int64     // that came since
}

// end gives the session and its place back.
func (f *fetch) end() {
	if f.cancel != nil {
		f.cancel()
		<-f.s.fetches
	}
}

// get returns blocks in order.
func (f *fetch) get(ctx context.Context, want []cid.Cid) ([]dag.Block, error) {
	out := make([]dag.Block, len(want))
	places := map[dag.Digest][]int{} // of blocks that are not here
	var missing []cid.Cid
	for i, c := range want {
		d, err := dag.Check(c)
		if err != nil {
			return nil, err
		}
		data, err := f.s.blocks.get(d, f.hold)
		if err == nil {
			out[i] = dag.Block{CID: c, Data: data}
			continue
		}
		if places[d] == nil {
			missing = append(missing, c)
		}
		places[d] = append(places[d], i)
	}
	if len(missing) == 0 {
		return out, nil
	}
	err := f.ask(ctx, missing, func(d dag.Digest, data []byte) {
		for _, i := range places[d] {
			out[i] = dag.Block{CID: want[i], Data: data}
		}
	})
	return out, err
}

// open begins the session.
func (f *fetch) open(ctx context.Context) error {
	if f.session != nil {
		return nil
	}
	ex, err := f.s.running()
	if err != nil {
		return err
	}
	select {
	case f.s.fetches <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	var life context.Context
	life, f.cancel = context.WithCancel(ctx)
	f.session, f.began = ex.session(life), time.Now()
	return nil
}

// patience is how long to wait for the next block: the usual wait, and less for a
// file that comes slower than it may on the whole.
func (f *fetch) patience() time.Duration {
	due := f.began.Add(startWaits*f.s.cfg.Wait + time.Duration(f.bytes)*time.Second/time.Duration(f.s.cfg.Slowest))
	return max(min(f.s.cfg.Wait, time.Until(due)), 0)
}

// ask fetches blocks from other peers, checks and keeps them.
func (f *fetch) ask(ctx context.Context, missing []cid.Cid, got func(dag.Digest, []byte)) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	if err := f.s.blocks.room(int64(len(missing)) * diskStep); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived, err := f.session.GetBlocks(ctx, missing)
	if err != nil {
		return fmt.Errorf("ask for blocks: %w", err)
	}
	timer := time.NewTimer(f.patience())
	defer timer.Stop()
	waiting := map[dag.Digest]cid.Cid{}
	for _, c := range missing {
		d, err := dag.Check(c)
		if err != nil {
			return err
		}
		waiting[d] = c
	}
	for len(waiting) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return fmt.Errorf("%d blocks missing, %d bytes came in %v: %w", len(waiting), f.bytes, time.Since(f.began).Round(time.Millisecond), ErrUnavailable)
		case b, ok := <-arrived:
			if !ok {
				return fmt.Errorf("%d blocks missing: %w", len(waiting), ErrUnavailable)
			}
			d, err := dag.Verify(b.Cid(), b.RawData())
			if err != nil {
				return err
			}
			if _, asked := waiting[d]; !asked {
				continue
			}
			if err := f.s.blocks.put(d, b.RawData(), f.hold); err != nil {
				return err
			}
			delete(waiting, d)
			got(d, b.RawData())
			f.bytes += int64(len(b.RawData()))
			timer.Reset(f.patience())
		}
	}
	return nil
}
