// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"math"

	"github.com/go-fluence/fluence/peer/marine/engine/meter"
)

// Gas is the budget of one call from outside, shared by all instances that the
// call reaches. It is not safe for concurrent use.
type Gas struct {
	budget int64
	left   int64 // not handed out to a guest
	stack  int32 // stack units not handed out
}

// NewGas returns a budget of n units.
func NewGas(n uint64) *Gas {
	b := int64(min(n, math.MaxInt64/2))
	return &Gas{budget: b, left: b, stack: meter.StackUnits}
}

// Used returns the gas used so far. It is exact while no guest is running: a
// running guest's current slice counts as used.
func (g *Gas) Used() uint64 { return uint64(max(g.budget-g.left, 0)) }

// Charge takes n units for work of the host. When they are not there, the budget
// is used up and ErrOutOfGas is returned.
func (g *Gas) Charge(n uint64) error {
	if n > uint64(max(g.left, 0)) {
		g.left = 0
		return ErrOutOfGas
	}
	g.left -= int64(n)
	return nil
}

// ChargeBytes takes what the host's handling of n bytes costs.
func (g *Gas) ChargeBytes(n int) error { return g.Charge(uint64(n)/2 + 10) }

// slice hands out what a guest may use until it returns to Go.
func (g *Gas) slice() int64 {
	n := min(g.left, meter.PerMillisecond)
	g.left -= n
	return n
}

type gasKey struct{}

// WithGas returns a context under which guests use g.
func WithGas(ctx context.Context, g *Gas) context.Context { return context.WithValue(ctx, gasKey{}, g) }

// GasOf returns the budget of a context; without one, an empty budget.
func GasOf(ctx context.Context) *Gas {
	if g, ok := ctx.Value(gasKey{}).(*Gas); ok {
		return g
	}
	return NewGas(0)
}

// yield is the meter's host function: it takes the guest's overdraft from the
// budget and hands out the next slice. It is also where Go gets to run while a
// guest loops, and where a cancelled context ends it.
func yield(ctx context.Context, stack []uint64) {
	counter := int64(stack[0])
	if counter == meter.StackOverflow {
		panic(ErrStackOverflow)
	}
	g := GasOf(ctx)
	g.left += counter
	if g.left <= 0 {
		g.left = 0
		panic(ErrOutOfGas)
	}
	if err := context.Cause(ctx); err != nil {
		panic(err)
	}
	stack[0] = uint64(g.slice())
}
