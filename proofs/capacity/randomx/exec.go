// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math"
	"math/bits"
)

// load reads the word at an address.
//
//go:norace
func load(pad *[scratchWords]uint64, addr uint64, mask uint32) uint64 {
	return pad[uint32(addr)&mask/8&(scratchWords-1)]
}

// exec runs the program's instructions once (specification, chapter 5).
//
//go:norace
func (vm *VM) exec() {
	pad, r, f, e := vm.pad, &vm.r, &vm.f, &vm.e
	a := &vm.prog.a
	m0, m1 := vm.prog.eMask[0], vm.prog.eMask[1]
	mode := vm.fprc
	for pc := uint(0); pc < programSize; pc++ {
		op := &vm.prog.ops[pc]
		d, s := op.dst&15, op.src&15
		switch op.code {
		case opAddShift:
			r[d] += r[s]<<(op.shift&63) + op.imm
		case opAddM:
			r[d] += load(pad, r[s]+op.imm, op.mask)
		case opSub:
			r[d] -= r[s]
		case opSubM:
			r[d] -= load(pad, r[s]+op.imm, op.mask)
		case opMul:
			r[d] *= r[s]
		case opMulM:
			r[d] *= load(pad, r[s]+op.imm, op.mask)
		case opMulh:
			r[d], _ = bits.Mul64(r[d], r[s])
		case opMulhM:
			r[d], _ = bits.Mul64(r[d], load(pad, r[s]+op.imm, op.mask))
		case opSmulh:
			r[d] = smulh(r[d], r[s])
		case opSmulhM:
			r[d] = smulh(r[d], load(pad, r[s]+op.imm, op.mask))
		case opNeg:
			r[d] = -r[d]
		case opXor:
			r[d] ^= r[s]
		case opXorM:
			r[d] ^= load(pad, r[s]+op.imm, op.mask)
		case opRor:
			r[d] = bits.RotateLeft64(r[d], -int(r[s]&63))
		case opRol:
			r[d] = bits.RotateLeft64(r[d], int(r[s]&63))
		case opSwap:
			r[d], r[s] = r[s], r[d]
		case opAddImm:
			r[d] += op.imm
		case opMulImm:
			r[d] *= op.imm
		case opXorImm:
			r[d] ^= op.imm
		case opRorImm:
			r[d] = bits.RotateLeft64(r[d], -int(op.shift))
		case opFSwap:
			f[d&3][0], f[d&3][1] = f[d&3][1], f[d&3][0]
		case opESwap:
			e[d&3][0], e[d&3][1] = e[d&3][1], e[d&3][0]
		case opFAdd:
			add(&f[d&3], a[s&3], mode)
		case opFAddM:
			add(&f[d&3], floats(load(pad, r[s]+op.imm, op.mask)), mode)
		case opFSub:
			sub(&f[d&3], a[s&3], mode)
		case opFSubM:
			sub(&f[d&3], floats(load(pad, r[s]+op.imm, op.mask)), mode)
		case opFScal:
			x := &f[d&3]
			x[0] = math.Float64frombits(math.Float64bits(x[0]) ^ scalFlip)
			x[1] = math.Float64frombits(math.Float64bits(x[1]) ^ scalFlip)
		case opFMul:
			mul(&e[d&3], &a[s&3], mode)
		case opFDivM:
			div(&e[d&3], floatsE(load(pad, r[s]+op.imm, op.mask), m0, m1), mode)
		case opFSqrt:
			sqrt(&e[d&3], mode)
		case opBranch:
			r[d] += op.imm
			if r[d]>>(op.shift&63)&(1<<jumpBits-1) == 0 {
				pc = uint(op.mask) - 1
			}
		case opRound:
			mode = uint8(bits.RotateLeft64(r[s], -int(op.shift)) & 3)
		case opStore:
			pad[uint32(r[d]+op.imm)&op.mask/8&(scratchWords-1)] = r[s]
		}
	}
	vm.fprc = mode
}

// The pairs of float operations, nearest inline and the other modes by call.

//go:norace
func add(x *[2]float64, y [2]float64, mode uint8) {
	if mode == nearest {
		x[0], x[1] = float64(x[0]+y[0]), float64(x[1]+y[1])
		return
	}
	x[0], x[1] = addMode(x[0], y[0], mode), addMode(x[1], y[1], mode)
}

//go:norace
func sub(x *[2]float64, y [2]float64, mode uint8) {
	if mode == nearest {
		x[0], x[1] = float64(x[0]-y[0]), float64(x[1]-y[1])
		return
	}
	x[0], x[1] = addMode(x[0], -y[0], mode), addMode(x[1], -y[1], mode)
}

//go:norace
func mul(x, y *[2]float64, mode uint8) {
	if mode == nearest {
		x[0], x[1] = float64(x[0]*y[0]), float64(x[1]*y[1])
		return
	}
	x[0], x[1] = mulMode(x[0], y[0], mode), mulMode(x[1], y[1], mode)
}

//go:norace
func div(x *[2]float64, y [2]float64, mode uint8) {
	if mode == nearest {
		x[0], x[1] = float64(x[0]/y[0]), float64(x[1]/y[1])
		return
	}
	x[0], x[1] = divMode(x[0], y[0], mode), divMode(x[1], y[1], mode)
}

//go:norace
func sqrt(x *[2]float64, mode uint8) {
	if mode == nearest {
		x[0], x[1] = math.Sqrt(x[0]), math.Sqrt(x[1])
		return
	}
	x[0], x[1] = sqrtMode(x[0], mode), sqrtMode(x[1], mode)
}
