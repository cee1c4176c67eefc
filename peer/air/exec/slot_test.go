// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"testing"

	"github.com/go-fluence/fluence/peer/air/value"
)

// TestScalarScopes walks the scopes of air.md 3.4: a fold, its iterations, and
// the way back.
func TestScalarScopes(t *testing.T) {
	r := &run{scopes: newScopes(), scalars: slots[val](1)}
	s := &r.scalars[0]
	set := func(n int64) { s.set(&r.scopes, scalarTable, 0, &val{json: value.FromInt(n)}) }
	see := func(want string) {
		t.Helper()
		got := "nothing"
		switch v, found := s.get(&r.scopes); found {
		case present:
			got = v.json.Text()
		case cleared:
			got = "cleared"
		}
		if got != want {
			t.Errorf("at depth %d: %s, want %s", r.scopes.depth, got, want)
		}
	}
	see("nothing")
	set(1)
	if s.settable(&r.scopes) {
		t.Error("a global scalar can be set twice")
	}
	r.scopes.enter() // a fold
	see("1")
	set(2)
	see("2")
	r.scopes.enterIteration() // next
	see("nothing")            // a cell of the hidden iteration stands above the global one
	set(3)
	see("3")
	r.leaveScope(true)
	see("2")
	s.clear(&r.scopes) // new
	see("cleared")
	set(4)
	see("4")
	if !s.restore(&r.scopes) {
		t.Error("the scope of new is gone")
	}
	see("2")
	r.leaveScope(false)
	see("1")
	if len(r.scopes.pushed) != 0 || r.scopes.depth != 0 {
		t.Errorf("%d cells pushed at depth %d, want none at 0", len(r.scopes.pushed), r.scopes.depth)
	}
}

func TestRestoreOfAnotherDepthIsRefused(t *testing.T) {
	r := &run{scopes: newScopes(), scalars: slots[val](1)}
	s := &r.scalars[0]
	s.clear(&r.scopes)
	r.scopes.enter()
	if s.restore(&r.scopes) {
		t.Error("restored a cell of another depth")
	}
	if s.restore(&r.scopes) {
		t.Error("restored a cell that is not there")
	}
}
