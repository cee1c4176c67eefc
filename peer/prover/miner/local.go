// SPDX-License-Identifier: Apache-2.0

package miner

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// reportEvery is the pause between two calls of Hashed.
const reportEvery = time.Second

// Local searches in this process, without regard to Processor and Nice.
type Local struct {
	Memory randomx.Memory
}

// Mine implements Miner.
func (m Local) Mine(ctx context.Context, s Spec, l Listener) error {
	if err := s.Validate(); err != nil {
		return err
	}
	err := m.mine(ctx, s, &once{l: l})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// once passes calls on one at a time, and none after the first that ended the search.
type once struct {
	mu    sync.Mutex // held while l is called
	l     Listener
	ended bool
}

func (o *once) found(nonce, hash [32]byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = o.ended || !o.l.Found(nonce, hash)
	return !o.ended
}

func (o *once) hashed(hashes uint64, seconds float64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = o.ended || !o.l.Hashed(hashes, seconds)
	return !o.ended
}

func (m Local) mine(ctx context.Context, s Spec, l *once) error {
	begin := time.Now()
	vm, give, err := m.prepare(ctx, s)
	if err != nil {
		return err
	}
	defer give()
	if !l.hashed(0, time.Since(begin).Seconds()) {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	meter := randomx.NewMeter()
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		report(ctx, meter, l, stop)
	}()
	_, err = randomx.Mine(ctx, vm, randomx.Search{Start: s.Start, Difficulty: s.Difficulty, Found: l.found, Meter: meter})
	ended := ctx.Err()
	stop()
	<-reported
	if ended != nil && errors.Is(err, ended) && l.ended {
		return nil // the listener had enough of rates
	}
	return err
}

// report tells of the meter until ctx ends or the listener does not go on.
func report(ctx context.Context, meter *randomx.Meter, l *once, stop func()) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	last, at := uint64(0), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, n := time.Now(), meter.Hashes()
		if !l.hashed(n-last, now.Sub(at).Seconds()) {
			stop()
			return
		}
		last, at = n, now
	}
}

// prepare fills what is hashed over. give returns it.
func (m Local) prepare(ctx context.Context, s Spec) (vm *randomx.VM, give func(), err error) {
	p, err := s.params()
	if err != nil {
		return nil, nil, err
	}
	cache, err := randomx.NewCache(ctx, p, s.Key[:], m.Memory)
	if err != nil {
		return nil, nil, err
	}
	if !s.Fast {
		vm, err = randomx.NewVM(cache, m.Memory)
		if err != nil {
			return nil, nil, errors.Join(err, cache.Close())
		}
		return vm, func() { _ = vm.Close(); _ = cache.Close() }, nil
	}
	builders := s.Builders
	if builders == 0 {
		builders = runtime.GOMAXPROCS(0)
	}
	set, err := randomx.NewDataset(ctx, cache, randomx.DatasetOptions{Memory: m.Memory, Workers: builders})
	if err = errors.Join(err, cache.Close()); err != nil {
		return nil, nil, err
	}
	vm, err = randomx.NewFastVM(set, m.Memory)
	if err != nil {
		return nil, nil, errors.Join(err, set.Close())
	}
	return vm, func() { _ = vm.Close(); _ = set.Close() }, nil
}
