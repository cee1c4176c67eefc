// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// ErrReserved says that a module uses a name that the rewriter adds.
var ErrReserved = errors.New("reserved name")

// maxTable is the largest table in entries; table.grow beyond it gives -1.
const maxTable = 1 << 20

// Rewrite returns the metered form of a module. Custom sections are dropped: read
// them from the original. The result still has to be validated by the engine;
// a module that is not valid may give one that is not valid either.
//
// Errors: those of package wasmbin, ErrReserved.
func Rewrite(wasm []byte, lim wasmbin.Limits, opt Options) ([]byte, error) {
	lim = lim.WithDefaults()
	m, err := wasmbin.Parse(wasm, lim)
	if err != nil {
		return nil, err
	}
	c, err := m.Core(lim)
	if err != nil {
		return nil, err
	}
	if err := reserved(c); err != nil {
		return nil, err
	}
	l := newLayout(c, lim, opt)
	code, err := l.code(c)
	if err != nil {
		return nil, err
	}
	out := &wasmbin.Module{Sections: slices.DeleteFunc(slices.Clone(m.Sections), func(s wasmbin.Section) bool { return s.ID == wasmbin.SectionCustom })}
	out.Set(wasmbin.SectionType, l.types(c))
	out.Set(wasmbin.SectionImport, l.imports(c, m.Body(wasmbin.SectionImport)))
	out.Set(wasmbin.SectionFunction, l.functions(c))
	out.Set(wasmbin.SectionExport, l.exports(c))
	out.Set(wasmbin.SectionCode, code)
	if b := m.Body(wasmbin.SectionTable); b != nil {
		table, err := tables(b)
		if err != nil {
			return nil, err
		}
		out.Set(wasmbin.SectionTable, table)
	}
	globals, err := l.globals(c, m.Body(wasmbin.SectionGlobal))
	if err != nil {
		return nil, err
	}
	out.Set(wasmbin.SectionGlobal, globals)
	if b := m.Body(wasmbin.SectionElement); b != nil {
		elements, err := l.elements(b, lim)
		if err != nil {
			return nil, err
		}
		out.Set(wasmbin.SectionElement, elements)
	}
	if b := m.Body(wasmbin.SectionStart); b != nil {
		r := wasmbin.NewReader(b)
		start := r.U32()
		if r.Err() != nil || r.Len() != 0 {
			return nil, fmt.Errorf("%w: start section", wasmbin.ErrMalformed)
		}
		out.Set(wasmbin.SectionStart, wasmbin.AppendU32(nil, l.fn(start)))
	}
	return out.Append(nil), nil
}

// reserved refuses modules that know our names.
func reserved(c *wasmbin.Core) error {
	for _, im := range c.Imports {
		if im.Module == Module {
			return fmt.Errorf("%w: import of module %s", ErrReserved, Module)
		}
	}
	for _, e := range c.Exports {
		if e.Name == GasGlobal || e.Name == StackGlobal {
			return fmt.Errorf("%w: export %s", ErrReserved, e.Name)
		}
	}
	return nil
}

// newLayout places what is added behind what is there.
func newLayout(c *wasmbin.Core, lim wasmbin.Limits, opt Options) *layout {
	globals := uint32(c.ImportedGlobals + c.Globals)
	first := uint32(c.ImportedFuncs + 1 + len(c.Funcs))
	l := &layout{
		imported: c.ImportedFuncs, yield: uint32(c.ImportedFuncs), gas: globals, stack: globals + 1,
		grow: first, fill: first + 1, copyMem: first + 2, charge: first + 3, chargeTable: first + 4,
		blockTypes: map[string]uint32{}, lim: lim, opt: opt,
	}
	next := uint32(len(c.Types) + 1 + len(helpers()))
	for _, t := range c.Funcs {
		if r := c.Types[t].Results; len(r) > 1 {
			if _, ok := l.blockTypes[resultsKey(r)]; !ok {
				l.blockTypes[resultsKey(r)] = next
				next++
			}
		}
	}
	return l
}

func appendType(b []byte, params, results []wasmbin.ValType) []byte {
	b = append(b, 0x60)
	for _, ts := range [][]wasmbin.ValType{params, results} {
		b = wasmbin.AppendU32(b, uint32(len(ts)))
		for _, t := range ts {
			b = append(b, byte(t))
		}
	}
	return b
}

