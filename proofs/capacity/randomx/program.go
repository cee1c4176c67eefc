// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math"
	"math/bits"
)

// VM instructions, in the order in which opcodes are dealt out (specification,
// chapter 5), then the special forms the decoder makes of them.
const (
	opAddShift = iota
	opAddM
	opSub
	opSubM
	opMul
	opMulM
	opMulh
	opMulhM
	opSmulh
	opSmulhM
	opRcp
	opNeg
	opXor
	opXorM
	opRor
	opRol
	opSwap
	opFSwap
	opFAdd
	opFAddM
	opFSub
	opFSubM
	opFScal
	opFMul
	opFDivM
	opFSqrt
	opBranch
	opRound
	opStore
	opNop    // IMUL_RCP by zero or a power of two, ISWAP_R with itself
	opAddImm // ISUB_R with an immediate, negated
	opMulImm // IMUL_R with an immediate, IMUL_RCP
	opXorImm
	opRorImm // IROR_R and IROL_R with an immediate
	opESwap  // FSWAP_R on group E

	opCount = opNop // instructions that can be encoded
)

// opFrequency is how many of the 256 opcodes each instruction has.
func opFrequency() [opCount]int {
	return [opCount]int{
		16, 7, 16, 7, 16, 4, 4, 1, 4, 1, 8, 2, 15, 5, 8, 2, 4, // integer
		4, 16, 5, 16, 5, 6, 32, 4, 6, // float
		25, 1, 16, // branch, rounding mode, store
	}
}

// opTable maps an opcode to its instruction.
func opTable() (t [256]uint8) {
	i := 0
	for op, n := range opFrequency() {
		for range n {
			t[i] = uint8(op)
			i++
		}
	}
	return t
}

// vmOp is one decoded instruction.
type vmOp struct {
	code, dst, src uint8
	shift          uint8  // opAddShift: left; opRorImm: right; opRound: right; opBranch: lowest bit tested
	mask           uint32 // memory: address mask; opBranch: instruction to go on with
	imm            uint64 // sign-extended constant, opAddShift's addend, reciprocal
}

// program is a decoded program with its configuration (chapter 4.5).
type program struct {
	ops    [programSize]vmOp
	a      [4][2]float64
	eMask  [2]uint64
	ma, mx uint32
	addr   [4]uint8 // address registers
	offset uint64   // datasetOffset, in bytes
}

const (
	programWords = 16 + programSize // quadwords that program a VM
	maskL1       = (scratchL1 - 1) &^ 7
	maskL2       = (scratchL2 - 1) &^ 7
	maskL3       = (scratchL3 - 1) &^ 7
	maskLine     = (scratchL3 - 1) &^ 63
)

// decode reads a program from the generator's words.
func (p *program) decode(w *[programWords]uint64, table *[256]uint8) {
	for i := range p.a {
		for j := range 2 {
			q := w[2*i+j]
			p.a[i][j] = math.Float64frombits((q>>59+expBias)<<52 | q&fracMask)
		}
	}
	p.ma, p.mx = uint32(w[8]), uint32(w[10])
	for i := range p.addr {
		p.addr[i] = uint8(2*i) + uint8(w[12]>>i&1)
	}
	p.offset = w[13] % (datasetExtra/ItemSize + 1) * ItemSize
	for i := range p.eMask {
		p.eMask[i] = w[14+i]&(1<<22-1) | (0x300|w[14+i]>>60<<4)<<52
	}
	// For each register the instruction to go on with after a branch: the one
	// after its last change, at first the first.
	var after [8]uint32
	for i := range p.ops {
		p.ops[i] = decodeOp(w[16+i], table, uint32(i), &after)
	}
}

// decodeOp decodes instruction number n and notes in after which registers it
// changes.
func decodeOp(w uint64, table *[256]uint8, n uint32, after *[8]uint32) vmOp {
	dst, src, mod := uint8(w>>8)&7, uint8(w>>16)&7, uint8(w>>24)
	imm32 := uint32(w >> 32)
	op := vmOp{code: table[uint8(w)], dst: dst, src: src, imm: uint64(int64(int32(imm32)))}
	op.mask = maskL1
	if mod&3 == 0 {
		op.mask = maskL2
	}
	switch op.code {
	case opAddM, opSubM, opMulM, opMulhM, opSmulhM, opXorM:
		if src == dst {
			op.src, op.mask = zeroReg, maskL3
		}
	case opAddShift:
		op.shift = mod >> 2 & 3
		if dst != ssR5 {
			op.imm = 0
		}
	case opSub, opMul, opXor, opRor, opRol:
		if src == dst {
			op.useImm()
		}
	case opRcp:
		if bits.OnesCount32(imm32) < 2 {
			op.code = opNop
			return op
		}
		op.code, op.imm = opMulImm, reciprocal(imm32)
	case opSwap:
		if src == dst {
			op.code = opNop
			return op
		}
		after[src] = n + 1
	case opBranch:
		op.shift = mod>>4 + jumpOffset
		op.imm = (op.imm | 1<<op.shift) &^ (1 << (op.shift - 1))
		op.mask = after[dst]
		for r := range after {
			after[r] = n + 1
		}
	case opRound:
		op.shift = uint8(imm32 & 63)
		return op
	case opStore:
		if mod>>4 >= 14 {
			op.mask = maskL3
		}
		return op
	case opFSwap:
		if dst >= 4 {
			op.code, op.dst = opESwap, dst-4
		}
		return op
	case opFAdd, opFSub, opFMul:
		op.dst, op.src = dst&3, src&3
		return op
	case opFAddM, opFSubM, opFDivM, opFScal, opFSqrt:
		op.dst = dst & 3
		return op
	}
	after[dst] = n + 1
	return op
}

// useImm replaces the source register by the immediate value.
func (op *vmOp) useImm() {
	switch op.code {
	case opSub:
		op.code, op.imm = opAddImm, -op.imm
	case opMul:
		op.code = opMulImm
	case opXor:
		op.code = opXorImm
	case opRor:
		op.code, op.shift = opRorImm, uint8(op.imm&63)
	case opRol:
		op.code, op.shift = opRorImm, uint8(-op.imm&63)
	}
}
