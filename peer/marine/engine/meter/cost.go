// SPDX-License-Identifier: Apache-2.0

package meter

import "github.com/go-fluence/fluence/peer/marine/wasmbin"

// CostHost is what a call of an imported function costs, beside what the host
// charges for its work.
const CostHost = 200

// Costs in gas beyond the table of Cost.
const (
	costLoad     = 2
	costStore    = 2
	costDivide   = 12
	costRoot     = 8
	costCall     = 6
	costIndirect = 10
	costSIMD     = 3
	costTable    = 4    // br_table, and table reads and writes
	costBulk     = 40   // a bulk operation, beside its size
	bytesPerGas  = 8    // bytes that a bulk operation moves for one unit
	gasPerEntry  = 4    // per table entry that a bulk operation touches
	gasPerPage   = 8192 // per page that memory.grow asks for
)

// Cost returns the gas of one instruction, without what depends on its operands.
func Cost(op uint32) uint32 {
	switch {
	case op >= wasmbin.OpSIMD:
		switch op - wasmbin.OpSIMD {
		case 0xe3, 0xe7, 0xef, 0xf3: // square roots and divisions of all lanes
			return 2 * costDivide
		}
		return costSIMD
	case op == wasmbin.OpBlock || op == wasmbin.OpEnd || op == wasmbin.OpElse || op == wasmbin.OpNop || op == wasmbin.OpDrop:
		return 0
	case op == wasmbin.OpCall:
		return costCall
	case op == wasmbin.OpCallIndirect:
		return costIndirect
	case op == wasmbin.OpBrTable || op == wasmbin.OpTableGet || op == wasmbin.OpTableSet:
		return costTable
	case op >= 0x28 && op <= 0x35:
		return costLoad
	case op >= 0x36 && op <= 0x3e:
		return costStore
	case op >= 0x6d && op <= 0x70 || op >= 0x7f && op <= 0x82 || op == 0x95 || op == 0xa3:
		return costDivide
	case op == 0x91 || op == 0x9f:
		return costRoot
	case op == wasmbin.OpMemoryGrow || op >= wasmbin.OpMemoryInit && op != wasmbin.OpTableSize && op != wasmbin.OpDataDrop && op != wasmbin.OpElemDrop:
		return costBulk
	}
	return 1
}

// makesNaNs reports whether a SIMD instruction may produce a NaN in a lane.
func makesNaNs(op uint32) bool {
	if op < wasmbin.OpSIMD {
		return false
	}
	switch sub := op - wasmbin.OpSIMD; sub {
	case 0x5e, 0x5f, 0x67, 0x68, 0x69, 0x6a, 0x74, 0x75, 0x7a, 0x94, 0xe3, 0xef:
		return true
	default:
		return sub >= 0xe4 && sub <= 0xeb || sub >= 0xf0 && sub <= 0xf7
	}
}

// makesNaN returns the float type of instructions that may produce a NaN: 32 or
// 64, or 0. Instructions that only move or mask bits are not among them.
func makesNaN(op uint32) int {
	switch {
	case op >= 0x8d && op <= 0x97, op == 0xb6:
		return 32
	case op >= 0x9b && op <= 0xa5, op == 0xbb:
		return 64
	}
	return 0
}
