// SPDX-License-Identifier: Apache-2.0

package spells

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/spell"
)

// target is the spell of a call and who makes it.
type target struct {
	call    pipeline.Call
	scope   peer.ID
	id      string
	who     spell.Caller
	seconds uint64 // of the particle
}

// function is one of the functions that each spell has.
type function func(t target, a *builtin.Args) (any, error)

// callSpell answers a function of the spell that c names.
func (s *Service) callSpell(c pipeline.Call) (pipeline.Result, error) {
	f, ok := s.functions[c.Function]
	if !ok {
		return pipeline.Result{}, builtin.ErrNotDefined
	}
	in, err := s.cfg.Spells.Info(c.Scope.Peer, s.own(c, c.Service))
	if err != nil {
		return pipeline.Result{}, builtin.ErrNotDefined
	}
	t := target{call: c, scope: c.Scope.Peer, id: in.ID, who: s.cfg.Spells.Caller(c.Particle), seconds: c.Particle.Timestamp / 1000}
	v, err := f(t, builtin.NewArgs(c.Args))
	if err != nil && v == nil { // of the arguments
		return answer(nil, err)
	}
	return answer(v, nil)
}

// Answers of a spell; js-client refuses those with a field missing.
type (
	unitValue struct {
		Success bool   `json:"success"`
		Error   string `json:"error"`
	}
	boolValue struct {
		Value bool `json:"value"`
		unitValue
	}
	textValue struct { // ScriptValue, CIDv1Value
		Value string `json:"value"`
		unitValue
	}
	stringValue struct {
		Value string `json:"value"`
		unitValue
		Absent bool `json:"absent"`
	}
	u32Value struct {
		Value uint32 `json:"value"`
		unitValue
		Absent bool `json:"absent"`
	}
	listValue struct {
		Value []string `json:"value"`
		unitValue
	}
	logsResult struct {
		Logs []spell.Log `json:"logs"`
		unitValue
	}
	mailboxResult struct {
		Messages []spell.Message `json:"messages"`
		unitValue
	}
	popResult struct {
		Message []spell.Message `json:"message"`
		unitValue
		Absent bool `json:"absent"`
	}
	errorsResult struct {
		ParticleErrors []spell.ParticleErrors `json:"particle_errors"`
		unitValue
	}
	triggerValue struct {
		Config spell.Trigger `json:"config"`
		unitValue
	}
)

func unit(err error) unitValue {
	if err != nil {
		return unitValue{Error: err.Error()}
	}
	return unitValue{Success: true}
}

// withKey is a function whose first argument is a key.
func withKey(f func(t target, key string, a *builtin.Args) (any, error)) function {
	return func(t target, a *builtin.Args) (any, error) {
		key, err := builtin.Next[string](a, "key")
		if err != nil {
			return nil, err
		}
		return f(t, key, a)
	}
}

// withText is a function of a key and a text that changes values.
func withText(f func(t target, key, text string) error) function {
	return withKey(func(t target, key string, a *builtin.Args) (any, error) {
		text, err := builtin.Next[string](a, "value")
		if err != nil {
			return nil, err
		}
		return unit(f(t, key, text)), nil
	})
}

// with is a function of one text.
func with(name string, f func(t target, text string) any) function {
	return func(t target, a *builtin.Args) (any, error) {
		text, err := builtin.Next[string](a, name)
		if err != nil {
			return nil, err
		}
		return f(t, text), nil
	}
}

// read is a function without arguments that changes nothing.
func read(f func(t target) any) function {
	return func(t target, _ *builtin.Args) (any, error) { return f(t), nil }
}

// spellFunctions are the functions of @fluencelabs/spell.
func (s *Service) spellFunctions() map[string]function {
	all := map[string]function{}
	for _, group := range []map[string]function{s.valueReads(), s.valueWrites(), s.noteFunctions(), s.selfFunctions()} {
		for name, f := range group {
			all[name] = f
		}
	}
	return all
}

func (s *Service) valueReads() map[string]function {
	sp := s.cfg.Spells
	return map[string]function{
		"exists": withKey(func(t target, key string, _ *builtin.Args) (any, error) {
			ok, err := sp.Exists(t.scope, t.id, key)
			return boolValue{ok, unit(err)}, nil
		}),
		"get_string": withKey(func(t target, key string, _ *builtin.Args) (any, error) {
			v, ok, err := sp.String(t.scope, t.id, key)
			return stringValue{v, unit(err), !ok}, nil
		}),
		"get_u32": withKey(func(t target, key string, _ *builtin.Args) (any, error) {
			v, ok, err := sp.U32(t.scope, t.id, key)
			return u32Value{v, unit(err), !ok}, nil
		}),
		"list_get_strings": withKey(func(t target, key string, _ *builtin.Args) (any, error) {
			v, err := sp.Strings(t.scope, t.id, key)
			return listValue{v, unit(err)}, nil
		}),
	}
}

