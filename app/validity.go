// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/sha256"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app/system"
)

// judge decides, transaction by transaction, what a block may hold. The proposer asks it what to put in, a
// validator asks it what to accept: with one judge they cannot disagree.
type judge struct {
	app    *App
	mode   sdk.ExecMode
	ledger ledger
	seen   map[[sha256.Size]byte]bool
}

// newJudge returns the judge of a block in the given mode, over the context of that mode. The base fee becomes
// that of the block, as when it is executed.
func (a *App) newJudge(ctx sdk.Context, mode sdk.ExecMode, maxBytes int64) (*judge, error) {
	if err := a.FeeMarket.BeginBlock(ctx); err != nil {
		return nil, fmt.Errorf("set base fee: %w", err)
	}
	j := &judge{app: a, mode: mode, seen: make(map[[sha256.Size]byte]bool)}
	j.ledger.limit(ctx, maxBytes)
	return j, nil
}

// system judges the first transaction of the block that ctx describes.
func (j *judge) system(ctx sdk.Context, raw []byte) *Rejection {
	tx, err := j.app.decode(raw)
	if err != nil {
		return reject(ReasonNoSystem, err)
	}
	m, ok := system.FromTx(tx)
	if !ok {
		return reject(ReasonNoSystem, errors.New("the first transaction is not the system transaction"))
	}
	if err := system.Canonical(j.app.encoding.TxConfig, m, raw); err != nil {
		return reject(ReasonSystem, err)
	}
	if err := j.app.sources.Check(ctx, m); err != nil {
		return reject(ReasonSystem, err)
	}
	return nil
}

// admit judges a transaction that is not the first. If it returns nil, the transaction is booked and its fee and
// sequence are written to the mode's state.
func (j *judge) admit(raw []byte, tx sdk.Tx) *Rejection {
	if _, ok := system.FromTx(tx); ok {
		return reject(ReasonSystemAgain, system.ErrOutside)
	}
	id := sha256.Sum256(raw)
	if j.seen[id] {
		return reject(ReasonDuplicate, fmt.Errorf("hash %X", id))
	}
	fee, ok := tx.(sdk.FeeTx)
	if !ok {
		return reject(ReasonDecode, fmt.Errorf("transaction of type %T asks for no gas", tx))
	}
	kind := laneOf(tx)
	if kind == laneEVM {
		if _, err := j.app.checkWrapper(tx, raw); err != nil {
			return reject(ReasonDecode, err)
		}
	}
	before := j.ledger
	if r := j.ledger.add(kind, fee.GetGas(), len(raw)); r != nil {
		return r
	}
	if _, _, _, err := j.app.RunTx(j.mode, raw, tx, 0, nil, nil); err != nil {
		j.ledger = before
		if errors.Is(err, system.ErrOutside) {
			return reject(ReasonSystemAgain, err)
		}
		return reject(ReasonAnte, err)
	}
	j.seen[id] = true
	return nil
}
