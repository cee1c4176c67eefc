// SPDX-License-Identifier: Apache-2.0

package exec

// Tetraplet names where a value came from: the call that made it and the lens
// applied to the result. All four are text; the script's own values have the
// initiator's peer id and nothing else. It proves nothing by itself: see Origin.
type Tetraplet struct {
	PeerPK       string `json:"peer_pk"`
	ServiceID    string `json:"service_id"`
	FunctionName string `json:"function_name"`
	Lens         string `json:"lens"`
}
