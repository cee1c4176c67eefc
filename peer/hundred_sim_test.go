// SPDX-License-Identifier: Apache-2.0

//go:build sim

package peer_test

import (
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/client"
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
	for i := 1; i < n; i++ {
		waitFor(t, "a neighbor", func() bool { return swarm[i].Host().Connected(swarm[i-1].ID()) })
	}
	c := startClient(t, swarm[0])
	route := ids(swarm)
	for i := n - 2; i >= 0; i-- { // and back, so that every hop is between neighbors
		route = append(route, swarm[i].ID().String())
	}
	script := load([]string{"route"}, `(seq (fold route p (seq (call p ("op" "noop") []) (next p))) `+respond(`"done"`)+`)`)
	got, err := c.Execute(t.Context(), client.Script{AIR: script, Args: map[string]any{"route": route}, TTL: 2 * time.Minute})
	if err != nil || len(got) != 1 || string(got[0]) != `"done"` {
		t.Errorf("got %s, %v", got, err)
	}
}
