// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// layout is where the added things stand in the index spaces of the new module.
type layout struct {
	imported int    // imported functions of the original; the added import follows them
	yield    uint32 // function
	gas      uint32 // global
	stack    uint32 // global

	grow, fill, copyMem, charge, chargeTable uint32 // helper functions
	blockTypes                               map[string]uint32
	lim                                      wasmbin.Limits
	opt                                      Options
}

// fn shifts a function index behind the added import.
func (l *layout) fn(index uint32) uint32 {
	if int(index) < l.imported {
		return index
	}
	return index + 1
}

// traits is what a first look at a body tells.
type traits struct {
	loops, calls, bulk bool
	targets            []uint32 // own functions called directly, original indices
	refs               []uint32 // functions whose reference the body takes
	indirect           bool
}

// look reads a body once: it refuses what wasmbin refuses and bodies that are
// nested too deeply or do not end.
func look(code []byte, lim wasmbin.Limits) (traits, error) {
	t, r, depth := traits{}, wasmbin.NewReader(code), 1
	for r.Len() > 0 && r.Err() == nil && depth > 0 {
		switch in := r.InstrWithin(lim); in.Op {
		case wasmbin.OpBlock, wasmbin.OpIf, wasmbin.OpLoop:
			t.loops = t.loops || in.Op == wasmbin.OpLoop
			if depth++; depth > lim.Nesting {
				return t, fmt.Errorf("%w: blocks nested deeper than %d", wasmbin.ErrTooLarge, lim.Nesting)
			}
		case wasmbin.OpEnd:
			depth--
		case wasmbin.OpCall:
			t.calls = true
			t.targets = append(t.targets, uint32(in.Imm))
		case wasmbin.OpCallIndirect:
			t.calls, t.indirect = true, true
		case wasmbin.OpRefFunc:
			t.refs = append(t.refs, uint32(in.Imm))
		case wasmbin.OpMemoryGrow, wasmbin.OpMemoryInit, wasmbin.OpMemoryCopy, wasmbin.OpMemoryFill,
			wasmbin.OpTableInit, wasmbin.OpTableCopy, wasmbin.OpTableGrow, wasmbin.OpTableFill:
			t.bulk = true
		}
	}
	if err := r.Err(); err != nil {
		return t, err
	}
	if depth != 0 || r.Len() != 0 {
		return t, fmt.Errorf("%w: body does not end with its last end", wasmbin.ErrMalformed)
	}
	return t, nil
}

// writer rewrites one body.
type writer struct {
	*layout
	t          traits
	stackUnits uint32 // 0: the function is not counted on the stack
	wrapped    bool   // the body stands in a block, so that every way out passes its end
	counter    uint32 // local of the counter; used in bodies with loops, and for checks
	f32, f64   uint32 // locals for canonical NaN
	flow       *flow
	out        []byte
}

// rewrite returns the new body, locals included, without its size.
func (l *layout) rewrite(ft wasmbin.FuncType, body wasmbin.Body, t traits, stackUnits uint32) ([]byte, error) {
	w := &writer{layout: l, t: t, stackUnits: stackUnits, wrapped: t.loops || stackUnits > 0}
	w.counter = uint32(len(ft.Params) + body.NumLocal)
	w.f32, w.f64 = w.counter+1, w.counter+2
	w.flow = newFlow(0, t.calls || t.bulk)
	if err := w.body(body.Code); err != nil {
		return nil, err
	}
	b := w.locals(body.Locals)
	if t.loops {
		b = append(b, wasmbin.OpGlobalGet)
		b = wasmbin.AppendU32(b, l.gas)
		b = w.local(b, wasmbin.OpLocalSet, w.counter)
	}
	if stackUnits > 0 {
		b = w.takeStack(b)
	}
	if w.wrapped {
		b = append(b, wasmbin.OpBlock)
		b = l.blockType(b, ft.Results)
	}
	at := 0
	for _, r := range w.flow.joined() {
		b = append(b, w.out[at:r.at]...)
		b = w.chargeRun(b, r)
		at = r.at
	}
	b = append(b, w.out[at:]...)
	if w.wrapped {
		b = append(b, wasmbin.OpEnd)
		b = w.leave(b)
	}
	return append(b, wasmbin.OpEnd), nil
}

