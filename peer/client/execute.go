// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-fluence/fluence/peer/particle"
)

// Services under which a script finds its initiator; the official compiler
// writes these names into every script.
const (
	dataService     = "getDataSrv"
	relayName       = "-relay-"
	callbackService = "callbackSrv"
	responseName    = "response"
	errorService    = "errorHandlingSrv"
	errorName       = "error"
)

// Script is an AIR script with what it asks its initiator for. Scripts compiled
// from Aqua fit as they are.
type Script struct {
	AIR       string
	Args      map[string]any      // answers of getDataSrv.NAME on the initiator
	Callbacks map[string]Function // functions callbackSrv.NAME, beside response
	TTL       time.Duration       // 0: that of the client
}

// Execute runs s and waits for its response: the arguments of the first call of
// callbackSrv.response on this client. Callbacks may be called before and after,
// as long as the particle lives.
//
// Errors: *ScriptError for what the script reports to errorHandlingSrv.error,
// *InterpreterError when the script cannot run here, ErrTimeout when the
// particle's life ends first, ErrNotRunning, ErrBusy, those of ctx.
func (c *Client) Execute(ctx context.Context, s Script) ([]json.RawMessage, error) {
	done := make(chan reply, 1)
	st, err := c.begin(s, done)
	if err != nil {
		return nil, err
	}
	defer c.forget(st)
	select {
	case r := <-done:
		return r.values, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("particle %s: %w", st.head.ID, ctx.Err())
	}
}

// Send starts s and returns the id of its particle once this client's part has
// run and the relay has the particle; no response is waited for.
//
// Errors: as Execute, without *ScriptError.
func (c *Client) Send(ctx context.Context, s Script) (id string, err error) {
	done := make(chan reply, 1)
	st, err := c.begin(s, done)
	if err != nil {
		return "", err
	}
	select {
	case <-st.left:
		return st.head.ID, nil
	case r := <-done:
		var own *ScriptError
		if r.err != nil && !errors.As(r.err, &own) {
			return st.head.ID, r.err
		}
		return st.head.ID, nil
	case <-ctx.Done():
		return st.head.ID, fmt.Errorf("particle %s: %w", st.head.ID, ctx.Err())
	}
}

// Call runs one function on another peer by way of the relay and decodes its
// result into out, which may be nil.
func (c *Client) Call(ctx context.Context, peerID, service, function string, out any, args ...any) error {
	given := map[string]any{"peer": peerID, "service": service, "function": function}
	loads, names := "", ""
	for i, a := range args {
		arg := fmt.Sprintf("arg%d", i)
		given[arg] = a
		loads += fmt.Sprintf("(seq (call %%init_peer_id%% (%q %q) [] %s) ", dataService, arg, arg)
		names += " " + arg
	}
	closing := ""
	for range args {
		closing += ")"
	}
	script := fmt.Sprintf(callScript, loads, names, closing)
	values, err := c.Execute(ctx, Script{AIR: script, Args: given})
	if err != nil || out == nil {
		return err
	}
	if len(values) == 0 {
		return fmt.Errorf("%s.%s returned nothing", service, function)
	}
	return json.Unmarshal(values[0], out)
}

// callScript loads the address and the arguments, hops to the relay and on to
// the peer, and brings the result back by the same way.
const callScript = `(xor
 (seq (call %%init_peer_id%% ("getDataSrv" "-relay-") [] -relay-)
 (seq (call %%init_peer_id%% ("getDataSrv" "peer") [] peer)
 (seq (call %%init_peer_id%% ("getDataSrv" "service") [] service)
 (seq (call %%init_peer_id%% ("getDataSrv" "function") [] function)
 %s(seq (call -relay- ("op" "noop") [])
 (seq (xor (call peer (service function) [%s] result)
           (seq (call -relay- ("op" "noop") []) (fail :error:)))
 (seq (call -relay- ("op" "noop") [])
 (call %%init_peer_id%% ("callbackSrv" "response") [result]))))%s))))
 (call %%init_peer_id%% ("errorHandlingSrv" "error") [:error: 0]))`

// CheckConnection sends a value to the relay and back.
func (c *Client) CheckConnection(ctx context.Context) error {
	want, got := rand.Text(), ""
	if err := c.Call(ctx, c.relay.ID.String(), "op", "identity", &got, want); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("relay answered %.100q, want %q", got, want)
	}
	return nil
}

// reply is how a script ended.
type reply struct {
	values []json.RawMessage
	err    error
}

// begin makes the particle of s and gives it to the interpreter.
func (c *Client) begin(s Script, done chan reply) (*stay, error) {
	ttl := s.TTL
	if ttl == 0 {
		ttl = c.cfg.TTL
	}
	p, err := particle.New(c.cfg.Key, particle.Draft{
		Script: s.AIR, TTL: ttl, MaxHops: c.cfg.MaxHops, Time: time.Now(), Nonce: rand.Reader,
	})
	if err != nil {
		return nil, err
	}
	functions, err := s.functions(c, done)
	if err != nil {
		return nil, err
	}
	return c.admit(p, functions, done)
}

// functions are what belongs to the particle of s.
func (s Script) functions(c *Client, done chan reply) (map[string]Function, error) {
	functions := make(map[string]Function, len(s.Args)+len(s.Callbacks)+3)
	for key, v := range s.Args {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("argument %s: %w", key, err)
		}
		functions[name(dataService, key)] = func(context.Context, Call) (any, error) { return json.RawMessage(text), nil }
	}
	if _, own := s.Args[relayName]; !own {
		functions[name(dataService, relayName)] = func(context.Context, Call) (any, error) { return c.relay.ID.String(), nil }
	}
	for key, f := range s.Callbacks {
		functions[name(callbackService, key)] = f
	}
	functions[name(callbackService, responseName)] = func(_ context.Context, call Call) (any, error) {
		finish(done, reply{values: call.Args})
		return nil, nil //nolint:nilnil // an empty answer
	}
	functions[name(errorService, errorName)] = func(_ context.Context, call Call) (any, error) {
		finish(done, reply{err: scriptError(call.Args)})
		return nil, nil //nolint:nilnil // an empty answer
	}
	return functions, nil
}

// finish reports the end of a script; only the first report counts.
func finish(done chan reply, r reply) {
	select {
	case done <- r:
	default:
	}
}
