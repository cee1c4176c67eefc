// SPDX-License-Identifier: Apache-2.0

package app

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
	"google.golang.org/protobuf/encoding/protowire"
)

// proofRoom is the part of a block, in twelfths, that must be left to proofs for the block to count as one in
// which leaves could be opened.
const proofRoom = 1

// leavesNoRoom reports whether a block leaves proofs less room than proofRoom, be it that the block or that the lane
// of proofs is full. Peers that are drawn have a number of blocks to open their leaves; those without room do not count.
func (a *App) leavesNoRoom(ctx sdk.Context, txs [][]byte) bool {
	var l ledger
	l.limit(ctx, MaxBlockBytes)
	for _, raw := range txs {
		l.totalGas += min(wantedGas(raw), l.maxGas)
		l.totalBytes += int64(len(raw))
	}
	lane := int64(shareProofs) * 2 // in twelfths
	if l.totalGas <= l.maxGas/12*(lane-proofRoom) && l.totalBytes <= l.maxBytes/12*(lane-proofRoom) {
		return false // whatever these are, there is room
	}
	for _, raw := range txs {
		if tx, err := a.decode(raw); err == nil && laneOf(tx) == laneProofs {
			l.gas[laneProofs] += min(wantedGas(raw), l.maxGas)
			l.bytes[laneProofs] += int64(len(raw))
		}
	}
	gas := min(l.maxGas-l.totalGas, l.maxGas/12*lane-l.gas[laneProofs])
	bytes := min(l.maxBytes-l.totalBytes, l.maxBytes/12*lane-l.bytes[laneProofs])
	return gas < l.maxGas/12*proofRoom || bytes < l.maxBytes/12*proofRoom
}

// limit sets the ledger's bounds to those of the consensus parameters.
func (l *ledger) limit(ctx sdk.Context, maxBytes int64) {
	l.maxGas, l.maxBytes = MaxBlockGas, maxBytes
	if block := ctx.ConsensusParams().Block; block != nil {
		if block.MaxGas > 0 {
			l.maxGas = block.MaxGas
		}
		if block.MaxBytes > 0 {
			l.maxBytes = min(maxBytes, block.MaxBytes)
		}
	}
}

// wantedGas reads the gas limit of an encoded transaction without decoding the rest; 0 if it has none:
//
//	TxRaw       2: auth_info
//	AuthInfo    2: fee
//	Fee         2: gas_limit (varint)
func wantedGas(raw []byte) int64 {
	fee, _ := lastField(raw, 2, protowire.BytesType)
	fee, _ = lastField(fee, 2, protowire.BytesType)
	_, gas := lastField(fee, 2, protowire.VarintType)
	return int64(min(gas, 1<<62))
}

// lastField returns the last field of that number and type, which is the one that counts.
func lastField(b []byte, want protowire.Number, typ protowire.Type) (field []byte, value uint64) {
	for len(b) > 0 {
		num, t, n := protowire.ConsumeTag(b)
		if n < 0 {
			return field, value
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(num, t, b); n < 0 {
			return field, value
		}
		if num == want && t == typ {
			if typ == protowire.VarintType {
				value, _ = protowire.ConsumeVarint(b)
			} else {
				field, _ = protowire.ConsumeBytes(b)
			}
		}
		b = b[n:]
	}
	return field, value
}
