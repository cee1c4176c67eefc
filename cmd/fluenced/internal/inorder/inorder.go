// SPDX-License-Identifier: Apache-2.0

// Package inorder runs things that need each other: each starts when the one
// before it is ready, and they stop in reverse. It knows nothing of what they are.
package inorder

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Unit is one thing to run.
type Unit struct {
	Name string
	// Run does the work until ctx ends and returns when all of it has stopped. It
	// calls ready once its successor may start; more calls do nothing.
	Run func(ctx context.Context, ready func()) error
}

// Run starts the units in order and waits for the last one to return. When ctx
// ends, or as soon as any unit returns, the others are told to stop, the last one
// first, each after its successor has returned. It returns the first error of a
// unit, with the unit's name unless that is empty; nil when all returned nil or
// what ctx ended with.
func Run(ctx context.Context, units ...Unit) error {
	closing, closeAll := context.WithCancel(ctx)
	defer closeAll()
	r := &run{parent: ctx, closing: closing, closeAll: closeAll}
	gone := make(chan struct{}) // closed when the successor has returned
	readies := make([]chan struct{}, len(units)+1)
	for i := range readies {
		readies[i] = make(chan struct{})
	}
	close(readies[0])
	goneAfter := make([]chan struct{}, len(units)+1)
	goneAfter[len(units)] = gone
	close(gone)
	for i := range units {
		goneAfter[i] = make(chan struct{})
	}
	var g errgroup.Group
	for i, u := range units {
		g.Go(func() error { return r.unit(u, readies[i], readies[i+1], goneAfter[i+1], goneAfter[i]) })
	}
	return g.Wait()
}

type run struct {
	parent   context.Context //nolint:containedctx // lives exactly as long as the call of Run
	closing  context.Context //nolint:containedctx // the same
	closeAll context.CancelFunc
}

// unit runs u between its neighbours: after before is closed, until closing has
// ended and next is closed. It closes ready and gone for them.
func (r *run) unit(u Unit, before, ready, next, gone chan struct{}) error {
	defer close(gone)
	defer r.closeAll()
	select {
	case <-before:
	case <-r.closing.Done():
		return nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.parent))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-r.closing.Done()
		<-next
		cancel()
	}()
	var once sync.Once
	err := u.Run(ctx, func() { once.Do(func() { close(ready) }) })
	told := ctx.Err() != nil
	r.closeAll()
	<-stopped // so that no goroutine outlives Run
	if err == nil || (told && errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	if u.Name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", u.Name, err)
}
