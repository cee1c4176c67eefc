// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
)

// lane is a kind of transaction with a share of every block of its own.
type lane int

const (
	laneEVM    lane = iota // Ethereum transactions
	laneProofs             // transactions of nothing but capacity proofs
	laneOther              // everything else
	laneCount
)

// Shares of a block's gas and bytes that one lane may use, in sixths. Together they exceed a whole, so that a
// full block is possible; none reaches it, so that no lane keeps the others out.
const (
	shareOf     = 6
	shareEVM    = 4
	shareProofs = 3
	shareOther  = 4
	// reserveProofs is what the other lanes together leave to proofs, whatever they pay: leaves are opened in time
	// or an epoch is lost.
	reserveProofs = 1
)

// String returns the lane's name for logs.
func (l lane) String() string { return [laneCount]string{"evm", "proofs", "other"}[l] }

func (l lane) share() int64 { return [laneCount]int64{shareEVM, shareProofs, shareOther}[l] }

// laneOf sorts a transaction into its lane.
func laneOf(tx sdk.Tx) lane {
	msgs := tx.GetMsgs()
	if len(msgs) == 0 {
		return laneOther
	}
	if _, ok := msgs[0].(*evmtypes.MsgEthereumTx); ok {
		return laneEVM
	}
	for _, msg := range msgs {
		if !isProof(msg) {
			return laneOther
		}
	}
	return laneProofs
}

// isProof reports whether a message only submits capacity proofs.
func isProof(msg sdk.Msg) bool {
	for _, m := range ownModules() {
		for _, url := range m.proofs {
			if sdk.MsgTypeURL(msg) == url {
				return true
			}
		}
	}
	return false
}

// ledger adds up what a block holds.
type ledger struct {
	maxGas, maxBytes int64
	gas, bytes       [laneCount]int64
	totalGas         int64
	totalBytes       int64
}

// add books one transaction, or returns why the block has no room for it and books nothing.
func (l *ledger) add(kind lane, gas uint64, bytes int) *Rejection {
	g, b := int64(min(gas, uint64(l.maxGas)+1)), int64(bytes)
	switch {
	case l.totalGas+g > l.maxGas:
		return reject(ReasonBlockGas, fmt.Errorf("%d gas over %d used, block has %d", gas, l.totalGas, l.maxGas))
	case l.totalBytes+b > l.maxBytes:
		return reject(ReasonBlockBytes, fmt.Errorf("%d bytes over %d used, block has %d", bytes, l.totalBytes, l.maxBytes))
	case l.gas[kind]+g > l.maxGas/shareOf*kind.share():
		return reject(ReasonLaneGas, fmt.Errorf("%d gas of %s over %d used", gas, kind, l.gas[kind]))
	case l.bytes[kind]+b > l.maxBytes/shareOf*kind.share():
		return reject(ReasonLaneBytes, fmt.Errorf("%d bytes of %s over %d used", bytes, kind, l.bytes[kind]))
	}
	if kind != laneProofs {
		if used := l.gas[laneEVM] + l.gas[laneOther]; used+g > l.maxGas/shareOf*(shareOf-reserveProofs) {
			return reject(ReasonLaneGas, fmt.Errorf("%d gas of %s over %d used by all but proofs", gas, kind, used))
		}
		if used := l.bytes[laneEVM] + l.bytes[laneOther]; used+b > l.maxBytes/shareOf*(shareOf-reserveProofs) {
			return reject(ReasonLaneBytes, fmt.Errorf("%d bytes of %s over %d used by all but proofs", bytes, kind, used))
		}
	}
	l.totalGas += g
	l.totalBytes += b
	l.gas[kind] += g
	l.bytes[kind] += b
	return nil
}
