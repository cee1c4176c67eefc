// SPDX-License-Identifier: Apache-2.0

package system

import (
	"errors"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Source is how a module speaks in the system transaction. Its methods take a context over the state before the
// block (Prepare, Check) or over the state after the block's begin (Execute), and only standard types, so that a
// module satisfies it without importing this package.
type Source interface {
	// Prepare returns the payload for the block that ctx describes, at most limit bytes; empty means nothing to
	// say. It runs on the proposer only and may read what other validators do not have.
	Prepare(ctx sdk.Context, limit int) ([]byte, error)
	// Check returns an error when the payload must not stand in the block that ctx describes; a nil payload
	// stands for a block without one. Every validator must come to the same answer.
	Check(ctx sdk.Context, payload []byte) error
	// Execute applies a payload that a block carries. An error undoes what this call wrote and nothing else.
	Execute(ctx sdk.Context, payload []byte) error
}

// Registered is a source with its kind and its share of the transaction.
type Registered struct {
	Kind     Kind
	MaxBytes int
	Source   Source
}

// Sources are all modules that speak in the system transaction, sorted by kind. It is not changed after NewSources
// and is safe for concurrent use if its sources are.
type Sources struct{ list []Registered }

// NewSources returns the sources sorted by kind.
//
// It returns an error when two share a kind or their shares exceed MaxPayloadBytes.
func NewSources(list ...Registered) (*Sources, error) {
	s := &Sources{list: slices.Clone(list)}
	slices.SortFunc(s.list, func(a, b Registered) int { return int(a.Kind) - int(b.Kind) })
	total := 0
	for i, r := range s.list {
		if i > 0 && s.list[i-1].Kind == r.Kind {
			return nil, fmt.Errorf("two sources for %s", r.Kind)
		}
		if r.MaxBytes < 1 {
			return nil, fmt.Errorf("%s: share of %d bytes", r.Kind, r.MaxBytes)
		}
		total += r.MaxBytes
	}
	if total > MaxPayloadBytes {
		return nil, fmt.Errorf("shares of all sources are %d bytes, at most %d", total, MaxPayloadBytes)
	}
	return s, nil
}

// Prepare returns the message for the block that ctx describes. A source that fails is left out and its error
// returned beside the message, which is good either way.
func (s *Sources) Prepare(ctx sdk.Context) (*MsgExecute, error) {
	var entries []Entry
	var failed error
	for _, r := range s.list {
		payload, err := r.prepare(ctx)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("prepare %s: %w", r.Kind, err))
			continue
		}
		if len(payload) > 0 {
			entries = append(entries, Entry{Kind: uint32(r.Kind), Payload: payload})
		}
	}
	return NewMsg(ctx.BlockHeight(), entries), failed
}

func (r Registered) prepare(ctx sdk.Context) (payload []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			payload, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	branch, _ := ctx.CacheContext()
	payload, err = r.Source.Prepare(branch, r.MaxBytes)
	if err == nil && len(payload) > r.MaxBytes {
		err = ErrTooLarge.Wrapf("%d bytes, share is %d", len(payload), r.MaxBytes)
	}
	return payload, err
}

// Check returns why the message must not be executed in the block that ctx describes, or nil.
//
// Errors: those of ValidateFor, ErrUnknownKind, ErrTooLarge, ErrCheck.
func (s *Sources) Check(ctx sdk.Context, m *MsgExecute) error {
	if err := m.ValidateFor(ctx.BlockHeight()); err != nil {
		return err
	}
	for _, e := range m.Entries {
		if !s.reads(Kind(e.Kind)) {
			return ErrUnknownKind.Wrapf("%d", e.Kind)
		}
	}
	for _, r := range s.list {
		payload := m.payload(r.Kind)
		if len(payload) > r.MaxBytes {
			return ErrTooLarge.Wrapf("%s: %d bytes, share is %d", r.Kind, len(payload), r.MaxBytes)
		}
		branch, _ := ctx.CacheContext()
		if err := r.Source.Check(branch, payload); err != nil {
			return fmt.Errorf("%s: %w: %w", r.Kind, ErrCheck, err)
		}
	}
	return nil
}

// Execute applies every entry on a branch of its own, so that one that fails leaves the others' effects alone.
// Each failure is an event.
func (s *Sources) Execute(ctx sdk.Context, m *MsgExecute) error {
	if err := m.ValidateFor(ctx.BlockHeight()); err != nil {
		return err
	}
	for _, r := range s.list {
		payload := m.payload(r.Kind)
		if payload == nil {
			continue
		}
		branch, write := ctx.CacheContext()
		if err := r.Source.Execute(branch, payload); err != nil {
			ctx.Logger().Error("entry of the system transaction failed", "kind", r.Kind.String(), "err", err)
			ctx.EventManager().EmitEvent(sdk.NewEvent("system_entry_failed", sdk.NewAttribute("kind", r.Kind.String())))
			continue
		}
		write()
	}
	return nil
}

func (s *Sources) reads(kind Kind) bool {
	return slices.ContainsFunc(s.list, func(r Registered) bool { return r.Kind == kind })
}