// types returns the type section: the original's, Yield's, the helpers', those of blocks.
func (l *layout) types(c *wasmbin.Core) []byte {
	hs := helpers()
	b := wasmbin.AppendU32(nil, uint32(len(c.Types)+1+len(hs)+len(l.blockTypes)))
	for _, t := range c.Types {
		b = appendType(b, t.Params, t.Results)
	}
	b = appendType(b, []wasmbin.ValType{wasmbin.ValI64}, []wasmbin.ValType{wasmbin.ValI64})
	for _, h := range hs {
		b = appendType(b, h.params, h.results)
	}
	keys := make([]string, len(l.blockTypes))
	for key, i := range l.blockTypes { // order: each key goes to the place of its number
		keys[int(i)-len(c.Types)-1-len(hs)] = key
	}
	for _, key := range keys {
		results := make([]wasmbin.ValType, len(key))
		for i := range key {
			results[i] = wasmbin.ValType(key[i])
		}
		b = appendType(b, nil, results)
	}
	return b
}

// imports returns the import section with Yield behind the original imports.
func (l *layout) imports(c *wasmbin.Core, old []byte) []byte {
	b := wasmbin.AppendU32(nil, uint32(len(c.Imports)+1))
	if len(old) > 0 {
		r := wasmbin.NewReader(old)
		r.U32()
		b = append(b, old[r.At():]...)
	}
	b = wasmbin.AppendName(wasmbin.AppendName(b, Module), Yield)
	return wasmbin.AppendU32(append(b, wasmbin.KindFunc), uint32(len(c.Types)))
}

func (l *layout) functions(c *wasmbin.Core) []byte {
	hs := helpers()
	b := wasmbin.AppendU32(nil, uint32(len(c.Funcs)+len(hs)))
	for _, t := range c.Funcs {
		b = wasmbin.AppendU32(b, t)
	}
	for i := range hs {
		b = wasmbin.AppendU32(b, uint32(len(c.Types)+1+i))
	}
	return b
}

// globals returns the global section with the counter and the stack behind the
// original ones. The counter begins at 0, so that a start function asks for gas
// at its first check; the stack begins whole.
func (l *layout) globals(c *wasmbin.Core, old []byte) ([]byte, error) {
	b := wasmbin.AppendU32(nil, uint32(c.Globals+2))
	if len(old) > 0 {
		r := wasmbin.NewReader(old)
		n := r.U32()
		for range n {
			b = append(b, r.Byte(), r.Byte())
			var err error
			if b, err = l.constant(b, old, r); err != nil {
				return nil, err
			}
		}
	}
	b = append(b, byte(wasmbin.ValI64), 1, wasmbin.OpI64Const, 0, wasmbin.OpEnd)
	b = wasmbin.AppendS64(append(b, byte(wasmbin.ValI32), 1, wasmbin.OpI32Const), StackUnits)
	return append(b, wasmbin.OpEnd), nil
}

// constant copies a constant expression with shifted functions.
func (l *layout) constant(b, from []byte, r *wasmbin.Reader) ([]byte, error) {
	for r.Err() == nil {
		at := r.At()
		in := r.Instr()
		switch {
		case r.Err() != nil:
		case in.Op == wasmbin.OpRefFunc:
			b = wasmbin.AppendU32(append(b, wasmbin.OpRefFunc), l.fn(uint32(in.Imm)))
		default:
			b = append(b, from[at:r.At()]...)
		}
		if in.Op == wasmbin.OpEnd {
			return b, r.Err()
		}
	}
	return b, r.Err()
}

func (l *layout) exports(c *wasmbin.Core) []byte {
	b := wasmbin.AppendU32(nil, uint32(len(c.Exports)+2))
	for _, e := range c.Exports {
		index := e.Index
		if e.Kind == wasmbin.KindFunc {
			index = l.fn(index)
		}
		b = wasmbin.AppendU32(append(wasmbin.AppendName(b, e.Name), e.Kind), index)
	}
	b = wasmbin.AppendU32(append(wasmbin.AppendName(b, GasGlobal), wasmbin.KindGlobal), l.gas)
	return wasmbin.AppendU32(append(wasmbin.AppendName(b, StackGlobal), wasmbin.KindGlobal), l.stack)
}

