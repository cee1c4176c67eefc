// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"slices"
	"testing"
)

// TestKademliaADozenPeers: peers that know only one of them find all, and a
// particle reaches a peer its relay was never connected to.
func TestKademliaADozenPeers(t *testing.T) {
	swarm := startSwarm(t, 12)
	c := startClient(t, swarm[1])
	last := swarm[len(swarm)-1]
	script := load([]string{"far"}, `(seq (call far ("peer" "identify") [] info)
	 (seq (call relay ("kad" "neighborhood") [far [] 100] near) `+respond("near info.$.node_version")+`))`)
	var near []string
	waitFor(t, "a neighborhood of all others", func() bool {
		got, err := tryExecute(t, c, script, map[string]any{"far": last.ID().String()})
		if err != nil {
			t.Log(err)
			return false
		}
		near = decode[[]string](t, got[0])
		return len(near) >= 5
	})
	for _, id := range near {
		if !slices.Contains(ids(swarm), id) || id == swarm[1].ID().String() {
			t.Errorf("neighborhood has %s, a stranger or the peer itself", id)
		}
	}
}
