// SPDX-License-Identifier: Apache-2.0

package wasmbin

// Opcodes that code of ours names; the others are numbers of the core
// specification, section 5.4. Prefixed ones are 0xfc00 plus their sub-opcode,
// those of SIMD 0xfd00 plus theirs.
const (
	OpUnreachable  = 0x00
	OpNop          = 0x01
	OpBlock        = 0x02
	OpLoop         = 0x03
	OpIf           = 0x04
	OpElse         = 0x05
	OpEnd          = 0x0b
	OpBr           = 0x0c
	OpBrIf         = 0x0d
	OpBrTable      = 0x0e
	OpReturn       = 0x0f
	OpCall         = 0x10
	OpCallIndirect = 0x11
	OpDrop         = 0x1a
	OpSelect       = 0x1b
	OpSelectTyped  = 0x1c
	OpLocalGet     = 0x20
	OpLocalSet     = 0x21
	OpLocalTee     = 0x22
	OpGlobalGet    = 0x23
	OpGlobalSet    = 0x24
	OpTableGet     = 0x25
	OpTableSet     = 0x26
	OpI32Load      = 0x28
	OpI64Store32   = 0x3e
	OpMemorySize   = 0x3f
	OpMemoryGrow   = 0x40
	OpI32Const     = 0x41
	OpI64Const     = 0x42
	OpF32Const     = 0x43
	OpF64Const     = 0x44
	OpRefNull      = 0xd0
	OpRefIsNull    = 0xd1
	OpRefFunc      = 0xd2

	OpMemoryInit = 0xfc08
	OpDataDrop   = 0xfc09
	OpMemoryCopy = 0xfc0a
	OpMemoryFill = 0xfc0b
	OpTableInit  = 0xfc0c
	OpElemDrop   = 0xfc0d
	OpTableCopy  = 0xfc0e
	OpTableGrow  = 0xfc0f
	OpTableSize  = 0xfc10
	OpTableFill  = 0xfc11

	OpSIMD      = 0xfd00 // plus the sub-opcode, up to OpSIMDLast
	OpV128Const = 0xfd0c
	OpSIMDLast  = 0xfdff
)

// BlockEmpty is the block type without parameters and results.
const BlockEmpty = -64

// Instr is one instruction with the immediate that code of ours needs.
type Instr struct {
	Op  uint32
	Imm int64 // index of a label, function, type, local or global; block type; 0 for others
}

// Instr reads one instruction. Relaxed SIMD, atomics and exceptions are ErrUnsupported.
func (r *Reader) Instr() Instr { return r.instr(65_536) }

// InstrWithin reads one instruction; a br_table may have at most so many targets.
func (r *Reader) InstrWithin(lim Limits) Instr { return r.instr(lim.Targets) }

func (r *Reader) instr(targets int) Instr {
	in := Instr{Op: uint32(r.Byte())}
	switch op := in.Op; {
	case op == OpBlock || op == OpLoop || op == OpIf:
		in.Imm = r.S33()
		if in.Imm < 0 && in.Imm != BlockEmpty {
			valType(r, byte(in.Imm&0x7f))
		}
	case op == OpBr || op == OpBrIf || op == OpCall,
		op >= OpLocalGet && op <= OpTableSet, op == OpRefFunc:
		in.Imm = int64(r.U32())
	case op == OpCallIndirect:
		in.Imm = int64(r.U32())
		r.U32()
	case op == OpBrTable:
		for n := r.Count("targets", targets) + 1; n > 0 && r.err == nil; n-- {
			r.U32()
		}
	case op == OpSelectTyped:
		valTypes(r, 1)
	case op >= OpI32Load && op <= OpI64Store32:
		if align := r.U32(); align > 3 {
			r.fail(ErrMalformed, "alignment %d", align)
		}
		r.U32()
	case op == OpMemorySize || op == OpMemoryGrow:
		r.zero()
	case op == OpI32Const:
		r.SkipSigned(32)
	case op == OpI64Const:
		r.SkipSigned(64)
	case op == OpF32Const:
		r.Bytes(4)
	case op == OpF64Const:
		r.Bytes(8)
	case op == OpRefNull:
		valType(r, r.Byte())
	case op == 0xfc:
		in.Op = 0xfc00 + min(r.U32(), 0xff)
		r.prefixed(&in)
	case op == 0xfd:
		in.Op = OpSIMD + min(r.U32(), 0x100)
		r.simd(in.Op)
	default:
		r.plain(op)
	}
	return in
}

// plain accepts the opcodes without immediates.
func (r *Reader) plain(op uint32) {
	switch {
	case r.err != nil, op <= OpNop, op == OpElse, op == OpEnd, op == OpReturn,
		op == OpDrop, op == OpSelect, op >= 0x45 && op <= 0xc4, op == OpRefIsNull:
	case op == 0xfe:
		r.fail(ErrUnsupported, "atomic instruction")
	case op >= 0x06 && op <= 0x0a || op == 0x18 || op == 0x19:
		r.fail(ErrUnsupported, "exception instruction %#x", op)
	case op >= 0x12 && op <= 0x15:
		r.fail(ErrUnsupported, "tail or reference call %#x", op)
	default:
		r.fail(ErrMalformed, "opcode %#x", op)
	}
}

func (r *Reader) prefixed(in *Instr) {
	switch op := in.Op; {
	case op <= 0xfc07: // saturating truncations
	case op == OpMemoryInit:
		in.Imm = int64(r.U32())
		r.zero()
	case op == OpMemoryCopy:
		r.zero()
		r.zero()
	case op == OpMemoryFill:
		r.zero()
	case op == OpTableInit, op == OpTableCopy:
		in.Imm = int64(r.U32())
		r.U32()
	case op >= OpDataDrop && op <= OpTableFill:
		in.Imm = int64(r.U32())
	default:
		r.fail(ErrMalformed, "opcode %#x", op)
	}
}

// simd reads the immediates of a SIMD instruction.
func (r *Reader) simd(op uint32) {
	memory := func() {
		if align := r.U32(); align > 4 {
			r.fail(ErrMalformed, "alignment %d", align)
		}
		r.U32()
	}
	switch sub := op - OpSIMD; {
	case sub > 0xff:
		r.fail(ErrUnsupported, "relaxed SIMD instruction")
	case sub <= 0x0b, sub == 0x5c, sub == 0x5d: // loads and the store
		memory()
	case sub == 0x0c, sub == 0x0d: // constant, shuffle
		r.Bytes(16)
	case sub >= 0x15 && sub <= 0x22: // lanes out and in
		r.Byte()
	case sub >= 0x54 && sub <= 0x5b: // loads and stores of a lane
		memory()
		r.Byte()
	}
}

// zero reads the index of the only memory.
func (r *Reader) zero() {
	if n := r.Byte(); n != 0 {
		r.fail(ErrUnsupported, "memory %d: only one memory is supported", n)
	}
}
