// SPDX-License-Identifier: Apache-2.0

package randomx

import "math/bits"

// Superscalar instructions (specification, chapter 6.1). The order is ours.
const (
	ssSub = iota
	ssXor
	ssAddShift
	ssMul
	ssRor
	ssAddC
	ssXorC
	ssMulh
	ssSmulh
	ssRcp
	ssNone
)

// ssOp is one superscalar instruction, ready to run.
type ssOp struct {
	code, dst, src uint8
	shift          uint8  // ssAddShift: left shift; ssRor: right rotation
	imm            uint64 // sign-extended constant, or the reciprocal of ssRcp
}

// ssProgram is one SuperscalarHash instance.
type ssProgram struct {
	ops     []ssOp
	bundles []bundle // ops rearranged to run fast
	addr    uint8    // the register that selects the next cache item
}

// reciprocal returns the largest 2^x/d below 2^64, for d that is neither 0 nor a
// power of two (specification, chapter 5.2.6).
func reciprocal(d uint32) uint64 {
	x := uint(bits.Len32(d)) - 1
	q, _ := bits.Div64(1<<x, 0, uint64(d))
	return q
}

// finish turns the drafted instructions into a program and finds its address
// register: the one with the longest chain of dependencies, counting one cycle
// for each instruction; the first of equals.
func finish(drafts []ssDraft) ssProgram {
	p := ssProgram{ops: make([]ssOp, len(drafts))}
	var chain [8]int
	for i, d := range drafts {
		src := d.src
		if src < 0 {
			src = d.dst
		}
		op := ssOp{code: uint8(d.kind.code), dst: uint8(d.dst), src: uint8(src)}
		switch d.kind.code {
		case ssAddShift:
			op.shift = d.mod >> 2 & 3
		case ssRor:
			op.shift = uint8(d.imm)
		case ssRcp:
			op.imm = reciprocal(d.imm)
		default:
			op.imm = uint64(int64(int32(d.imm)))
		}
		p.ops[i] = op
		chain[d.dst] = max(chain[d.dst], chain[src]) + 1
	}
	for r := range chain {
		if chain[r] > chain[p.addr] {
			p.addr = uint8(r)
		}
	}
	p.bundles = arrange(p.ops)
	return p
}
