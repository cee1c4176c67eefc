// SPDX-License-Identifier: Apache-2.0

// Package malicious is a validator that breaks the rules of proposals, each rule by name, for tests of networks:
// the others must outvote it and go on. It never runs outside of tests, and refuses chain ids other than the
// local one.
package malicious

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
)

// Fault names one way to break the rules.
type Fault string

// Faults of a proposer, then of a voter, then of an executor.
const (
	// NoSystem leaves the system transaction out.
	NoSystem Fault = "no-system"
	// LateSystem puts the system transaction last.
	LateSystem Fault = "late-system"
	// TwoSystems carries it twice.
	TwoSystems Fault = "two-systems"
	// OldSystem carries that of the block before.
	OldSystem Fault = "old-system"
	// ForeignEntry adds an entry of a kind that no module reads.
	ForeignEntry Fault = "foreign-entry"
	// Undecodable adds bytes that are no transaction.
	Undecodable Fault = "undecodable"
	// Oversized adds a megabyte of bytes and more.
	Oversized Fault = "oversized"
	// Empty proposes a block without transactions.
	Empty Fault = "empty"
	// Crash panics when it should propose.
	Crash Fault = "crash"
	// AcceptAll votes for every block.
	AcceptAll Fault = "accept-all"
	// RejectAll votes against every block.
	RejectAll Fault = "reject-all"
	// WrongHash executes blocks and reports another state.
	WrongHash Fault = "wrong-hash"
)

// Faults returns all faults.
func Faults() []Fault {
	return []Fault{
		NoSystem, LateSystem, TwoSystems, OldSystem, ForeignEntry, Undecodable, Oversized, Empty, Crash,
		AcceptAll, RejectAll, WrongHash,
	}
}

// ProposerFaults returns the faults that show in a block.
func ProposerFaults() []Fault {
	return []Fault{NoSystem, LateSystem, TwoSystems, OldSystem, ForeignEntry, Undecodable, Oversized, Empty}
}

// Errors of New.
var (
	// ErrUnknownFault says that a fault has no such name.
	ErrUnknownFault = errors.New("unknown fault")
	// ErrPublicNetwork says that the application runs on a network that is not local.
	ErrPublicNetwork = errors.New("faults are for the local network only")
)

// App is an application with one fault. Everything else is the honest application's.
type App struct {
	*app.App
	fault Fault
	from  int64
}

// New returns a with a fault that begins at height from.
//
// Errors: ErrUnknownFault, ErrPublicNetwork.
func New(a *app.App, fault Fault, from int64) (*App, error) {
	if !slices.Contains(Faults(), fault) {
		return nil, fmt.Errorf("fault %q: %w; known: %v", fault, ErrUnknownFault, Faults())
	}
	if a.ChainID() != params.ChainIDLocal {
		return nil, fmt.Errorf("chain id %s: %w", a.ChainID(), ErrPublicNetwork)
	}
	return &App{App: a, fault: fault, from: from}, nil
}

func (a *App) active(height int64, faults ...Fault) bool {
	return height >= a.from && slices.Contains(faults, a.fault)
}

// PrepareProposal makes an honest block and spoils it.
func (a *App) PrepareProposal(req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	if a.active(req.Height, Crash) {
		panic("malicious: crash on proposal")
	}
	res, err := a.App.PrepareProposal(req)
	if err != nil || !a.active(req.Height, ProposerFaults()...) {
		return res, err
	}
	res.Txs, err = a.spoil(req.Height, res.Txs)
	return res, err
}

func (a *App) spoil(height int64, txs [][]byte) ([][]byte, error) {
	switch a.fault {
	case NoSystem:
		return append([][]byte{[]byte("no system transaction")}, txs[1:]...), nil
	case LateSystem:
		return append(slices.Clone(txs[1:]), []byte("first"), txs[0]), nil
	case TwoSystems:
		return append(slices.Clone(txs), txs[0]), nil
	case OldSystem:
		return a.replaceFirst(txs, system.NewMsg(height-1, nil))
	case ForeignEntry:
		return a.replaceFirst(txs, system.NewMsg(height, []system.Entry{{Kind: foreignKind, Payload: []byte("entry")}}))
	case Undecodable:
		return append(slices.Clone(txs), []byte{0xff, 0xff}), nil
	case Oversized:
		return append(slices.Clone(txs), bytes.Repeat([]byte{1}, 1<<20+1)), nil
	default:
		return nil, nil
	}
}

// foreignKind is far from any kind that is given out.
const foreignKind = 1 << 30

func (a *App) replaceFirst(txs [][]byte, m *system.MsgExecute) ([][]byte, error) {
	raw, err := system.Encode(a.TxConfig(), m)
	return append([][]byte{raw}, txs[1:]...), err
}

// ProcessProposal votes as the fault says.
func (a *App) ProcessProposal(req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	res, err := a.App.ProcessProposal(req)
	switch {
	case a.active(req.Height, AcceptAll):
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
	case a.active(req.Height, RejectAll):
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	default:
		return res, err
	}
}

// FinalizeBlock executes a block and reports what the fault says.
func (a *App) FinalizeBlock(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	res, err := a.App.FinalizeBlock(req)
	if err == nil && a.active(req.Height, WrongHash) {
		res.AppHash = bytes.Repeat([]byte{0xbd}, len(res.AppHash))
	}
	return res, err
}
