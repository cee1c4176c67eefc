// SPDX-License-Identifier: Apache-2.0

// Package sim runs a chain on random operations of all modules, drawn from a seed: the same seed gives the same
// chain. Its tests compare two runs, and the books of every module at the end.
package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/go-fluence/fluence/app/apptest"
)

// Config says what to run.
type Config struct {
	Seed       uint64
	Blocks     int
	Validators int
	Accounts   int
}

// Result is what a run came to.
type Result struct {
	// AppHash of the last state.
	AppHash []byte
	// Done and Failed count the transactions of each operation by outcome. A failure is a refusal by a module,
	// which random operations earn.
	Done, Failed map[string]int
	// Network is the chain after the last block.
	Network *apptest.Network
}

// world is the state of a run.
type world struct {
	*apptest.Network
	rng        *rand.Rand
	registered int64 // height at which an operator last acted
}

// Run runs a chain. It fails the test when two validators disagree, when a block is rejected, or when a module's
// books do not balance.
func Run(t testing.TB, cfg Config) Result {
	t.Helper()
	w := &world{
		Network: apptest.New(t, apptest.Config{Validators: cfg.Validators, Accounts: cfg.Accounts}),
		rng:     rand.New(rand.NewPCG(cfg.Seed, 0)),
	}
	r := Result{Done: make(map[string]int), Failed: make(map[string]int), Network: w.Network}
	for range cfg.Blocks {
		names, txs, err := w.block()
		if err != nil {
			t.Fatal(err)
		}
		w.misfortune()
		res, err := w.Step(txs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			if res.TxResults[i+1].Code == 0 {
				r.Done[name]++
			} else {
				r.Failed[name]++
			}
		}
	}
	if err := Books(w.Context(), w.Apps[0]); err != nil {
		t.Fatal(err)
	}
	r.AppHash = bytes.Clone(w.AppHash())
	return r
}

// block draws one transaction each of some accounts.
func (w *world) block() (names []string, txs [][]byte, err error) {
	for _, i := range w.rng.Perm(len(w.Accounts))[:w.rng.IntN(len(w.Accounts)/2)] {
		op := w.draw()
		raw, err := op.tx(w, w.Accounts[i])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", op.name, err)
		}
		if raw != nil {
			names, txs = append(names, op.name), append(txs, raw)
		}
	}
	return names, txs, nil
}

func (w *world) draw() operation {
	total := 0
	for _, op := range operations() {
		total += op.weight
	}
	at := w.rng.IntN(total)
	for _, op := range operations() {
		if at -= op.weight; at < 0 {
			return op
		}
	}
	panic("weights do not add up")
}

// misfortune sometimes lets a validator miss a block, sign two, or the whole chain stand still.
func (w *world) misfortune() {
	w.Absent = map[int]bool{w.rng.IntN(len(w.Validators)): w.rng.IntN(3) == 0}
	if w.rng.IntN(40) == 0 {
		w.Wait(time.Duration(w.rng.IntN(120)) * time.Second)
	}
	if last := len(w.Validators) - 1; last > 0 && w.rng.IntN(300) == 0 && w.Validators[last].Power > 0 {
		v := w.Validators[last]
		w.Evidence = []abci.Misbehavior{{
			Type: abci.MisbehaviorType_DUPLICATE_VOTE, Height: w.Height(), Time: w.Time(), TotalVotingPower: 1000,
			Validator: abci.Validator{Address: v.ConsAddress(), Power: v.Power},
		}}
	}
}
