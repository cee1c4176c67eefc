// SPDX-License-Identifier: Apache-2.0

package abi

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/marine/it"
)

// maxDepth bounds arrays and records inside each other.
const maxDepth = 64

// Guest memory holds values packed and little-endian, without alignment:
//
//	bool, u8, s8   1 byte          u32, s32, f32   4 bytes
//	u16, s16       2 bytes         u64, s64, f64   8 bytes
//	string, array  u32 offset, u32 count
//	record         u32 offset
//
// An array is its elements one after another, a record its fields.

// size returns the bytes of a value of a kind.
func size(k it.Kind) uint32 {
	switch k {
	case it.Bool, it.S8, it.U8:
		return 1
	case it.S16, it.U16:
		return 2
	case it.S32, it.U32, it.I32, it.F32, it.Record:
		return 4
	}
	return 8
}

// tag returns what allocate is told of the elements.
func tag(k it.Kind) uint64 {
	switch k {
	case it.Bool:
		return 0
	case it.U8:
		return 1
	case it.U16:
		return 2
	case it.U32:
		return 3
	case it.U64:
		return 4
	case it.S8:
		return 5
	case it.S16:
		return 6
	case it.S32, it.I32:
		return 7
	case it.S64, it.I64:
		return 8
	case it.F32:
		return 9
	case it.F64:
		return 10
	}
	return 3
}

func validUTF8(b []byte) bool { return utf8.Valid(b) }

// bytes copies [at, at+n) of guest memory; nothing is read when n is 0.
func (c *call) bytes(at, n uint32) ([]byte, error) {
	if n == 0 {
		return []byte{}, nil
	}
	view, err := c.view(at, n)
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, n), view...), nil
}

// view returns [at, at+n) of guest memory, valid until the next call of the guest.
func (c *call) view(at, n uint32) ([]byte, error) {
	mem := c.m.in.Memory()
	if mem == nil {
		return nil, fmt.Errorf("%w: module %s has no memory", ErrGuest, c.m.name)
	}
	if err := c.charge(uint64(n)); err != nil {
		return nil, err
	}
	view, ok := mem.Read(at, n)
	if !ok {
		return nil, fmt.Errorf("%w: read of %d bytes at %d leaves memory of %d", ErrGuest, n, at, mem.Size())
	}
	return view, nil
}

func (c *call) liftBytes(text bool, at, n uint32) (Value, error) {
	b, err := c.bytes(at, n)
	if err == nil && text && !utf8.Valid(b) {
		err = fmt.Errorf("%w: text at %d is not UTF-8", ErrGuest, at)
	}
	return Value{B: b}, err
}

// liftArray reads count elements. A byte array gives B, others L.
func (c *call) liftArray(elem it.Type, at, count uint32, depth int) (Value, error) {
	if elem.Kind == it.U8 {
		b, err := c.bytes(at, count)
		return Value{B: b}, err
	}
	if count == 0 {
		return Value{L: []Value{}}, nil
	}
	width := size(elem.Kind)
	if uint64(count)*uint64(width) > 1<<32-1 {
		return Value{}, fmt.Errorf("%w: array of %d elements", ErrGuest, count)
	}
	block, err := c.bytes(at, count*width)
	if err != nil {
		return Value{}, err
	}
	if err := c.charge(uint64(count) * 48); err != nil { // what the values take here
		return Value{}, err
	}
	l := make([]Value, count)
	for i := range l {
		if l[i], err = c.lift(elem, block[uint32(i)*width:], depth+1); err != nil {
			return Value{}, err
		}
	}
	return Value{L: l}, nil
}

func (c *call) liftRecord(record, at uint32, depth int) (Value, error) {
	def, err := c.iface.RecordType(record)
	if err != nil {
		return Value{}, err
	}
	width := uint32(0)
	for _, f := range def.Fields {
		width += size(f.Type.Kind)
	}
	block, err := c.bytes(at, width)
	if err != nil {
		return Value{}, err
	}
	l := make([]Value, len(def.Fields))
	for i, f := range def.Fields {
		if l[i], err = c.lift(f.Type, block, depth+1); err != nil {
			return Value{}, err
		}
		block = block[size(f.Type.Kind):]
	}
	return Value{L: l}, nil
}

// lift reads a value from its packed form.
func (c *call) lift(t it.Type, b []byte, depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, fmt.Errorf("%w: values nested deeper than %d", ErrGuest, maxDepth)
	}
	le := binary.LittleEndian
	switch t.Kind {
	case it.Bool:
		return Value{N: uint64(min(b[0], 1))}, nil
	case it.U8:
		return Value{N: uint64(b[0])}, nil
	case it.S8:
		return Value{N: uint64(int64(int8(b[0])))}, nil
	case it.U16:
		return Value{N: uint64(le.Uint16(b))}, nil
	case it.S16:
		return Value{N: uint64(int64(int16(le.Uint16(b))))}, nil
	case it.U32, it.F32:
		return Value{N: uint64(le.Uint32(b))}, nil
	case it.S32, it.I32:
		return Value{N: uint64(int64(int32(le.Uint32(b))))}, nil
	case it.U64, it.S64, it.I64, it.F64:
		return Value{N: le.Uint64(b)}, nil
	case it.Record:
		return c.liftRecord(t.Record, le.Uint32(b), depth)
	case it.Array:
		return c.liftArray(*t.Elem, le.Uint32(b), le.Uint32(b[4:]), depth)
	}
	return c.liftBytes(t.Kind == it.String, le.Uint32(b), le.Uint32(b[4:]))
}

