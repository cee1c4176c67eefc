// SPDX-License-Identifier: Apache-2.0

package meter

import "github.com/go-fluence/fluence/peer/marine/wasmbin"

// More plain opcodes that helpers write.
const (
	opI32LeU     = 0x4d
	opI32GtU     = 0x4b
	opI64GtU     = 0x56
	opI64Add     = 0x7c
	opI64Mul     = 0x7e
	opI64DivU    = 0x80
	opI64ExtendU = 0xad
)

// asm writes instructions of a helper.
type asm struct {
	*layout
	b []byte
}

func (a *asm) op(ops ...byte) *asm { a.b = append(a.b, ops...); return a }

func (a *asm) get(local uint32) *asm {
	a.b = wasmbin.AppendU32(append(a.b, wasmbin.OpLocalGet), local)
	return a
}

func (a *asm) set(local uint32) *asm {
	a.b = wasmbin.AppendU32(append(a.b, wasmbin.OpLocalSet), local)
	return a
}

func (a *asm) i32(n int64) *asm {
	a.b = wasmbin.AppendS64(append(a.b, wasmbin.OpI32Const), n)
	return a
}

func (a *asm) i64(n int64) *asm {
	a.b = wasmbin.AppendS64(append(a.b, wasmbin.OpI64Const), n)
	return a
}

func (a *asm) call(fn uint32) *asm {
	a.b = wasmbin.AppendU32(append(a.b, wasmbin.OpCall), fn)
	return a
}

// wide pushes an i32 local as an unsigned i64.
func (a *asm) wide(local uint32) *asm { return a.get(local).op(opI64ExtendU) }

// pay takes the i64 on top of the stack from the counter and checks it, with an i64 local.
func (a *asm) pay(tmp uint32) *asm {
	a.set(tmp)
	a.b = wasmbin.AppendU32(append(a.b, wasmbin.OpGlobalGet), a.gas)
	a.get(tmp).op(opI64Sub).set(tmp)
	a.get(tmp)
	a.b = wasmbin.AppendU32(append(a.b, wasmbin.OpGlobalSet), a.gas)
	a.get(tmp).i64(0).op(opI64LtS, wasmbin.OpIf, 0x40).get(tmp).call(a.yield)
	a.b = wasmbin.AppendU32(append(a.b, wasmbin.OpGlobalSet), a.gas)
	return a.op(wasmbin.OpEnd)
}

// body returns the helper with one i64 local and its end.
func (a *asm) body() []byte {
	return append(append([]byte{1, 1, byte(wasmbin.ValI64)}, a.b...), wasmbin.OpEnd)
}

func (a *asm) fill() *asm { return a.op(0xfc, 0x0b, 0) }
func (a *asm) copy()      { a.op(0xfc, 0x0a, 0, 0) }

// helper is one added function.
type helper struct {
	params, results []wasmbin.ValType
	body            func(l *layout) []byte
	memory          bool // it needs the module's memory
}

// helpers lists the added functions in the order of their indices.
func helpers() []helper {
	i, none := wasmbin.ValI32, []wasmbin.ValType(nil)
	one, three := []wasmbin.ValType{i}, []wasmbin.ValType{i, i, i}
	return []helper{
		{one, one, growBody, true},
		{three, none, fillBody, true},
		{three, none, copyBody, true},
		{one, one, chargeBody, false},
		{one, one, chargeTableBody, false},
	}
}

// growBody charges the pages, unless there are more than a memory can have, and
// grows the memory.
//
//	(pages i32) -> (old pages or -1)
func growBody(l *layout) []byte {
	a := &asm{layout: l}
	a.get(0).i32(65536).op(opI32LeU, wasmbin.OpIf, 0x40).
		wide(0).i64(gasPerPage).op(opI64Mul).pay(1).op(wasmbin.OpEnd)
	return a.get(0).op(wasmbin.OpMemoryGrow, 0).body()
}

// chargeBody charges bytes and returns them.
func chargeBody(l *layout) []byte {
	a := &asm{layout: l}
	return a.wide(0).i64(bytesPerGas).op(opI64DivU).pay(1).get(0).body()
}

// chargeTableBody charges table entries and returns them.
func chargeTableBody(l *layout) []byte {
	a := &asm{layout: l}
	return a.wide(0).i64(gasPerEntry).op(opI64Mul).pay(1).get(0).body()
}

// inside begins a block that is left when local + size of local n lies inside
// memory, and that otherwise runs into the trap that trap writes.
func (a *asm) inside(local, n uint32, trap func()) *asm {
	a.wide(local).wide(n).op(opI64Add).op(wasmbin.OpMemorySize, 0, opI64ExtendU).i64(65536).op(opI64Mul)
	a.op(opI64GtU, wasmbin.OpIf, 0x40)
	trap()
	return a.op(wasmbin.OpEnd)
}

// move adds CutBytes, negative or not, to a local.
func (a *asm) move(local uint32, by int64) *asm {
	return a.get(local).i32(by).op(opI32Add).set(local)
}

// each repeats what piece writes while local n is above CutBytes.
func (a *asm) each(n uint32, piece func()) {
	a.op(wasmbin.OpLoop, 0x40)
	a.i64(CutBytes / bytesPerGas).pay(3)
	piece()
	a.move(n, -CutBytes)
	a.get(n).i32(CutBytes).op(opI32GtU, wasmbin.OpBrIf, 0, wasmbin.OpEnd)
}

// fillBody is memory.fill in pieces; nothing is written if it would leave memory.
//
//	(at i32, value i32, n i32)
func fillBody(l *layout) []byte {
	a := &asm{layout: l}
	a.get(2).i32(CutBytes).op(opI32GtU, wasmbin.OpIf, 0x40)
	a.inside(0, 2, func() { a.get(0).get(1).get(2).fill() })
	a.each(2, func() {
		a.get(0).get(1).i32(CutBytes).fill()
		a.move(0, CutBytes)
	})
	a.op(wasmbin.OpEnd)
	a.wide(2).i64(bytesPerGas).op(opI64DivU).pay(3)
	return a.get(0).get(1).get(2).fill().body()
}

// copyBody is memory.copy in pieces, from the end when the target overlaps the
// source from above; nothing is written if it would leave memory.
//
//	(to i32, from i32, n i32)
func copyBody(l *layout) []byte {
	a := &asm{layout: l}
	whole := func() { a.get(0).get(1).get(2).copy() }
	a.get(2).i32(CutBytes).op(opI32GtU, wasmbin.OpIf, 0x40)
	a.inside(0, 2, whole).inside(1, 2, whole)
	a.get(0).get(1).op(opI32LeU, wasmbin.OpIf, 0x40)
	a.each(2, func() {
		a.get(0).get(1).i32(CutBytes).copy()
		a.move(0, CutBytes).move(1, CutBytes)
	})
	a.op(wasmbin.OpElse)
	a.each(2, func() {
		last := func(local uint32) { a.get(local).get(2).op(opI32Add).i32(-CutBytes).op(opI32Add) }
		last(0)
		last(1)
		a.i32(CutBytes).copy()
	})
	a.op(wasmbin.OpEnd, wasmbin.OpEnd)
	a.wide(2).i64(bytesPerGas).op(opI64DivU).pay(3)
	whole()
	return a.body()
}
