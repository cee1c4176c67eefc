// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"testing"
)

func TestEchoThroughTheRelay(t *testing.T) {
	p := startPeer(t, t.TempDir(), nil)
	c := startClient(t, p)
	if err := c.CheckConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := execute(t, c, load([]string{"hello"}, `(seq (call relay ("op" "identity") [hello] echoed) `+respond("echoed")+`)`), map[string]any{"hello": "world"})
	if len(got) != 1 || got[0] != `"world"` {
		t.Errorf("echo = %v", got)
	}
}