// allocate asks the guest for a block; the guest owns it from then on.
func (c *call) allocate(n uint32, tag uint64) (uint32, error) {
	fn := c.m.alloc
	if fn == nil || len(fn.Definition().ResultTypes()) != 1 {
		return 0, fmt.Errorf("%w: module %s exports no allocate", ErrGuest, c.m.name)
	}
	stack := []uint64{uint64(n), tag}
	if p := len(fn.Definition().ParamTypes()); p < 1 || p > 2 {
		return 0, fmt.Errorf("%w: allocate of module %s takes %d parameters", ErrGuest, c.m.name, p)
	}
	if err := c.m.in.Call(c.ctx, fn, stack); err != nil {
		return 0, fmt.Errorf("allocate %d bytes: %w", n, err)
	}
	return uint32(stack[0]), nil
}

// write copies b into guest memory.
func (c *call) write(at uint32, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := c.charge(uint64(len(b))); err != nil {
		return err
	}
	mem := c.m.in.Memory()
	if mem == nil || !mem.Write(at, b) {
		return fmt.Errorf("%w: write of %d bytes at %d leaves memory", ErrGuest, len(b), at)
	}
	return nil
}

// lowerArray writes an array and returns its offset and count. The outer block is
// allocated first, then what the elements need, left to right.
func (c *call) lowerArray(elem it.Type, v Value, depth int) (at, count uint32, err error) {
	if elem.Kind == it.U8 && v.L == nil {
		at, err = c.lowerBytes(v.B, tag(it.U8))
		return at, uint32(len(v.B)), err
	}
	if len(v.L) == 0 {
		return 0, 0, nil
	}
	width := size(elem.Kind)
	if uint64(len(v.L))*uint64(width) > MaxValueBytes {
		return 0, 0, fmt.Errorf("%w: array of %d elements", ErrTooLarge, len(v.L))
	}
	if at, err = c.allocate(uint32(len(v.L))*width, tag(elem.Kind)); err != nil {
		return 0, 0, err
	}
	block := make([]byte, 0, len(v.L)*int(width))
	for _, e := range v.L {
		if block, err = c.lower(block, elem, e, depth+1); err != nil {
			return 0, 0, err
		}
	}
	return at, uint32(len(v.L)), c.write(at, block)
}

// lowerBytes allocates and writes b; an empty one is nowhere.
func (c *call) lowerBytes(b []byte, tag uint64) (uint32, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(b) > MaxValueBytes {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	at, err := c.allocate(uint32(len(b)), tag)
	if err != nil {
		return 0, err
	}
	return at, c.write(at, b)
}

// lowerRecord writes a record and returns its offset: its nested values first,
// left to right, then its block.
func (c *call) lowerRecord(record uint32, v Value, depth int) (uint32, error) {
	def, err := c.iface.RecordType(record)
	if err != nil {
		return 0, err
	}
	if len(def.Fields) != len(v.L) {
		return 0, fmt.Errorf("%w: record %s of %d fields gets %d", ErrAdapter, def.Name, len(def.Fields), len(v.L))
	}
	var block []byte
	for i, f := range def.Fields {
		if block, err = c.lower(block, f.Type, v.L[i], depth+1); err != nil {
			return 0, err
		}
	}
	return c.lowerBytes(block, 3)
}

// lower appends the packed form of a value.
func (c *call) lower(b []byte, t it.Type, v Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: values nested deeper than %d", ErrAdapter, maxDepth)
	}
	le := binary.LittleEndian
	switch t.Kind {
	case it.Record:
		at, err := c.lowerRecord(t.Record, v, depth)
		return le.AppendUint32(b, at), err
	case it.Array:
		at, n, err := c.lowerArray(*t.Elem, v, depth)
		return le.AppendUint32(le.AppendUint32(b, at), n), err
	case it.String, it.ByteArray:
		at, err := c.lowerBytes(v.B, 1)
		return le.AppendUint32(le.AppendUint32(b, at), uint32(len(v.B))), err
	}
	switch size(t.Kind) {
	case 1:
		return append(b, byte(v.N)), nil
	case 2:
		return le.AppendUint16(b, uint16(v.N)), nil
	case 4:
		return le.AppendUint32(b, uint32(v.N)), nil
	}
	return le.AppendUint64(b, v.N), nil
}
