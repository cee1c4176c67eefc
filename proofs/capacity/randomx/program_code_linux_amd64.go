// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/binary"
	"syscall"
	"unsafe"
)

// programCode is the machine code of one program at a time. Its memory is
// writable while it is compiled and executable while it runs, never both.
type programCode struct {
	region *region
	emit   emitter
	at     [programSize]int // offset of each instruction
}

func newProgramCode(m Memory) (*programCode, error) {
	r, err := m.alloc(codePages)
	if err != nil {
		return nil, err
	}
	c := &programCode{region: r, emit: emitter{b: make([]byte, 0, codePages)}}
	// Find out now whether the system lets this memory be executed at all.
	if err := syscall.Mprotect(r.bytes, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		r.free()
		return nil, err
	}
	return c, nil
}

func (c *programCode) free() { c.region.free() }

// compile replaces the code by that of p.
func (c *programCode) compile(p *program) error {
	e := &c.emit
	e.b = e.b[:0]
	for i := range p.ops {
		c.at[i] = len(e.b)
		e.vmOp(&p.ops[i], c.at[:])
	}
	e.put(0xc3) // RET
	if err := syscall.Mprotect(c.region.bytes, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		return err
	}
	copy(c.region.bytes, e.b)
	return syscall.Mprotect(c.region.bytes, syscall.PROT_READ|syscall.PROT_EXEC)
}

// exec runs the code once.
func (c *programCode) exec(s *state, pad *[scratchWords]uint64) {
	callProgram(unsafe.Pointer(unsafe.SliceData(c.region.bytes)), s, pad)
}

// callProgram loads the registers from s, enters the code and stores them. The
// processor's rounding mode is s.mode meanwhile and afterwards what it was.
//
//go:noescape
func callProgram(code unsafe.Pointer, s *state, pad *[scratchWords]uint64)

// Compiled code has r0 to r7 in R8 to R15, groups F, E and A in X0 to X11, the
// constants keep, or and flip in X13 to X15, the state at DI and the scratchpad
// at SI. AX, CX, DX and X12 are free.

// vmOp emits one instruction; at holds the offsets of those before it.
func (e *emitter) vmOp(op *vmOp, at []int) {
	d, s := op.dst&7, op.src&7
	switch op.code {
	case opAddShift:
		if d == ssR5 { // the form with a displacement
			e.put(0x4f, 0x8d, 0x84|d<<3, op.shift<<6|s<<3|d)
			e.put32(op.imm)
		} else {
			e.put(0x4f, 0x8d, 0x04|d<<3, op.shift<<6|s<<3|d) // LEA d, [d+s*2^shift]
		}
	case opSub:
		e.put(0x4d, 0x29, 0xc0|s<<3|d)
	case opMul:
		e.put(0x4d, 0x0f, 0xaf, 0xc0|d<<3|s)
	case opMulh:
		e.put(0x4c, 0x89, 0xc0|d<<3, 0x49, 0xf7, 0xe0|s, 0x49, 0x89, 0xd0|d) // MOV RAX, d; MUL s; MOV d, RDX
	case opSmulh:
		e.put(0x4c, 0x89, 0xc0|d<<3, 0x49, 0xf7, 0xe8|s, 0x49, 0x89, 0xd0|d) // IMUL
	case opNeg:
		e.put(0x49, 0xf7, 0xd8|d)
	case opXor:
		e.put(0x4d, 0x31, 0xc0|s<<3|d)
	case opRor:
		e.put(0x44, 0x89, 0xc1|s<<3, 0x49, 0xd3, 0xc8|d) // MOV ECX, s; ROR d, CL
	case opRol:
		e.put(0x44, 0x89, 0xc1|s<<3, 0x49, 0xd3, 0xc0|d)
	case opSwap:
		e.put(0x4d, 0x87, 0xc0|s<<3|d)
	case opAddImm:
		e.put(0x49, 0x81, 0xe8|d) // SUB d, imm32: the negated one always fits
		e.put32(-op.imm)
	case opMulImm:
		e.mulImm(d, op.imm)
	case opXorImm:
		e.put(0x49, 0x81, 0xf0|d)
		e.put32(op.imm)
	case opRorImm:
		e.put(0x49, 0xc1, 0xc8|d, op.shift)
	case opBranch:
		e.put(0x49, 0x81, 0xc0|d) // ADD d, imm32
		e.put32(op.imm)
		e.put(0x49, 0xf7, 0xc0|d) // TEST d, imm32
		e.put32((1<<jumpBits - 1) << op.shift)
		e.put(0x0f, 0x84) // JZ
		e.put32(uint64(at[op.mask] - (len(e.b) + 4)))
	case opRound:
		e.put(0x4c, 0x89, 0xc0|s<<3)      // MOV RAX, s
		e.put(0x48, 0xc1, 0xc8, op.shift) // ROR RAX, shift
		e.put(0x83, 0xe0, 0x03)           // AND EAX, 3
		e.put(0x89, 0x87)                 // MOV [RDI+mode], EAX
		e.put32(uint64(unsafe.Offsetof(state{}.mode)))
		e.put(0x0f, 0xae, 0x94, 0x87) // LDMXCSR [RDI+4*RAX+mxcsr]
		e.put32(uint64(unsafe.Offsetof(state{}.mxcsr)))
	case opStore:
		e.address(op.dst, op)
		e.put(0x4c, 0x89, 0x04|s<<3, 0x0e) // MOV [RSI+RCX], s
	default:
		e.vmMem(op)
	}
}

