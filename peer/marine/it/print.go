// SPDX-License-Identifier: Apache-2.0

package it

import (
	"fmt"
	"strings"
)

// String returns the text name of an opcode.
func (op Op) String() string {
	kinds := [...]string{"s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64"}
	switch n := int(op); {
	case n >= 0x02 && n <= 0x09:
		return fmt.Sprintf("%s.from_i%d", kinds[(n-2)/2], 32+32*(n&1))
	case n >= 0x0a && n <= 0x11:
		return fmt.Sprintf("i%d.from_%s", 32+32*((n-0x0a)/4), kinds[(n-0x0a)%4])
	case n >= 0x12 && n <= 0x19:
		return fmt.Sprintf("%s.from_i%d", kinds[4+(n-0x12)/2], 32+32*(n&1))
	case n >= 0x1a && n <= 0x21:
		return fmt.Sprintf("i%d.from_%s", 32+32*((n-0x1a)/4), kinds[4+(n-0x1a)%4])
	}
	if name, ok := map[Op]string{
		ArgGet: "arg.get", CallCore: "call-core", StringLift: "string.lift_memory", StringLower: "string.lower_memory", StringSize: "string.size",
		Dup: "dup", Swap2: "swap2", ArrayLift: "array.lift_memory", ArrayLower: "array.lower_memory", RecordLift: "record.lift_memory", RecordLower: "record.lower_memory",
		BoolFromI32: "bool.from_i32", I32FromBool: "i32.from_bool", PushI32: "i32.push", PushI64: "i64.push",
		ByteArrayLift: "byte_array.lift_memory", ByteArrayLower: "byte_array.lower_memory", ByteArraySize: "byte_array.size",
	}[op]; ok {
		return name
	}
	return fmt.Sprintf("op %#x", byte(op))
}

// Text prints the whole section for people: one line per type, import, export
// and implementation, and the adapters' instructions below them.
func (in *Interface) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %s\n", in.Version)
	for i, t := range in.Types {
		parts := make([]string, len(t.Fields))
		for k, f := range t.Fields {
			parts[k] = f.Name + ": " + in.TypeName(f.Type)
		}
		if t.IsRecord {
			fmt.Fprintf(&b, "type %d = record %s { %s }\n", i, t.Name, strings.Join(parts, ", "))
			continue
		}
		fmt.Fprintf(&b, "type %d = func (%s)", i, strings.Join(parts, ", "))
		for _, o := range t.Outputs {
			fmt.Fprintf(&b, " -> %s", in.TypeName(o))
		}
		b.WriteString("\n")
	}
	for _, im := range in.Imports {
		fmt.Fprintf(&b, "import %q %q type %d\n", im.Namespace, im.Name, im.Type)
	}
	for _, a := range in.Adapters {
		fmt.Fprintf(&b, "adapter of type %d\n", a.Type)
		for _, i := range a.Instr {
			switch i.Op {
			case ArgGet, CallCore, RecordLift, RecordLower, PushI32, PushI64:
				fmt.Fprintf(&b, "  %s %d\n", i.Op, i.Arg)
			case ArrayLift, ArrayLower:
				fmt.Fprintf(&b, "  %s %s\n", i.Op, in.TypeName(i.Type))
			default:
				fmt.Fprintf(&b, "  %s\n", i.Op)
			}
		}
	}
	for _, e := range in.Exports {
		fmt.Fprintf(&b, "export %q type %d\n", e.Name, e.Type)
	}
	for _, im := range in.Impls {
		fmt.Fprintf(&b, "implement type %d by adapter of type %d\n", im.Core, im.Adapter)
	}
	return b.String()
}
