// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"
)

// itemCode is machine code that computes dataset items of one key. It is written
// while its memory is writable and runs once it is executable, never both.
type itemCode struct {
	region *region
}

// compileItems compiles the superscalar programs of a key. Where the system
// refuses executable memory it returns an error, and the portable engine does.
func compileItems(progs []ssProgram, m Memory) (*itemCode, error) {
	var e emitter
	e.items(progs)
	const page = 4096
	r, err := m.alloc((uint64(len(e.b)) + page - 1) / page * page)
	if err != nil {
		return nil, err
	}
	copy(r.bytes, e.b)
	if err := syscall.Mprotect(r.bytes, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		r.free()
		return nil, fmt.Errorf("make code executable: %w", err)
	}
	return &itemCode{region: r}, nil
}

// item computes item n from the cache into out.
func (c *itemCode) item(mem []line, n uint64, out *line) {
	*out = itemStart(n)
	callItem(unsafe.Pointer(unsafe.SliceData(c.region.bytes)), out, &mem[0], n%cacheItems*ItemSize)
}

func (c *itemCode) free() { c.region.free() }

// callItem enters the code. out holds the registers before and after; mem is the
// cache and at the offset in it of the first line.
//
//go:noescape
func callItem(code unsafe.Pointer, out, mem *line, at uint64)

// emitter appends x86-64 instructions. Registers r0 to r7 of the superscalar
// machine are R8 to R15, so their numbers are register fields as they stand.
type emitter struct{ b []byte }

func (e *emitter) put(b ...byte) { e.b = append(e.b, b...) }

func (e *emitter) put32(v uint64) { e.b = binary.LittleEndian.AppendUint32(e.b, uint32(v)) }

// items emits the whole computation of an item. On entry DI points to the
// registers, SI to the cache, BX to the first cache line.
func (e *emitter) items(progs []ssProgram) {
	for i := range byte(8) {
		e.put(0x4c, 0x8b, 0x47|i<<3, 8*i) // MOV r_i, [RDI+8i]
	}
	for i := range progs {
		p := &progs[i]
		e.put(0x0f, 0x18, 0x03) // PREFETCHNTA [RBX]
		for j := range p.ops {
			e.op(&p.ops[j])
		}
		for r := range byte(8) {
			e.put(0x4c, 0x33, 0x43|r<<3, 8*r) // XOR r_r, [RBX+8r]
		}
		if i == len(progs)-1 {
			break
		}
		e.put(0x4c, 0x89, 0xc3|p.addr<<3) // MOV RBX, r_addr
		e.put(0x81, 0xe3)                 // AND EBX, number of cache lines - 1
		e.put32(cacheItems - 1)
		e.put(0x48, 0xc1, 0xe3, 0x06) // SHL RBX, 6
		e.put(0x48, 0x01, 0xf3)       // ADD RBX, RSI
	}
	for i := range byte(8) {
		e.put(0x4c, 0x89, 0x47|i<<3, 8*i) // MOV [RDI+8i], r_i
	}
	e.put(0xc3) // RET
}

// op emits one superscalar instruction. RAX and RDX are free.
func (e *emitter) op(op *ssOp) {
	d, s := op.dst, op.src
	switch op.code {
	case ssSub:
		e.put(0x4d, 0x29, 0xc0|s<<3|d) // SUB d, s
	case ssXor:
		e.put(0x4d, 0x31, 0xc0|s<<3|d) // XOR d, s
	case ssAddShift: // d is never r5, whose encoding would need a displacement
		e.put(0x4f, 0x8d, 0x04|d<<3, op.shift<<6|s<<3|d) // LEA d, [d+s*2^shift]
	case ssMul:
		e.put(0x4d, 0x0f, 0xaf, 0xc0|d<<3|s) // IMUL d, s
	case ssRor:
		e.put(0x49, 0xc1, 0xc8|d, op.shift) // ROR d, shift
	case ssAddC:
		e.put(0x49, 0x81, 0xc0|d) // ADD d, imm32
		e.put32(op.imm)
	case ssXorC:
		e.put(0x49, 0x81, 0xf0|d) // XOR d, imm32
		e.put32(op.imm)
	case ssMulh, ssSmulh:
		e.put(0x4c, 0x89, 0xc0|d<<3) // MOV RAX, d
		if op.code == ssMulh {
			e.put(0x49, 0xf7, 0xe0|s) // MUL s
		} else {
			e.put(0x49, 0xf7, 0xe8|s) // IMUL s
		}
		e.put(0x49, 0x89, 0xd0|d) // MOV d, RDX
	case ssRcp:
		e.put(0x48, 0xb8) // MOV RAX, imm64
		e.b = binary.LittleEndian.AppendUint64(e.b, op.imm)
		e.put(0x4c, 0x0f, 0xaf, 0xc0|d<<3) // IMUL d, RAX
	}
}
