// SPDX-License-Identifier: Apache-2.0

package it

// toCore returns the conversion of an interface integer to a core one.
func toCore(k Kind) Instr {
	switch k {
	case Bool:
		return Instr{Op: I32FromBool}
	case S64:
		return Instr{Op: 0x11}
	case U64:
		return Instr{Op: 0x21}
	case S8, S16, S32:
		return Instr{Op: 0x0a + Op(k-S8)}
	}
	return Instr{Op: 0x1a + Op(k-U8)}
}

// fromCore returns the conversion of a core integer to an interface one.
func fromCore(k Kind) Instr {
	switch k {
	case Bool:
		return Instr{Op: BoolFromI32}
	case S64:
		return Instr{Op: 0x09}
	case U64:
		return Instr{Op: 0x19}
	case S8, S16, S32:
		return Instr{Op: 0x02 + 2*Op(k-S8)}
	}
	return Instr{Op: 0x12 + 2*Op(k-U8)}
}

// elem returns the type that array.lower_memory and array.lift_memory name.
func elem(t Type) Type {
	if t.Kind == ByteArray {
		return Type{Kind: U8}
	}
	return *t.Elem
}

// lowerArgument passes argument i of an exported function to its core.
func lowerArgument(i uint64, t Type) []Instr {
	get := Instr{Op: ArgGet, Arg: i}
	switch t.Kind {
	case F32, F64:
		return []Instr{get}
	case String:
		return []Instr{get, {Op: StringSize}, {Op: PushI32, Arg: 1}, {Op: CallCore, Arg: fnAllocate}, get, {Op: StringLower}}
	case ByteArray, Array:
		return []Instr{get, {Op: ArrayLower, Type: elem(t)}}
	case Record:
		return []Instr{get, {Op: RecordLower, Arg: uint64(t.Record)}}
	}
	return []Instr{get, toCore(t.Kind)}
}

// liftResult takes the result of an exported function.
func liftResult(t Type) []Instr {
	at, size := Instr{Op: CallCore, Arg: fnGetResultPtr}, Instr{Op: CallCore, Arg: fnGetResultSize}
	switch t.Kind {
	case F32, F64:
		return nil
	case String:
		return []Instr{at, size, {Op: StringLift}}
	case ByteArray:
		return []Instr{at, size, {Op: ByteArrayLift}}
	case Array:
		return []Instr{at, size, {Op: ArrayLift, Type: *t.Elem}}
	case Record:
		return []Instr{at, {Op: RecordLift, Arg: uint64(t.Record)}}
	}
	return []Instr{fromCore(t.Kind)}
}

// liftArgument reads an argument that a guest passes to an import, from raw slot
// i on, and returns how many slots it takes.
func liftArgument(i uint64, t Type) ([]Instr, uint64) {
	get := Instr{Op: ArgGet, Arg: i}
	next := Instr{Op: ArgGet, Arg: i + 1}
	switch t.Kind {
	case F32, F64:
		return []Instr{get}, 1
	case String:
		return []Instr{get, next, {Op: StringLift}}, 2
	case ByteArray:
		return []Instr{get, next, {Op: ByteArrayLift}}, 2
	case Array:
		return []Instr{get, next, {Op: ArrayLift, Type: *t.Elem}}, 2
	case Record:
		return []Instr{get, {Op: RecordLift, Arg: uint64(t.Record)}}, 1
	}
	return []Instr{get, fromCore(t.Kind)}, 1
}

// lowerResult gives the result of an import to the guest.
func lowerResult(t Type) []Instr {
	size, at := Instr{Op: CallCore, Arg: fnSetResultSize}, Instr{Op: CallCore, Arg: fnSetResultPtr}
	switch t.Kind {
	case F32, F64:
		return nil
	case String:
		return []Instr{{Op: Dup}, {Op: StringSize}, {Op: PushI32, Arg: 1}, {Op: CallCore, Arg: fnAllocate}, {Op: Swap2}, {Op: StringLower}, size, at}
	case ByteArray, Array:
		return []Instr{{Op: ArrayLower, Type: elem(t)}, size, at}
	case Record:
		return []Instr{{Op: RecordLower, Arg: uint64(t.Record)}, at}
	}
	return []Instr{toCore(t.Kind)}
}
