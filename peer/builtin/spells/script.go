// SPDX-License-Identifier: Apache-2.0

package spells

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/spell"
)

// Services that a script finds at its initiator; the official compiler writes
// these names into every script.
const (
	dataService     = "getDataSrv"
	callbackService = "callbackSrv"
	errorService    = "errorHandlingSrv"
)

// Call answers for scripts of spells and for the functions of each spell.
//
// Errors: builtin.ErrNotDefined for any other service.
func (s *Service) Call(_ context.Context, c pipeline.Call) (pipeline.Result, error) {
	var v any
	var err error
	switch c.Service {
	case dataService:
		v, err = s.data(c)
	case callbackService:
		if c.Function != "response" {
			return pipeline.Result{}, builtin.ErrNotDefined
		}
		v, err = s.response(c)
	case errorService:
		if c.Function != "error" {
			return pipeline.Result{}, builtin.ErrNotDefined
		}
		v, err = s.scriptError(c)
	default:
		return s.callSpell(c)
	}
	return answer(v, err)
}

// answer writes a value, or an error as upstream does: code 1 and its text.
func answer(v any, err error) (pipeline.Result, error) {
	res := pipeline.Result{}
	if err != nil {
		v, res.Code = err.Error(), 1
	}
	switch v := v.(type) {
	case json.RawMessage:
		res.JSON = v
		return res, nil
	case builtin.Empty:
		res.JSON = []byte(`""`)
		return res, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err = enc.Encode(v)
	res.JSON = bytes.TrimRight(b.Bytes(), "\n")
	return res, err
}

// Kind says what is known to change nothing by its service's name alone: another
// service may have functions of the same names.
func (s *Service) Kind(service, _ string) pipeline.Kind {
	if service == dataService {
		return pipeline.Pure
	}
	return pipeline.Effect
}

// data answers getDataSrv: the spell's id, the peer, the HTTP request, or the JSON
// that a key's text is.
func (s *Service) data(c pipeline.Call) (any, error) {
	id, err := s.particleSpell(c)
	if err != nil {
		return nil, err
	}
	switch c.Function {
	case "spell_id":
		return id, nil
	case "-relay-":
		return c.Scope.Host.String(), nil
	case spell.RequestKey:
		if raw, ok := s.cfg.Spells.RequestData(c.Particle); ok {
			return raw, nil
		}
	}
	text, ok, err := s.cfg.Spells.String(c.Scope.Peer, id, c.Function)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("spell %s has no value %.128q", id, c.Function)
	}
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("value %.128q of spell %s is not JSON", c.Function, id)
	}
	return json.RawMessage(text), nil
}

// response answers callbackSrv.response: the HTTP request, or the fields of an
// object become values of the spell.
func (s *Service) response(c pipeline.Call) (any, error) {
	id, err := s.particleSpell(c)
	if err != nil {
		return nil, err
	}
	value := json.RawMessage(`""`)
	if len(c.Args) > 0 {
		value = c.Args[0]
	}
	if s.cfg.Spells.Respond(c.Particle, value, false) || len(c.Args) == 0 {
		return builtin.Empty{}, nil
	}
	return builtin.Empty{}, s.cfg.Spells.SetFields(c.Scope.Peer, id, s.cfg.Spells.Caller(c.Particle), value)
}

// scriptError answers errorHandlingSrv.error: (error, index).
func (s *Service) scriptError(c pipeline.Call) (any, error) {
	id, err := s.particleSpell(c)
	if err != nil {
		return nil, err
	}
	a := builtin.NewArgs(c.Args)
	entry, err := nextError(a)
	if err != nil {
		return nil, err
	}
	s.cfg.Spells.Respond(c.Particle, c.Args[0], true)
	return builtin.Empty{}, s.cfg.Spells.StoreError(c.Scope.Peer, id, s.cfg.Spells.Caller(c.Particle), c.Particle.ID, entry)
}

// nextError reads (error, index). Fields of the error may be missing: AquaVM's has
// no peer for its own errors.
func nextError(a *builtin.Args) (spell.LastErrorEntry, error) {
	raw, err := builtin.Next[json.RawMessage](a, "error")
	if err != nil {
		return spell.LastErrorEntry{}, err
	}
	var loose struct {
		ErrorCode   json.Number `json:"error_code"`
		Instruction string      `json:"instruction"`
		Message     string      `json:"message"`
		PeerID      string      `json:"peer_id"`
	}
	if err := json.Unmarshal(raw, &loose); err != nil {
		return spell.LastErrorEntry{}, fmt.Errorf("Error deserializing field 'error': expected an error, got %.256s", raw) //nolint:staticcheck // ST1005: upstream's text
	}
	code, err := loose.ErrorCode.Int64()
	if err != nil {
		code = 0
	}
	index, _, err := builtin.Opt[uint32](a, "error_idx")
	if err != nil {
		return spell.LastErrorEntry{}, err
	}
	return spell.LastErrorEntry{ErrorIdx: index, LastError: spell.LastError{
		ErrorCode: uint32(max(min(code, 1<<32-1), 0)), Instruction: loose.Instruction, Message: loose.Message, PeerID: loose.PeerID,
	}}, nil
}
