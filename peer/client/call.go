// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// airVersion is the AquaVM whose particle data ours are exchanged with.
const airVersion = "0.62.0"

// Call is one call of a function by a script.
type Call struct {
	Particle   *particle.Particle // without data
	Service    string
	Function   string
	Args       []json.RawMessage
	Tetraplets [][]air.Tetraplet
	Origins    [][]air.Origin
}

// Bind decodes the arguments into out, one each. Fewer arguments than
// destinations, or values of another shape, are an error; more are ignored.
func (c Call) Bind(out ...any) error {
	if len(c.Args) < len(out) {
		return fmt.Errorf("%s.%s takes %d arguments, got %d", c.Service, c.Function, len(out), len(c.Args))
	}
	for i, o := range out {
		if err := json.Unmarshal(c.Args[i], o); err != nil {
			return fmt.Errorf("%s.%s: argument %d: %w", c.Service, c.Function, i, err)
		}
	}
	return nil
}

// Function answers a call with a value that encoding/json can write; nil becomes
// the empty string, as in nox. An error becomes a service error with its text,
// which the script may catch. ctx ends with the particle.
type Function func(ctx context.Context, c Call) (any, error)

// Handle makes service.function of this client callable by everybody who can
// send it a particle: check Call.Particle.InitPeerID or Tetraplets where that
// matters. It replaces a function of that name, builtins included.
//
// Errors: ErrFunction for an empty name, and for names that belong to a
// particle of its own: getDataSrv, callbackSrv, errorHandlingSrv.
func (c *Client) Handle(service, function string, f Function) error {
	switch {
	case service == "" || function == "" || f == nil:
		return fmt.Errorf("%w: service, function name and function must be given", ErrFunction)
	case service == dataService, service == callbackService, service == errorService:
		return fmt.Errorf("%w: %s belongs to single scripts; use Script.Args and Script.Callbacks", ErrFunction, service)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.functions[name(service, function)] = f
	return nil
}

func name(service, function string) string { return service + "\x00" + function }

// lookup finds who answers: first what belongs to the particle, then the
// functions of the client.
func (c *Client) lookup(s *stay, service, function string) Function {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := s.functions[name(service, function)]; ok {
		return f
	}
	return c.functions[name(service, function)]
}

// answer runs one request of a script.
func (c *Client) answer(ctx context.Context, s *stay, req air.Call) (res air.Result) {
	call := Call{Particle: s.head, Service: req.Service, Function: req.Function, Args: req.Args, Tetraplets: req.Tetraplets, Origins: req.Origins}
	f := c.lookup(s, req.Service, req.Function)
	if f == nil {
		return c.builtin(ctx, call)
	}
	defer func() {
		if r := recover(); r != nil {
			c.cfg.Log.Error("function panicked", "service", req.Service, "function", req.Function, "err", r, "stack", string(debug.Stack()))
			res = failure(errors.New("function panicked"))
		}
	}()
	v, err := f(ctx, call)
	if err != nil {
		return failure(err)
	}
	if v == nil {
		v = ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return failure(fmt.Errorf("result of %s.%s: %w", req.Service, req.Function, err))
	}
	return air.Result{JSON: text}
}

func failure(err error) air.Result {
	text, marshalErr := json.Marshal(err.Error())
	if marshalErr != nil {
		text = []byte(`"error"`)
	}
	return air.Result{Code: 1, JSON: text}
}

// builtin answers with the pure builtins and what a client knows of itself.
func (c *Client) builtin(ctx context.Context, call Call) air.Result {
	res, err := c.builtins.Call(ctx, pipeline.Call{
		Scope:    pipeline.Scope{Host: c.id, Peer: c.id},
		Particle: call.Particle, Service: call.Service, Function: call.Function,
		Args: call.Args, Tetraplets: call.Tetraplets, Origins: call.Origins,
	})
	if err != nil {
		return failure(err)
	}
	return air.Result{Code: res.Code, JSON: res.JSON}
}

func (c *Client) identify() builtin.Info {
	return builtin.Info{ExternalAddresses: []string{}, NodeVersion: c.cfg.Agent, AirVersion: airVersion, SpellVersion: "", AllowedBinaries: []string{}}
}

// noRouting is the routing table of a client: it has none.
type noRouting struct{}

// Neighborhood refuses.
func (noRouting) Neighborhood([sha256.Size]byte, int, bool) ([]peer.ID, error) {
	return nil, errors.New("a client has no routing table; ask its relay")
}

// signer signs with the client's key.
type signer struct{ key crypto.PrivKey }

// Sign returns the signature of data.
func (s signer) Sign(_ peer.ID, data []byte) ([]byte, error) { return s.key.Sign(data) }

// Verify reports whether signature is that of this client for data.
func (s signer) Verify(_ peer.ID, data, signature []byte) (bool, error) {
	return s.key.GetPublic().Verify(data, signature)
}