func (w *writer) locals(runs []wasmbin.LocalRun) []byte {
	extra := []wasmbin.LocalRun{{Count: 1, Type: wasmbin.ValI64}}
	if w.opt.CanonicalNaN {
		extra = append(extra, wasmbin.LocalRun{Count: 1, Type: wasmbin.ValF32}, wasmbin.LocalRun{Count: 1, Type: wasmbin.ValF64})
	}
	b := wasmbin.AppendU32(nil, uint32(len(runs)+len(extra)))
	for _, list := range [][]wasmbin.LocalRun{runs, extra} {
		for _, r := range list {
			b = append(wasmbin.AppendU32(b, r.Count), byte(r.Type))
		}
	}
	return b
}

func (l *layout) blockType(b []byte, results []wasmbin.ValType) []byte {
	switch len(results) {
	case 0:
		return append(b, 0x40)
	case 1:
		return append(b, byte(results[0]))
	}
	return wasmbin.AppendS64(b, int64(l.blockTypes[resultsKey(results)]))
}

// body copies the instructions into w.out, with shifted indices and helpers in
// place of bulk operations, and follows their flow. The final end is left out.
func (w *writer) body(code []byte) error {
	r := wasmbin.NewReader(code)
	for {
		from := r.At()
		in := r.InstrWithin(w.lim)
		if err := r.Err(); err != nil {
			return err
		}
		raw := code[from:r.At()]
		w.flow.add(Cost(in.Op))
		if in.Op == wasmbin.OpCall && in.Imm < int64(w.imported) {
			w.flow.add(CostHost)
		}
		if done, err := w.instr(in, raw); done || err != nil {
			return err
		}
	}
}

// instr writes one instruction. It reports whether it was the last of the body.
func (w *writer) instr(in wasmbin.Instr, raw []byte) (bool, error) {
	switch in.Op {
	case wasmbin.OpBlock, wasmbin.OpIf, wasmbin.OpLoop:
		w.out = append(w.out, raw...)
		w.flow.enter(in.Op, len(w.out))
	case wasmbin.OpElse:
		w.out = append(w.out, raw...)
		w.flow.alternative(len(w.out))
	case wasmbin.OpEnd:
		if len(w.flow.frames) == 1 {
			return true, nil
		}
		w.out = append(w.out, raw...)
		w.flow.leave(len(w.out))
	case wasmbin.OpBr, wasmbin.OpBrIf:
		w.out = append(w.out, raw...)
		if !w.flow.branch(in.Imm, in.Op == wasmbin.OpBrIf, len(w.out)) {
			return false, fmt.Errorf("%w: branch to label %d of %d", wasmbin.ErrMalformed, in.Imm, len(w.flow.frames))
		}
	case wasmbin.OpBrTable:
		w.out = append(w.out, raw...)
		return false, w.table(raw)
	case wasmbin.OpReturn:
		if w.wrapped {
			w.out = append(w.out, wasmbin.OpBr)
			w.out = wasmbin.AppendU32(w.out, uint32(len(w.flow.frames)-1))
		} else {
			w.out = append(w.out, raw...)
		}
		w.flow.branch(int64(len(w.flow.frames)-1), false, len(w.out))
	case wasmbin.OpUnreachable:
		w.out = append(w.out, raw...)
		w.flow.dead = true
	case wasmbin.OpCall:
		w.call(w.fn(uint32(in.Imm)))
	case wasmbin.OpCallIndirect:
		w.spill()
		w.out = append(w.out, raw...)
		w.refill()
	case wasmbin.OpRefFunc:
		w.out = append(w.out, wasmbin.OpRefFunc)
		w.out = wasmbin.AppendU32(w.out, w.fn(uint32(in.Imm)))
	case wasmbin.OpGlobalGet, wasmbin.OpGlobalSet:
		if uint32(in.Imm) >= w.gas {
			return false, fmt.Errorf("%w: global %d", wasmbin.ErrMalformed, in.Imm)
		}
		w.out = append(w.out, raw...)
	case wasmbin.OpLocalGet, wasmbin.OpLocalSet, wasmbin.OpLocalTee:
		if uint32(in.Imm) >= w.counter {
			return false, fmt.Errorf("%w: local %d", wasmbin.ErrMalformed, in.Imm)
		}
		w.out = append(w.out, raw...)
	default:
		if w.opt.CanonicalNaN && makesNaNs(in.Op) {
			return false, fmt.Errorf("%w: SIMD instruction %#x on floats, where NaN must be canonical", wasmbin.ErrUnsupported, in.Op)
		}
		w.other(in.Op, raw)
	}
	return false, nil
}

