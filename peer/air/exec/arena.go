// SPDX-License-Identifier: Apache-2.0

package exec

// arena hands out slices that live as long as the output of a run, many from one
// allocation.
type arena[T any] struct {
	free []T
	next int
}

// arenaStart and arenaMost are the least and the most elements of one chunk.
const (
	arenaStart = 8
	arenaMost  = 1024
)

// take returns n zero elements, with no room to grow; never nil.
func (a *arena[T]) take(n int) []T {
	if n == 0 {
		return []T{}
	}
	if n > len(a.free) {
		a.next = min(max(2*a.next, arenaStart), arenaMost)
		a.free = make([]T, max(n, a.next))
	}
	s := a.free[:n:n]
	a.free = a.free[n:]
	return s
}
