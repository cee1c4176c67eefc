// SPDX-License-Identifier: Apache-2.0

package exec

import "github.com/go-fluence/fluence/peer/air/data"

// Tetraplet names where a value came from: the call that made it and the lens
// applied to the result. All four are text; the script's own values have the
// initiator's peer id and nothing else. It proves nothing by itself: see Origin.
type Tetraplet struct {
	PeerPK       string `json:"peer_pk"`
	ServiceID    string `json:"service_id"`
	FunctionName string `json:"function_name"`
	Lens         string `json:"lens"`
}

// withLens returns t with text appended to its lens.
func withLens(t *data.Tetraplet, text string) *data.Tetraplet {
	c := *t
	c.Lens += text
	return &c
}

// ofPeer returns the tetraplet that names only a peer.
func ofPeer(peer string) *data.Tetraplet { return &data.Tetraplet{PeerPK: peer} }
