// SPDX-License-Identifier: Apache-2.0

package abi

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tetratelabs/wazero/api"

	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/it"
)

// call is one run of an adapter.
type call struct {
	m      *Module
	iface  *it.Interface // whose records are meant
	ctx    context.Context
	args   []Value
	stack  []Value
	budget int // bytes that may still be lifted
}

func (c *call) push(v Value) { c.stack = append(c.stack, v) }

// pop takes the top n values.
func (c *call) pop(op string, n int) ([]Value, error) {
	if len(c.stack) < n {
		return nil, fmt.Errorf("%w: `%s` needed to read `%d` value(s) from the stack, but it doesn't contain enough data", ErrAdapter, op, n)
	}
	at := len(c.stack) - n
	out := c.stack[at:]
	c.stack = c.stack[:at]
	return out, nil
}

func (c *call) run(body []it.Instr) error {
	for _, i := range body {
		if err := c.step(i); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) step(i it.Instr) error {
	switch op := i.Op; {
	case op == it.ArgGet:
		if i.Arg >= uint64(len(c.args)) {
			return fmt.Errorf("%w: argument %d of %d", ErrAdapter, i.Arg, len(c.args))
		}
		c.push(c.args[i.Arg])
	case op == it.CallCore:
		return c.callCore(i.Arg)
	case op >= it.FirstConvert && op <= it.LastConvert:
		return c.convert(op)
	case op == it.PushI32 || op == it.PushI64:
		c.push(Value{N: i.Arg})
	case op == it.Dup:
		v, err := c.pop("dup", 1)
		if err != nil {
			return err
		}
		top := v[0]
		c.push(top)
		c.push(top)
	case op == it.Swap2:
		v, err := c.pop("swap2", 2)
		if err != nil {
			return err
		}
		c.stack = append(c.stack, v[1], v[0])
	case op == it.BoolFromI32 || op == it.I32FromBool:
		v, err := c.pop("bool", 1)
		if err != nil {
			return err
		}
		n := uint64(0)
		if uint32(v[0].N) != 0 {
			n = 1
		}
		c.push(Value{N: n})
	default:
		return c.memory(i)
	}
	return nil
}

// memory runs the instructions that touch guest memory.
func (c *call) memory(i it.Instr) error {
	switch i.Op {
	case it.StringSize, it.ByteArraySize:
		v, err := c.pop("size", 1)
		if err != nil {
			return err
		}
		c.push(Value{N: uint64(len(v[0].B))})
	case it.StringLift, it.ByteArrayLift, it.ArrayLift:
		v, err := c.pop("lift_memory", 2)
		if err != nil {
			return err
		}
		at, n := uint32(v[0].N), uint32(v[1].N)
		if i.Op == it.ArrayLift {
			return c.pushed(c.liftArray(i.Type, at, n, 0))
		}
		return c.pushed(c.liftBytes(i.Op == it.StringLift, at, n))
	case it.RecordLift:
		v, err := c.pop("record.lift_memory", 1)
		if err != nil {
			return err
		}
		return c.pushed(c.liftRecord(uint32(i.Arg), uint32(v[0].N), 0))
	case it.StringLower, it.ByteArrayLower:
		v, err := c.pop("lower_memory", 2)
		if err != nil {
			return err
		}
		at, b := uint32(v[0].N), v[1].B
		if err := c.write(at, b); err != nil {
			return err
		}
		c.push(Value{N: uint64(at)})
		c.push(Value{N: uint64(len(b))})
	case it.ArrayLower:
		v, err := c.pop("array.lower_memory", 1)
		if err != nil {
			return err
		}
		at, n, err := c.lowerArray(i.Type, v[0], 0)
		if err != nil {
			return err
		}
		c.push(Value{N: uint64(at)})
		c.push(Value{N: uint64(n)})
	case it.RecordLower:
		v, err := c.pop("record.lower_memory", 1)
		if err != nil {
			return err
		}
		at, err := c.lowerRecord(uint32(i.Arg), v[0], 0)
		if err != nil {
			return err
		}
		c.push(Value{N: uint64(at)})
	default:
		return fmt.Errorf("%w: instruction %#x", ErrAdapter, byte(i.Op))
	}
	return nil
}

func (c *call) pushed(v Value, err error) error {
	if err == nil {
		c.push(v)
	}
	return err
}

// callCore calls a function of the index space: an export of this module, or the
// target of an import.
func (c *call) callCore(index uint64) error {
	if index < uint64(len(c.m.core)) {
		fn := c.m.core[index]
		params, results := fn.Definition().ParamTypes(), fn.Definition().ResultTypes()
		if len(c.stack) < len(params) {
			_, err := c.pop(fmt.Sprintf("call-core %d", index), len(params))
			return err
		}
		in, _ := c.pop("", len(params))
		var few [8]uint64
		stack := few[:]
		if n := max(len(in), len(results)); n > len(few) {
			stack = make([]uint64, n)
		}
		for i, v := range in {
			stack[i] = v.N
		}
		if err := c.m.in.Call(c.ctx, fn, stack); err != nil {
			return fmt.Errorf("`call-core %d` failed while calling the local or import function `%s`: %w", index, c.m.iface.Exports[index].Name, err)
		}
		for i, t := range results {
			if t == api.ValueTypeI32 || t == api.ValueTypeF32 {
				stack[i] = uint64(uint32(stack[i]))
			}
			c.push(Value{N: stack[i]})
		}
		return nil
	}
	k := index - uint64(len(c.m.core))
	if k >= uint64(len(c.m.targets)) {
		return fmt.Errorf("%w: no function %d", ErrAdapter, index)
	}
	t := c.m.targets[k]
	in, err := c.pop(t.Name, len(t.Sig.Fields))
	if err != nil {
		return err
	}
	out, err := t.call(c.ctx, slices.Clone(in))
	if err != nil {
		return fmt.Errorf("%s.%s: %w", t.Namespace, t.Name, err)
	}
	if len(out) != len(t.Sig.Outputs) {
		return fmt.Errorf("%w: %s.%s gives %d values, %d are expected", ErrAdapter, t.Namespace, t.Name, len(out), len(t.Sig.Outputs))
	}
	c.stack = append(c.stack, out...)
	return nil
}

// callRaw calls one of the functions of the calling convention.
func (c *call) callRaw(name string, arg uint64) error {
	fn := c.m.raw[name]
	if fn == nil || len(fn.Definition().ParamTypes()) != 1 {
		return fmt.Errorf("%w: module %s exports no %s(i32)", ErrGuest, c.m.name, name)
	}
	stack := []uint64{arg}
	return c.m.in.Call(c.ctx, fn, stack)
}

// integers describes the kinds that conversions name, in the order of the opcodes.
var integers = [...]struct {
	name string
	bits uint
	sign bool
}{{"s8", 8, true}, {"s16", 16, true}, {"s32", 32, true}, {"s64", 64, true}, {"u8", 8, false}, {"u16", 16, false}, {"u32", 32, false}, {"u64", 64, false}}

// convert runs a conversion between core and interface integers. Values of 8 and
// 16 bits must be in range, as upstream asks; 32 and 64 bits keep their bits,
// where upstream refuses unsigned values of the upper half.
func (c *call) convert(op it.Op) error {
	kind, core, to, ok := conversion(op)
	if !ok {
		return fmt.Errorf("%w: instruction %#x", ErrAdapter, byte(op))
	}
	v, err := c.pop("from", 1)
	if err != nil {
		return err
	}
	n, k := v[0].N, integers[kind]
	if core == 32 {
		n = uint64(int64(int32(n)))
	}
	if to { // to an interface integer
		switch {
		case k.bits < 32 && k.sign && int64(n) != int64(n)<<(64-k.bits)>>(64-k.bits),
			k.bits < 32 && !k.sign && n>>k.bits != 0:
			return fmt.Errorf("%w: `%s.from_i%d` failed to cast `I%d` to `%s`: %d is out of range", ErrGuest, k.name, core, core, k.name, int64(n))
		case k.bits == 32 && k.sign:
			n = uint64(int64(int32(n)))
		case k.bits == 32:
			n = uint64(uint32(n))
		}
	} else if core == 32 {
		n = uint64(uint32(n))
	}
	c.push(Value{N: n})
	return nil
}

// conversion decodes the opcode of a conversion: which integer, how wide the core
// value is, and whether the result is the interface integer.
func conversion(op it.Op) (kind, core int, to, ok bool) {
	switch n := int(op); {
	case n >= 0x02 && n <= 0x09: // sN.from_i32, sN.from_i64
		return (n - 0x02) / 2, 32 + 32*(n&1), true, true
	case n >= 0x0a && n <= 0x0d: // i32.from_sN
		return n - 0x0a, 32, false, true
	case n >= 0x0e && n <= 0x11: // i64.from_sN
		return n - 0x0e, 64, false, true
	case n >= 0x12 && n <= 0x19: // uN.from_i32, uN.from_i64
		return 4 + (n-0x12)/2, 32 + 32*(n&1), true, true
	case n >= 0x1a && n <= 0x1d: // i32.from_uN
		return 4 + n - 0x1a, 32, false, true
	case n >= 0x1e && n <= 0x21: // i64.from_uN
		return 4 + n - 0x1e, 64, false, true
	}
	return 0, 0, false, false
}

// charge takes n bytes from the gas and from what may be lifted.
func (c *call) charge(n uint64) error {
	if n > uint64(c.budget) {
		return fmt.Errorf("%w: more than %d bytes in one call", ErrTooLarge, MaxValueBytes)
	}
	c.budget -= int(n)
	return engine.GasOf(c.ctx).ChargeBytes(int(min(n, math.MaxInt32)))
}