// tables returns the table section with every table bounded by maxTable.
func tables(old []byte) ([]byte, error) {
	r := wasmbin.NewReader(old)
	n := r.U32()
	b := wasmbin.AppendU32(nil, n)
	for range n {
		b = append(b, r.Byte(), 1)
		flags, least, most := r.Byte(), r.U32(), uint32(maxTable)
		if flags == 1 {
			most = min(r.U32(), maxTable)
		}
		if least > maxTable {
			return nil, fmt.Errorf("%w: table of %d entries: at most %d", wasmbin.ErrTooLarge, least, maxTable)
		}
		b = wasmbin.AppendU32(wasmbin.AppendU32(b, least), most)
	}
	return b, r.Err()
}

// elements returns the element section with shifted functions.
func (l *layout) elements(old []byte, lim wasmbin.Limits) ([]byte, error) {
	r := wasmbin.NewReader(old)
	n := r.Count("element segments", lim.Segments)
	b := wasmbin.AppendU32(nil, uint32(n))
	var err error
	for ; n > 0 && r.Err() == nil; n-- {
		flags := r.U32()
		b = wasmbin.AppendU32(b, flags)
		if flags&1 == 0 {
			if flags&2 != 0 {
				b = wasmbin.AppendU32(b, r.U32())
			}
			if b, err = l.constant(b, old, r); err != nil {
				return nil, err
			}
		}
		if flags&3 != 0 {
			b = append(b, r.Byte())
		}
		k := r.Count("elements", len(old))
		b = wasmbin.AppendU32(b, uint32(k))
		for ; k > 0 && r.Err() == nil; k-- {
			if flags&4 == 0 {
				b = wasmbin.AppendU32(b, l.fn(r.U32()))
			} else if b, err = l.constant(b, old, r); err != nil {
				return nil, err
			}
		}
	}
	return b, r.Err()
}

// code returns the code section: every body rewritten, and the helpers.
func (l *layout) code(c *wasmbin.Core) ([]byte, error) {
	hs := helpers()
	b := wasmbin.AppendU32(nil, uint32(len(c.Bodies)+len(hs)))
	looks, units := make([]traits, len(c.Bodies)), make([]uint32, len(c.Bodies)+1)
	for i, body := range c.Bodies {
		var err error
		if looks[i], err = look(body.Code, l.lim); err != nil {
			return nil, fmt.Errorf("function %d: %w", i, err)
		}
		units[i] = frameUnits(c.Types[c.Funcs[i]], body)
	}
	count := counted(units, callGraph(c, looks))
	for i, body := range c.Bodies {
		stack := uint32(0)
		if count[i] {
			stack = units[i]
		}
		fn, err := l.rewrite(c.Types[c.Funcs[i]], body, looks[i], stack)
		if err != nil {
			return nil, fmt.Errorf("function %d: %w", i, err)
		}
		b = append(wasmbin.AppendU32(b, uint32(len(fn))), fn...)
	}
	memory := len(c.Memories)+c.ImportedMemories > 0
	for _, h := range hs {
		fn := []byte{0, wasmbin.OpUnreachable, wasmbin.OpEnd}
		if memory || !h.memory {
			fn = h.body(l)
		}
		b = append(wasmbin.AppendU32(b, uint32(len(fn))), fn...)
	}
	return b, nil
}

// callGraph returns whom each own function may call, by own index: its direct
// targets, and, for an indirect call, one shared stand-in that calls every
// function whose reference can be taken. Imports count as calling nothing: what
// calls back through the host is bounded there. The stand-in is the last entry.
func callGraph(c *wasmbin.Core, looks []traits) [][]int {
	calls := make([][]int, len(looks)+1)
	table := len(looks)
	for i, t := range looks {
		for _, to := range t.targets {
			if own := int(to) - c.ImportedFuncs; own >= 0 && own < len(looks) {
				calls[i] = append(calls[i], own)
			}
		}
		if t.indirect {
			calls[i] = append(calls[i], table)
		}
	}
	refs := c.Refs
	for _, t := range looks {
		refs = append(refs, t.refs...)
	}
	for _, fn := range refs {
		if own := int(fn) - c.ImportedFuncs; own >= 0 && own < len(looks) {
			calls[table] = append(calls[table], own)
		}
	}
	return calls
}
