// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
)

// Two peers run one script. Alice asks Bob for a greeting, and then shouts it.
func ExampleInvoke() {
	alice, bob := newPeer("alice"), newPeer("bob")
	script := fmt.Sprintf(`
		(seq
			(call "%s" ("greeter" "greet") ["Alice"] greeting)
			(call "%s" ("text" "shout") [greeting] loud))`, bob.id, alice.id)

	out := alice.run(script, nil, nil)
	fmt.Println("alice sends to bob:", out.Next[0] == bob.id)

	out = bob.run(script, out.Data, nil)
	for id, call := range out.Calls {
		fmt.Printf("bob asks his host: %s.%s%s\n", call.Service, call.Function, call.Args)
		out = bob.run(script, nil, map[uint32]air.Result{id: {JSON: []byte(`"hello, Alice"`)}})
	}
	fmt.Println("bob sends to alice:", out.Next[0] == alice.id)

	out = alice.run(script, out.Data, nil)
	for _, call := range out.Calls {
		origin := call.Origins[0][0]
		fmt.Printf("alice asks her host: %s.%s%s\n", call.Service, call.Function, call.Args)
		fmt.Printf("the argument is a %s of bob's %s.%s: %v\n",
			origin.Kind, origin.Service, origin.Function, origin.Peer == bob.id)
	}
	// Output:
	// alice sends to bob: true
	// bob asks his host: greeter.greet["Alice"]
	// bob sends to alice: true
	// alice asks her host: text.shout["hello, Alice"]
	// the argument is a result of bob's greeter.greet: true
}

// peer is a peer with a key, and what it kept of the particle.
type peer struct {
	id   string
	seed [32]byte
	kept []byte
}

func newPeer(name string) *peer {
	p := &peer{seed: sha256.Sum256([]byte(name))}
	key := ed25519.NewKeyFromSeed(p.seed[:]).Public().(ed25519.PublicKey)
	p.id, _ = airdata.PublicKey("\x00" + string(key)).PeerID()
	return p
}

func (p *peer) run(script string, arrived []byte, results map[uint32]air.Result) air.Outcome {
	out, err := air.Invoke(context.Background(), air.Input{
		Script: strings.TrimSpace(script), Prev: p.kept, Data: arrived, Results: results,
		Params: air.Params{
			InitPeerID: newPeer("alice").id, CurrentPeerID: p.id, SecretKey: p.seed[:],
			ParticleID: "particle-1", Timestamp: 1_700_000_000_000, TTL: 7000,
		},
	})
	if err != nil || out.Code != 0 {
		panic(fmt.Sprint(err, out.Code, out.Message))
	}
	p.kept = out.Data
	return out
}
