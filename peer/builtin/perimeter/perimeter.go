// SPDX-License-Identifier: Apache-2.0

// Package perimeter is what scripts say to the door, and ask of it: perimeter.present
// brings certificates for the rest of a particle's life on this peer, and
// app.resolve_backend tells where the services behind a name are. It judges nothing.
package perimeter

import (
	"context"
	"encoding/json"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/proofs/perimeter"
)

// Door is what the builtins ask; *door.Door is one. Safe for concurrent use.
type Door interface {
	Present(c pipeline.Call, certificates json.RawMessage) error
	Backend(scope peer.ID, name, perimeter string) []perimeter.Place
}

// Entries returns the functions by service.
func Entries(d Door) map[string]map[string]builtin.Entry {
	return map[string]map[string]builtin.Entry{
		"perimeter": {"present": {Kind: pipeline.Effect, Call: func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			list, err := builtin.Next[json.RawMessage](a, "certificates")
			if err != nil {
				return nil, err
			}
			return true, d.Present(c, list)
		}}},
		"app": {"resolve_backend": {Kind: pipeline.Pure, Call: func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			name, err := builtin.Next[string](a, "name")
			if err != nil {
				return nil, err
			}
			id, _, err := builtin.Opt[string](a, "perimeter")
			if err != nil {
				return nil, err
			}
			return places(d.Backend(c.Scope.Peer, name, id)), nil
		}}},
	}
}

// place is a service on a peer as scripts see it.
type place struct {
	Peer    string `json:"peer_id"`
	Service string `json:"service_id"`
}

func places(list []perimeter.Place) []place {
	out := make([]place, len(list))
	for i, p := range list {
		out[i] = place{p.Peer, p.Service}
	}
	return out
}
