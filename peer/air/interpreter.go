// SPDX-License-Identifier: Apache-2.0

package air

import (
	"container/list"
	"sync"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// Interpreter runs scripts and remembers how to: a script that comes again is
// not parsed again, and a signing key is not derived again. What it remembers
// never changes an outcome. The zero value remembers nothing. Safe for
// concurrent use.
type Interpreter struct {
	maxBytes int

	mu    sync.Mutex
	plans map[string]*list.Element // of *planned, by script
	order list.List                // most recently used first
	bytes int                      // of the scripts in plans
	keys  map[[32]byte]*data.KeyPair
}

// maxKeys bounds the remembered keys: a host has one, and one for each worker.
const maxKeys = 256

type planned struct {
	script string
	plan   *exec.Plan
}

// NewInterpreter returns an interpreter that remembers scripts of together at
// most maxBytes bytes; their plans take some thirty times as much memory. The
// least recently used one is forgotten first.
func NewInterpreter(maxBytes int) *Interpreter {
	return &Interpreter{
		maxBytes: maxBytes, plans: make(map[string]*list.Element), keys: make(map[[32]byte]*data.KeyPair),
	}
}

// key makes a key pair, or finds it.
func (i *Interpreter) key(format KeyFormat, secret []byte) (*data.KeyPair, error) {
	if i.maxBytes == 0 || len(secret) != 32 || format != KeyEd25519 {
		return data.NewKeyPair(data.KeyFormat(format), secret)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	seed := [32]byte(secret)
	if k, ok := i.keys[seed]; ok {
		return k, nil
	}
	k, err := data.NewKeyPair(data.KeyFormat(format), secret)
	if err != nil {
		return nil, err
	}
	if len(i.keys) >= maxKeys {
		clear(i.keys)
	}
	i.keys[seed] = k
	return k, nil
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