// other writes bulk operations as helpers, floats with canonical NaN, and the
// rest as it is.
func (w *writer) other(op uint32, raw []byte) {
	switch op {
	case wasmbin.OpMemoryGrow:
		w.call(w.grow)
	case wasmbin.OpMemoryFill:
		w.call(w.fill)
	case wasmbin.OpMemoryCopy:
		w.call(w.copyMem)
	case wasmbin.OpMemoryInit:
		w.call(w.charge)
		w.out = append(w.out, raw...)
	case wasmbin.OpTableInit, wasmbin.OpTableCopy, wasmbin.OpTableGrow, wasmbin.OpTableFill:
		w.call(w.chargeTable)
		w.out = append(w.out, raw...)
	default:
		w.out = append(w.out, raw...)
		if w.opt.CanonicalNaN {
			w.canonical(makesNaN(op))
		}
	}
}

// table follows the labels of a br_table.
func (w *writer) table(raw []byte) error {
	r := wasmbin.NewReader(raw[1:])
	n := r.U32()
	for range uint64(n) + 1 {
		d := int64(r.U32())
		if w.flow.dead {
			return nil
		}
		if !w.flow.branch(d, false, len(w.out)) {
			return fmt.Errorf("%w: branch to label %d of %d", wasmbin.ErrMalformed, d, len(w.flow.frames))
		}
		w.flow.dead = false
	}
	w.flow.dead = true
	return r.Err()
}

// call writes a call of a function of the new module.
func (w *writer) call(fn uint32) {
	w.spill()
	w.out = append(w.out, wasmbin.OpCall)
	w.out = wasmbin.AppendU32(w.out, fn)
	w.refill()
}

// spill moves the counter from its local to the global, before a call.
func (w *writer) spill() {
	if w.t.loops {
		w.out = w.local(w.out, wasmbin.OpLocalGet, w.counter)
		w.out = w.global(w.out, wasmbin.OpGlobalSet, w.gas)
	}
}

// refill moves the counter back, after a call.
func (w *writer) refill() {
	if w.t.loops {
		w.out = w.global(w.out, wasmbin.OpGlobalGet, w.gas)
		w.out = w.local(w.out, wasmbin.OpLocalSet, w.counter)
	}
}

func (w *writer) local(b []byte, op byte, index uint32) []byte {
	return wasmbin.AppendU32(append(b, op), index)
}

func (w *writer) global(b []byte, op byte, index uint32) []byte {
	return wasmbin.AppendU32(append(b, op), index)
}

// chargeRun writes what takes the cost of a run from the counter, and the check.
func (w *writer) chargeRun(b []byte, r run) []byte {
	if r.cost == 0 {
		return b
	}
	if w.t.loops {
		b = w.local(b, wasmbin.OpLocalGet, w.counter)
	} else {
		b = w.global(b, wasmbin.OpGlobalGet, w.gas)
	}
	b = wasmbin.AppendS64(append(b, wasmbin.OpI64Const), int64(r.cost))
	b = append(b, opI64Sub)
	switch {
	case !r.check && w.t.loops:
		return w.local(b, wasmbin.OpLocalSet, w.counter)
	case !r.check:
		return w.global(b, wasmbin.OpGlobalSet, w.gas)
	case w.t.loops:
		b = w.local(b, wasmbin.OpLocalTee, w.counter)
	default:
		b = w.local(b, wasmbin.OpLocalTee, w.counter)
		b = w.global(b, wasmbin.OpGlobalSet, w.gas)
		b = w.local(b, wasmbin.OpLocalGet, w.counter)
	}
	b = append(b, wasmbin.OpI64Const, 0, opI64LtS, wasmbin.OpIf, 0x40)
	b = w.local(b, wasmbin.OpLocalGet, w.counter)
	b = wasmbin.AppendU32(append(b, wasmbin.OpCall), w.yield)
	if w.t.loops {
		b = w.local(b, wasmbin.OpLocalSet, w.counter)
	} else {
		b = w.global(b, wasmbin.OpGlobalSet, w.gas)
	}
	return append(b, wasmbin.OpEnd)
}

