// SPDX-License-Identifier: Apache-2.0

// Package system is the system transaction: the first of every block, made by the proposer, checked by every
// validator, signed by nobody. Modules speak in it through a Source each. It never comes from outside: the ante
// chain lets it pass only where a block is executed.
package system

import (
	"fmt"
	"slices"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
)

// ModuleName names the account that stands as the signer of the system transaction. It has no key and no coins.
const ModuleName = "system"

// Kind names one module's entry and the form of its payload. Kinds are part of consensus: never renumber one.
type Kind uint32

// Kinds that are given out.
const (
	// KindBeacon is the proposer's random output.
	KindBeacon Kind = 1
	// KindVerdicts are the verdicts on queued capacity proofs.
	KindVerdicts Kind = 2
)

// MaxPayloadBytes bounds all payloads of one system transaction together.
const MaxPayloadBytes = 256 << 10

// Authority returns the address that stands as the signer.
func Authority() string { return authtypes.NewModuleAddress(ModuleName).String() }

// NewMsg returns the message of the block at height with the given entries, sorted by kind.
func NewMsg(height int64, entries []Entry) *MsgExecute {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b Entry) int { return int(a.Kind) - int(b.Kind) })
	return &MsgExecute{Authority: Authority(), Height: height, Entries: entries}
}

// ValidateFor checks the form of the message for the block at height; it reads no state.
//
// Errors: ErrAuthority, ErrHeight, ErrOrder, ErrEmptyPayload, ErrTooLarge.
func (m *MsgExecute) ValidateFor(height int64) error {
	if m.Authority != Authority() {
		return ErrAuthority.Wrapf("authority %q, want %q", m.Authority, Authority())
	}
	if m.Height != height {
		return ErrHeight.Wrapf("height %d in block %d", m.Height, height)
	}
	size := 0
	for i, e := range m.Entries {
		if i > 0 && m.Entries[i-1].Kind >= e.Kind {
			return ErrOrder.Wrapf("kind %d after kind %d", e.Kind, m.Entries[i-1].Kind)
		}
		if len(e.Payload) == 0 {
			return ErrEmptyPayload.Wrapf("kind %d", e.Kind)
		}
		size += len(e.Payload)
	}
	if size > MaxPayloadBytes {
		return ErrTooLarge.Wrapf("%d bytes of payload, at most %d", size, MaxPayloadBytes)
	}
	return nil
}

// payload returns the payload of a kind, or nil.
func (m *MsgExecute) payload(kind Kind) []byte {
	for _, e := range m.Entries {
		if Kind(e.Kind) == kind {
			return e.Payload
		}
	}
	return nil
}

// String returns the name of a kind for logs.
func (k Kind) String() string {
	switch k {
	case KindBeacon:
		return "beacon"
	case KindVerdicts:
		return "verdicts"
	default:
		return fmt.Sprintf("kind %d", uint32(k))
	}
}
