// SPDX-License-Identifier: Apache-2.0

package air

import (
	"container/list"
	"sync"

	"github.com/go-fluence/fluence/peer/air/exec"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// Interpreter runs scripts and remembers how to: a script that comes again is
// not parsed again. What it remembers never changes an outcome. The zero value
// remembers nothing. Safe for concurrent use.
type Interpreter struct {
	maxBytes int

	mu    sync.Mutex
	plans map[string]*list.Element // of *planned, by script
	order list.List                // most recently used first
	bytes int                      // of the scripts in plans
}

type planned struct {
	script string
	plan   *exec.Plan
}

// NewInterpreter returns an interpreter that remembers scripts of together at
// most maxBytes bytes; their plans take some thirty times as much memory. The
// least recently used one is forgotten first.
func NewInterpreter(maxBytes int) *Interpreter {
	return &Interpreter{maxBytes: maxBytes, plans: make(map[string]*list.Element)}
}

// plan parses and plans a script, or finds its plan.
func (i *Interpreter) plan(script string) (*exec.Plan, error) {
	if p := i.find(script); p != nil {
		return p, nil
	}
	tree, err := parse.Parse(script)
	if err != nil {
		return nil, err
	}
	p := exec.NewPlan(tree)
	i.remember(script, p)
	return p, nil
}

func (i *Interpreter) find(script string) *exec.Plan {
	if i.maxBytes == 0 {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	e, ok := i.plans[script]
	if !ok {
		return nil
	}
	i.order.MoveToFront(e)
	return e.Value.(*planned).plan
}

func (i *Interpreter) remember(script string, p *exec.Plan) {
	if len(script) > i.maxBytes {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, ok := i.plans[script]; ok {
		return
	}
	i.plans[script] = i.order.PushFront(&planned{script, p})
	i.bytes += len(script)
	for i.bytes > i.maxBytes {
		last := i.order.Remove(i.order.Back()).(*planned)
		delete(i.plans, last.script)
		i.bytes -= len(last.script)
	}
}