// takeStack writes what takes the function's units from the stack.
func (w *writer) takeStack(b []byte) []byte {
	b = w.global(b, wasmbin.OpGlobalGet, w.stack)
	b = wasmbin.AppendS64(append(b, wasmbin.OpI32Const), int64(w.stackUnits))
	b = append(b, opI32Sub)
	b = w.global(b, wasmbin.OpGlobalSet, w.stack)
	b = w.global(b, wasmbin.OpGlobalGet, w.stack)
	b = append(b, wasmbin.OpI32Const, 0, opI32LtS, wasmbin.OpIf, 0x40)
	b = wasmbin.AppendS64(append(b, wasmbin.OpI64Const), StackOverflow)
	b = wasmbin.AppendU32(append(b, wasmbin.OpCall), w.yield)
	return append(b, wasmbin.OpDrop, wasmbin.OpEnd)
}

// leave writes what every way out of a wrapped body does.
func (w *writer) leave(b []byte) []byte {
	if w.t.loops {
		b = w.local(b, wasmbin.OpLocalGet, w.counter)
		b = w.global(b, wasmbin.OpGlobalSet, w.gas)
	}
	if w.stackUnits > 0 {
		b = w.global(b, wasmbin.OpGlobalGet, w.stack)
		b = wasmbin.AppendS64(append(b, wasmbin.OpI32Const), int64(w.stackUnits))
		b = append(b, opI32Add)
		b = w.global(b, wasmbin.OpGlobalSet, w.stack)
	}
	return b
}

// canonical writes what replaces a NaN on top of the stack by the canonical one.
func (w *writer) canonical(bits int) {
	switch bits {
	case 32:
		w.out = w.local(w.out, wasmbin.OpLocalTee, w.f32)
		w.out = append(w.out, wasmbin.OpF32Const)
		w.out = binary.LittleEndian.AppendUint32(w.out, 0x7fc00000)
		w.out = w.local(w.out, wasmbin.OpLocalGet, w.f32)
		w.out = w.local(w.out, wasmbin.OpLocalGet, w.f32)
		w.out = append(w.out, opF32Eq, wasmbin.OpSelect)
	case 64:
		w.out = w.local(w.out, wasmbin.OpLocalTee, w.f64)
		w.out = append(w.out, wasmbin.OpF64Const)
		w.out = binary.LittleEndian.AppendUint64(w.out, 0x7ff8000000000000)
		w.out = w.local(w.out, wasmbin.OpLocalGet, w.f64)
		w.out = w.local(w.out, wasmbin.OpLocalGet, w.f64)
		w.out = append(w.out, opF64Eq, wasmbin.OpSelect)
	}
}

// Plain opcodes that the rewriter writes.
const (
	opI32LtS = 0x48
	opI64LtS = 0x53
	opF32Eq  = 0x5b
	opF64Eq  = 0x61
	opI32Add = 0x6a
	opI32Sub = 0x6b
	opI64Sub = 0x7d
)

// frameUnits estimates the stack of a function in units of 64 bytes: eight bytes
// a local, and some for what its code keeps at hand.
func frameUnits(ft wasmbin.FuncType, body wasmbin.Body) uint32 {
	wide := 0
	for _, l := range body.Locals {
		if l.Type == wasmbin.ValV128 {
			wide += int(l.Count)
		}
	}
	n := uint64(1) + uint64(wide+len(ft.Params)+len(ft.Results)+body.NumLocal)/8 + uint64(len(body.Code))/256
	return uint32(min(n, math.MaxInt32))
}

// resultsKey turns a list of result types into a map key.
func resultsKey(ts []wasmbin.ValType) string {
	b := make([]byte, len(ts))
	for i, t := range ts {
		b[i] = byte(t)
	}
	return string(b)
}
