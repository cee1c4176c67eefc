// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"fmt"
	"strings"
)

// importFrom writes the method of an import's type, over the function that Wasm imports.
func (f method) importFrom(b *strings.Builder, in imported) {
	raw := "marineImport" + in.goName + f.goName
	fmt.Fprintf(b, "\n//go:wasmimport %s %s\nfunc %s(%s) %s\n", in.module, f.name, raw, f.core(), f.direct())
	params, args := make([]string, len(f.params)), make([]string, 0, len(f.params))
	var before strings.Builder
	for i, p := range f.params {
		params[i] = p.name + " " + p.typ.goType()
		args = append(args, lower(&before, p, i))
	}
	result := ""
	if f.result != nil {
		result = f.result.goType()
	}
	fmt.Fprintf(b, "\n// %s calls %s.\nfunc (%sModule) %s(%s) %s {\n%s", f.goName, f.name, in.goName, f.goName, strings.Join(params, ", "), result, before.String())
	invoke := fmt.Sprintf("%s(%s)", raw, strings.Join(args, ", "))
	switch {
	case f.result == nil:
		fmt.Fprintf(b, "\t%s\n", invoke)
	case f.result.scalar == "bool":
		fmt.Fprintf(b, "\treturn %s != 0\n", invoke)
	case f.direct() != "":
		fmt.Fprintf(b, "\treturn %s(%s)\n", f.result.scalar, invoke)
	default:
		fmt.Fprintf(b, "\t%s\n", invoke)
		f.returned(b)
	}
	b.WriteString("}\n")
}

// returned reads the result registers.
func (f method) returned(b *strings.Builder) {
	t := *f.result
	switch {
	case t.record != "":
		fmt.Fprintf(b, "\tmarineAt, _ := guest.Returned()\n\treturn read%s(marineAt)\n", t.record)
	case t.scalar == "string":
		b.WriteString("\treturn string(guest.Take(guest.Returned()))\n")
	case t.isBytes():
		b.WriteString("\treturn guest.Take(guest.Returned())\n")
	default:
		fmt.Fprintf(b, "\tmarineAt, marineLen := guest.Returned()\n\treturn guest.List(marineAt, marineLen, %d, %s)\n", t.item.size(), reader(*t.item))
	}
}

// lower writes what must happen before the call and returns the Wasm arguments of parameter i.
func lower(before *strings.Builder, p param, i int) string {
	t := p.typ
	switch {
	case t.scalar == "string":
		fmt.Fprintf(before, "\tmarineB%d := []byte(%s)\n", i, p.name)
		return fmt.Sprintf("guest.Give(marineB%d), uint32(len(marineB%d))", i, i)
	case t.isBytes():
		return fmt.Sprintf("guest.Give(%s), uint32(len(%s))", p.name, p.name)
	case t.item != nil:
		return fmt.Sprintf("guest.Give(guest.Pack(%s, %s)), uint32(len(%s))", p.name, writer(*t.item), p.name)
	case t.record != "":
		return fmt.Sprintf("guest.Give(guest.Pack([]%[1]s{%[2]s}, put%[1]s))", t.record, p.name)
	case t.scalar == "bool":
		fmt.Fprintf(before, "\tvar marineB%d uint32\n\tif %s {\n\t\tmarineB%d = 1\n\t}\n", i, p.name, i)
		return fmt.Sprintf("marineB%d", i)
	default:
		return fmt.Sprintf("%s(%s)", scalars[t.scalar].core, p.name)
	}
}
