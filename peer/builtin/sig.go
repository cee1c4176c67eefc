// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// signResult has options as Aqua writes them: arrays of at most one element.
type signResult struct {
	Success   bool       `json:"success"`
	Error     []string   `json:"error"`
	Signature [][]uint16 `json:"signature"`
}

func (r *Registry) sigEntries() map[string]Entry {
	return map[string]Entry{
		"sign":        {Kind: pipeline.Effect, Call: r.sign},
		"verify":      {Kind: pipeline.Pure, Call: r.verify},
		"get_peer_id": {Kind: pipeline.Pure, Call: func(_ context.Context, c pipeline.Call, _ *Args) (any, error) { return c.Scope.Peer.String(), nil }},
	}
}

func (r *Registry) consoleEntries() map[string]Entry {
	return map[string]Entry{
		"print": {Kind: pipeline.Effect, Guarded: true, Call: func(_ context.Context, c pipeline.Call, a *Args) (any, error) {
			r.deps.Log.Info("run-console", "particle", c.Particle.ID, "peer", c.Particle.InitPeerID, "text", clip(joinRaw(a.Rest())))
			return Empty{}, nil
		}},
	}
}

// sign is (bytes). A refusal is an answer, not an error.
func (r *Registry) sign(_ context.Context, c pipeline.Call, a *Args) (any, error) {
	refuse := func(err error) signResult {
		return signResult{Error: []string{err.Error()}, Signature: [][]uint16{}}
	}
	data, err := Next[[]byte](a, "data")
	if err != nil {
		return nil, err
	}
	if err := r.maySign(c); err != nil {
		return refuse(err), nil
	}
	signature, err := r.deps.Signer.Sign(c.Scope.Peer, data)
	if err != nil {
		return refuse(err), nil
	}
	return signResult{Success: true, Error: []string{}, Signature: [][]uint16{byteArray(signature)}}, nil
}

// maySign allows an owner to sign what the registry here asked to be signed: the
// initiator is the scope itself, or a manager on the host, and the bytes are the
// whole result of one of two functions of the local registry, vouched for by
// nothing else.
func (r *Registry) maySign(c pipeline.Call) error {
	self := c.Scope.Peer.String()
	manager := !c.Scope.Worker() && slices.ContainsFunc(r.deps.Managers, func(m peer.ID) bool { return m.String() == c.Particle.InitPeerID })
	if c.Particle.InitPeerID != self && !manager {
		return errors.New("only the owner of the key may ask for a signature")
	}
	if len(c.Tetraplets) == 0 || len(c.Tetraplets[0]) != 1 {
		return errors.New("data to sign must be one scalar")
	}
	t := c.Tetraplets[0][0]
	asked := t.FunctionName == "get_record_bytes" || t.FunctionName == "get_record_metadata_bytes"
	if t.PeerPK != self || t.ServiceID != "registry" || !asked || t.Lens != "" {
		return fmt.Errorf("data to sign must come from registry.get_record_bytes or registry.get_record_metadata_bytes on this peer, not from %s.%s on %s", t.ServiceID, t.FunctionName, t.PeerPK)
	}
	if len(c.Origins) == 0 || len(c.Origins[0]) == 0 {
		return errors.New("nobody vouches for the data to sign")
	}
	for _, o := range c.Origins[0] {
		own := o.Kind == air.OriginResult && o.Peer == self && o.Service == t.ServiceID && o.Function == t.FunctionName
		if !own && o.Kind != air.OriginInitiator {
			return fmt.Errorf("data to sign comes from %s too", o.Kind)
		}
	}
	return nil
}

// verify is (signature, data): whether the scope's own key made it.
func (r *Registry) verify(_ context.Context, c pipeline.Call, a *Args) (any, error) {
	signature, err := Next[[]byte](a, "signature")
	if err != nil {
		return nil, err
	}
	data, err := Next[[]byte](a, "data")
	if err != nil {
		return nil, err
	}
	return r.deps.Signer.Verify(c.Scope.Peer, data, signature)
}
