// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
)

// member is one peer of a test network: its key, and what it kept.
type member struct {
	name, id string
	seed     [32]byte
	kept     []byte
	pending  map[uint32]air.Result
}

func newMember(name string) *member {
	m := &member{name: name, seed: sha256.Sum256([]byte(name)), pending: make(map[uint32]air.Result)}
	pub := ed25519.NewKeyFromSeed(m.seed[:]).Public().(ed25519.PublicKey)
	id, err := airdata.PublicKey("\x00" + string(pub)).PeerID()
	if err != nil {
		panic(err)
	}
	m.id = id
	return m
}

func members(names ...string) []*member {
	list := make([]*member, len(names))
	for i, n := range names {
		list[i] = newMember(n)
	}
	return list
}

func ids(list []*member) []string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.id
	}
	return out
}

// params are those of every run of a test: members[0] is the initiator.
func (m *member) params(init string) air.Params {
	return air.Params{
		InitPeerID: init, CurrentPeerID: m.id, SecretKey: m.seed[:], ParticleID: "particle-1",
		Timestamp: 1_700_000_000_000, TTL: 7000,
	}
}

// letter is particle data on its way.
type letter struct {
	to   *member
	data []byte
}

// network delivers particles at random: any order, some twice, results late.
type network struct {
	rnd     *rand.Rand
	script  string
	members []*member
	letters []letter
	steps   int
	step    func(m *member, in air.Input) (air.Outcome, bool)
	service func(m *member, c air.Call) air.Result
}

// run starts at the first member and delivers until nothing is left, or for
// limit steps.
func (n *network) run(limit int) {
	n.letters = []letter{{to: n.members[0]}}
	for n.steps < limit {
		var waiting []*member
		for _, m := range n.members {
			if len(m.pending) > 0 {
				waiting = append(waiting, m)
			}
		}
		if len(n.letters) == 0 && len(waiting) == 0 {
			return
		}
		var m *member
		var data []byte
		if len(waiting) == 0 || len(n.letters) > 0 && n.rnd.IntN(2) == 0 {
			i := n.rnd.IntN(len(n.letters))
			l := n.letters[i]
			if n.rnd.IntN(6) > 0 {
				n.letters = slices.Delete(n.letters, i, i+1)
			}
			m, data = l.to, l.data
		} else {
			m = waiting[n.rnd.IntN(len(waiting))]
		}
		if !n.deliver(m, data) {
			return
		}
	}
}

// deliver runs one member once, with some of the results it waits for.
func (n *network) deliver(m *member, data []byte) bool {
	n.steps++
	results := make(map[uint32]air.Result)
	for _, id := range sortedKeys(m.pending) {
		if data == nil || n.rnd.IntN(3) == 0 {
			if n.rnd.IntN(4) > 0 || len(m.pending) == 1 {
				results[id] = m.pending[id]
			}
		}
	}
	in := air.Input{Script: n.script, Prev: m.kept, Data: data, Results: results, Params: m.params(n.members[0].id)}
	out, ok := n.step(m, in)
	if !ok {
		return false
	}
	for id := range results {
		delete(m.pending, id)
	}
	m.kept = out.Data
	for _, id := range sortedKeys(out.Calls) {
		m.pending[id] = n.service(m, out.Calls[id])
	}
	for _, to := range out.Next {
		for _, other := range n.members {
			if other.id == to {
				n.letters = append(n.letters, letter{other, out.Data})
			}
		}
	}
	return true
}

func sortedKeys[V any](m map[uint32]V) []uint32 {
	keys := make([]uint32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// services answers by function name alone.
func services(all []*member) func(m *member, c air.Call) air.Result {
	return func(m *member, c air.Call) air.Result {
		arg := json.RawMessage(`null`)
		if len(c.Args) > 0 {
			arg = c.Args[0]
		}
		switch c.Function {
		case "list":
			return air.Result{JSON: []byte(`[1, "two", {"a":{"b":[3]}}]`)}
		case "obj":
			return air.Result{JSON: []byte(`{"k":"x","a":{"b":[1,2]},"error_code":5,"message":"m"}`)}
		case "errobj":
			return air.Result{JSON: []byte(`{"error_code":17,"message":"service made"}`)}
		case "err":
			return air.Result{Code: 1, JSON: []byte(`"boom"`)}
		case "peer":
			return air.Result{JSON: fmt.Appendf(nil, "%q", all[len(all)-1].id)}
		case "num":
			return air.Result{JSON: []byte(`1`)}
		case "bad":
			return air.Result{JSON: []byte(`{bad`)}
		case "float":
			return air.Result{JSON: []byte(`[1e2, -0.0, 1.25e-7]`)}
		case "deep":
			return air.Result{JSON: []byte(`[[[[1]],[2]],[3]]`)}
		case "pairs":
			return air.Result{JSON: []byte(`[{"key":"k","value":1},"k",7]`)}
		}
		return air.Result{JSON: arg}
	}
}
