// SPDX-License-Identifier: Apache-2.0

//go:build sim

package peer_test

import (
	"fmt"
	"testing"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/config"
)

// TestHundredPeers sends one particle around a hundred peers, each known to its
// neighbor only.
func TestHundredPeers(t *testing.T) {
	const n = 100
	var swarm []*testPeer
	for range n {
		swarm = append(swarm, startPeer(t, t.TempDir(), func(c *config.Config, _ *peer.Deps) {
			c.Trace, c.Metrics, c.Health = false, false, false
			if len(swarm) > 0 {
				c.BootstrapNodes = []string{swarm[len(swarm)-1].address(t, "/tcp/")}
			}
		}))
	}
	waitFor(t, "the chain of peers", func() bool {
		for i := 1; i < n; i++ {
			if !knows(swarm[i], swarm[i-1].ID()) {
				return false
			}
		}
		return true
	})
	c := startClient(t, swarm[0])
	route := ids(swarm)
	for i := n - 2; i >= 0; i-- { // and back, so that every hop is between neighbors
		route = append(route, swarm[i].ID().String())
	}
	script := load([]string{"route"}, `(seq (fold route p (seq (call p ("op" "noop") []) (next p))) `+respond(`"done"`)+`)`)
	if got := execute(t, c, script, map[string]any{"route": route}); fmt.Sprint(got) != `["done"]` {
		t.Errorf("got %v", got)
	}
}