// vmMem emits the instructions that read memory; it passes the others on.
func (e *emitter) vmMem(op *vmOp) {
	d := op.dst & 7
	switch op.code {
	case opAddM:
		e.operand(op, d, 0x4c, 0x03)
	case opSubM:
		e.operand(op, d, 0x4c, 0x2b)
	case opMulM:
		e.operand(op, d, 0x4c, 0x0f, 0xaf)
	case opXorM:
		e.operand(op, d, 0x4c, 0x33)
	case opMulhM:
		e.put(0x4c, 0x89, 0xc0|d<<3) // MOV RAX, d
		e.operand(op, 4, 0x48, 0xf7) // MUL [mem]
		e.put(0x49, 0x89, 0xd0|d)    // MOV d, RDX
	case opSmulhM:
		e.put(0x4c, 0x89, 0xc0|d<<3)
		e.operand(op, 5, 0x48, 0xf7) // IMUL [mem]
		e.put(0x49, 0x89, 0xd0|d)
	case opFAddM:
		e.operand(op, 4, 0xf3, 0x44, 0x0f, 0xe6) // CVTDQ2PD X12, [mem]
		e.put(0x66, 0x41, 0x0f, 0x58, 0xc4|d<<3) // ADDPD d, X12
	case opFSubM:
		e.operand(op, 4, 0xf3, 0x44, 0x0f, 0xe6)
		e.put(0x66, 0x41, 0x0f, 0x5c, 0xc4|d<<3)
	case opFDivM:
		e.operand(op, 4, 0xf3, 0x44, 0x0f, 0xe6)
		e.put(0x66, 0x45, 0x0f, 0x54, 0xe5)          // ANDPD X12, X13
		e.put(0x66, 0x45, 0x0f, 0x56, 0xe6)          // ORPD X12, X14
		e.put(0x66, 0x41, 0x0f, 0x5e, 0xc4|(4+d)<<3) // DIVPD d, X12
	default:
		e.vmFloat(op)
	}
}

// vmFloat emits the float instructions on registers. What is left does nothing.
func (e *emitter) vmFloat(op *vmOp) {
	d, s := op.dst&3, op.src&3
	switch op.code {
	case opFSwap:
		e.put(0x66, 0x0f, 0xc6, 0xc0|d<<3|d, 1) // SHUFPD
	case opESwap:
		d += 4
		e.put(0x66, 0x0f, 0xc6, 0xc0|d<<3|d, 1)
	case opFAdd:
		e.put(0x66, 0x41, 0x0f, 0x58, 0xc0|d<<3|s)
	case opFSub:
		e.put(0x66, 0x41, 0x0f, 0x5c, 0xc0|d<<3|s)
	case opFScal:
		e.put(0x66, 0x41, 0x0f, 0x57, 0xc7|d<<3) // XORPD d, X15
	case opFMul:
		e.put(0x66, 0x41, 0x0f, 0x59, 0xc0|(4+d)<<3|s)
	case opFSqrt:
		d += 4
		e.put(0x66, 0x0f, 0x51, 0xc0|d<<3|d)
	}
}

// mulImm emits d *= imm.
func (e *emitter) mulImm(d uint8, imm uint64) {
	if imm == uint64(int64(int32(imm))) {
		e.put(0x4d, 0x69, 0xc0|d<<3|d) // IMUL d, d, imm32
		e.put32(imm)
		return
	}
	e.put(0x48, 0xb8) // MOV RAX, imm64
	e.b = binary.LittleEndian.AppendUint64(e.b, imm)
	e.put(0x4c, 0x0f, 0xaf, 0xc0|d<<3) // IMUL d, RAX
}

// address emits ECX = (base + imm) & mask.
func (e *emitter) address(base uint8, op *vmOp) {
	if base == 4 { // R12 as a base needs a second byte
		e.put(0x41, 0x8d, 0x8c, 0x24)
	} else {
		e.put(0x41, 0x8d, 0x88|base)
	}
	e.put32(op.imm)
	e.put(0x81, 0xe1)
	e.put32(uint64(op.mask))
}

// operand emits an instruction whose memory operand is the source of op and
// whose register field is reg.
func (e *emitter) operand(op *vmOp, reg uint8, opcode ...byte) {
	if op.src == zeroReg {
		e.put(opcode...)
		e.put(0x86 | reg<<3) // [RSI+disp32]
		e.put32(op.imm & uint64(op.mask))
		return
	}
	e.address(op.src, op)
	e.put(opcode...)
	e.put(0x04|reg<<3, 0x0e) // [RSI+RCX]
}

// controlWord returns the processor's floating-point control word.
func controlWord() uint32
