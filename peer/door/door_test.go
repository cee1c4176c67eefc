// SPDX-License-Identifier: Apache-2.0

package door

import (
	"errors"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// table is a peer with one builtin, op.noop, and two services of an owner: chat, and
// shop, which is public.
type table struct{}

func (table) Known(service, function string) bool { return service == "op" && function == "noop" }

func (table) Owner(_ pipeline.Scope, service string) (peer.ID, bool) {
	return "owner", service == "chat" || service == "op" || service == "shop"
}

func (table) Public(_ pipeline.Scope, service string) bool { return service == "shop" }

func TestLocalPolicy(t *testing.T) {
	scope := pipeline.Scope{Host: "host", Peer: "worker"}
	tests := map[string]struct {
		from              peer.ID
		service, function string
		admitted          bool
	}{
		"builtin":                    {"anybody", "op", "noop", true},
		"service named as a builtin": {"anybody", "op", "mine", false},
		"service":                    {"anybody", "chat", "say", false},
		"service by its owner":       {"owner", "chat", "say", true},
		"service by a manager":       {"manager", "chat", "say", true},
		"service by the peer":        {"host", "chat", "say", true},
		"service by the worker":      {"worker", "chat", "say", true},
		"public by configuration":    {"anybody", "open", "f", true},
		"public by its owner":        {"anybody", "shop", "f", true},
		"no such service":            {"anybody", "nothing", "f", true},
	}
	l := NewLocal(table{}, []peer.ID{"manager"}, []string{"open"})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := l.Admit(t.Context(), pipeline.Call{
				Scope: scope, Particle: &particle.Particle{InitPeerID: tt.from.String()}, Service: tt.service, Function: tt.function,
			})
			var d *pipeline.Denial
			if tt.admitted != (err == nil) || err != nil && (!errors.As(err, &d) || d.Code != "door.4.owner" || d.Hint == "") {
				t.Errorf("Admit = %v, want admitted %v", err, tt.admitted)
			}
		})
	}
}
