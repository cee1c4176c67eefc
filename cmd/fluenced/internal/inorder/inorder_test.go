// SPDX-License-Identifier: Apache-2.0

package inorder_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/go-fluence/fluence/cmd/fluenced/internal/inorder"
)

// diary records what happened in which order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// obedient starts, reports ready and runs until told to stop.
func (d *diary) obedient(name string, onReady func()) inorder.Unit {
	return inorder.Unit{Name: name, Run: func(ctx context.Context, ready func()) error {
		d.add("+" + name)
		ready()
		ready() // a second call does nothing
		if onReady != nil {
			onReady()
		}
		<-ctx.Done()
		d.add("-" + name)
		return ctx.Err()
	}}
}

func TestUnitsStartInOrderAndStopInReverse(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var d diary
	if err := inorder.Run(ctx, d.obedient("a", nil), d.obedient("b", nil), d.obedient("c", cancel)); err != nil {
		t.Fatalf("Run = %v, want nil", err)
	}
	if want := []string{"+a", "+b", "+c", "-c", "-b", "-a"}; !slices.Equal(d.lines, want) {
		t.Errorf("order = %v, want %v", d.lines, want)
	}
}

func TestAFailingUnitStopsTheOthers(t *testing.T) {
	fault := errors.New("fault")
	var d diary
	failing := inorder.Unit{Name: "b", Run: func(context.Context, func()) error { return fault }}
	err := inorder.Run(t.Context(), d.obedient("a", nil), failing, d.obedient("c", nil))
	if !errors.Is(err, fault) || err.Error() != "b: fault" {
		t.Errorf("Run = %v, want b: fault", err)
	}
	if want := []string{"+a", "-a"}; !slices.Equal(d.lines, want) {
		t.Errorf("order = %v, want %v: c must not start after b failed", d.lines, want)
	}
}

func TestAUnitThatEndsByItselfStopsTheOthersWithoutError(t *testing.T) {
	var d diary
	ending := inorder.Unit{Name: "b", Run: func(_ context.Context, ready func()) error { ready(); return nil }}
	if err := inorder.Run(t.Context(), d.obedient("a", nil), ending); err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestAnEndedContextStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var d diary
	stuck := inorder.Unit{Run: func(ctx context.Context, _ func()) error { <-ctx.Done(); return nil }}
	if err := inorder.Run(ctx, stuck, d.obedient("b", nil)); err != nil || len(d.lines) != 0 {
		t.Errorf("Run = %v, %v; want nil and nothing started after the first", err, d.lines)
	}
}