func (s *Service) valueWrites() map[string]function {
	sp := s.cfg.Spells
	return map[string]function{
		"set_string": withText(func(t target, key, v string) error { return sp.SetString(t.scope, t.id, t.who, key, v) }),
		"set_u32": withKey(func(t target, key string, a *builtin.Args) (any, error) {
			v, err := builtin.Next[uint32](a, "value")
			if err != nil {
				return nil, err
			}
			return unit(sp.SetU32(t.scope, t.id, t.who, key, v)), nil
		}),
		"list_push_string":   withText(func(t target, key, v string) error { return sp.ListPush(t.scope, t.id, t.who, key, v) }),
		"list_remove_string": withText(func(t target, key, v string) error { return sp.ListRemove(t.scope, t.id, t.who, key, v) }),
		"list_pop_string": withKey(func(t target, key string, _ *builtin.Args) (any, error) {
			v, ok, err := sp.ListPop(t.scope, t.id, t.who, key)
			return stringValue{v, unit(err), !ok}, nil
		}),
		"remove_key": withKey(func(t target, key string, _ *builtin.Args) (any, error) {
			return unit(sp.RemoveKey(t.scope, t.id, t.who, key)), nil
		}),
		"set_json_fields": with("json", func(t target, text string) any {
			return unit(sp.SetFields(t.scope, t.id, t.who, []byte(text)))
		}),
	}
}

func (s *Service) noteFunctions() map[string]function {
	sp := s.cfg.Spells
	return map[string]function{
		"get_logs": read(func(t target) any {
			list, err := sp.Logs(t.scope, t.id)
			return logsResult{list, unit(err)}
		}),
		"store_log": with("log", func(t target, text string) any {
			return unit(sp.StoreLog(t.scope, t.id, t.who, spell.Log{Timestamp: t.seconds, Message: text}))
		}),
		"get_mailbox": read(func(t target) any {
			list, err := sp.Mailbox(t.scope, t.id)
			return mailboxResult{list, unit(err)}
		}),
		"push_mailbox": with("message", func(t target, text string) any {
			return unit(sp.PushMail(t.scope, t.id, spell.Message{InitPeerID: t.who.Init, Timestamp: t.seconds, Message: text}))
		}),
		"pop_mailbox": func(t target, _ *builtin.Args) (any, error) {
			m, ok, err := sp.PopMail(t.scope, t.id, t.who)
			out := popResult{[]spell.Message{}, unit(err), !ok}
			if ok {
				out.Message = append(out.Message, m)
			}
			return out, nil
		},
		"get_all_errors": read(func(t target) any {
			list, err := sp.Errors(t.scope, t.id)
			return errorsResult{list, unit(err)}
		}),
		"get_errors": func(t target, a *builtin.Args) (any, error) {
			particle, err := builtin.Next[string](a, "particle_id")
			if err != nil {
				return nil, err
			}
			list, err := sp.Errors(t.scope, t.id)
			out := []spell.LastErrorEntry{}
			for _, p := range list {
				if p.ParticleID == particle {
					out = p.Errors
				}
			}
			return out, err
		},
		"store_error": func(t target, a *builtin.Args) (any, error) {
			e, err := nextError(a)
			if err != nil {
				return nil, err
			}
			return unit(sp.StoreError(t.scope, t.id, t.who, t.call.Particle.ID, e)), nil
		},
	}
}

var errNotOwner = errors.New("only the spell itself, the host or who installed it may")

func (s *Service) selfFunctions() map[string]function {
	sp := s.cfg.Spells
	return map[string]function{
		"get_script": read(func(t target) any {
			script, err := sp.Script(t.scope, t.id)
			return textValue{script, unit(err)}
		}),
		"script_cid": read(func(t target) any {
			script, err := sp.Script(t.scope, t.id)
			if err != nil {
				return textValue{"", unit(err)}
			}
			root, err := dag.Root([]byte(script))
			if err != nil {
				return textValue{"", unit(err)}
			}
			return textValue{root.String(), unit(nil)}
		}),
		"set_script": with("script", func(t target, text string) any {
			if err := s.owns(t); err != nil {
				return unit(err)
			}
			return unit(sp.SetScript(t.scope, t.id, text))
		}),
		"get_trigger_config": read(func(t target) any {
			in, err := sp.Info(t.scope, t.id)
			in.Trigger.HTTP = nil // nobody needs the digest of a token
			return triggerValue{in.Trigger, unit(err)}
		}),
		"set_trigger_config": func(t target, a *builtin.Args) (any, error) {
			raw, err := builtin.Next[json.RawMessage](a, "config")
			if err != nil {
				return nil, err
			}
			trigger, err := spell.ParseTrigger(raw)
			if err == nil {
				err = s.owns(t)
			}
			if err == nil {
				err = sp.SetTrigger(t.scope, t.id, trigger)
			}
			return unit(err), nil
		},
	}
}

// owns refuses those who may not change a spell's script and trigger.
func (s *Service) owns(t target) error {
	in, err := s.cfg.Spells.Info(t.scope, t.id)
	if err != nil {
		return err
	}
	if in.Owns(t.who, s.cfg.Self) || s.isManager(t.who.Init) {
		return nil
	}
	return fmt.Errorf("%s: %w", t.who.Init, errNotOwner)
}
