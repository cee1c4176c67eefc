// SPDX-License-Identifier: Apache-2.0

package wasmbin

import "fmt"

// ValType is the type of a value: one of the Val constants.
type ValType byte

// Value types of the core specification, section 5.3.
const (
	ValI32       ValType = 0x7f
	ValI64       ValType = 0x7e
	ValF32       ValType = 0x7d
	ValF64       ValType = 0x7c
	ValV128      ValType = 0x7b
	ValFuncRef   ValType = 0x70
	ValExternRef ValType = 0x6f
)

// Kinds of imports and exports.
const (
	KindFunc   = 0
	KindTable  = 1
	KindMemory = 2
	KindGlobal = 3
)

// FuncType is the type of a function.
type FuncType struct{ Params, Results []ValType }

// Import is one import. Index is the type of a function; it is 0 for others.
type Import struct {
	Module, Name string
	Kind         byte
	Index        uint32
}

// Export is one export.
type Export struct {
	Name  string
	Kind  byte
	Index uint32
}

// Limit is the size of a memory or table, in pages or entries.
type Limit struct {
	Min    uint32
	Max    uint32
	HasMax bool
}

// Body is the code of one own function.
type Body struct {
	Locals   []LocalRun
	Code     []byte // instructions, the final end included
	NumLocal int    // own locals, parameters not counted
}

// LocalRun is a run of locals of one type.
type LocalRun struct {
	Count uint32
	Type  ValType
}

// Core is what the core sections of a module say, as far as the host needs it.
type Core struct {
	Types    []FuncType
	Imports  []Import
	Funcs    []uint32 // type of each own function
	Memories []Limit  // own memories
	Tables   []Limit  // own tables
	Globals  int      // own globals
	Exports  []Export
	Bodies   []Body
	Refs     []uint32 // functions that element segments, globals or exports name, in order

	ImportedFuncs, ImportedGlobals, ImportedMemories, ImportedTables int
}

// FuncType returns the type of a function of the whole index space.
func (c *Core) FuncType(index uint32) (FuncType, bool) {
	t := uint32(len(c.Types))
	if int(index) < c.ImportedFuncs {
		n := index
		for _, im := range c.Imports {
			if im.Kind != KindFunc {
				continue
			}
			if n == 0 {
				t = im.Index
				break
			}
			n--
		}
	} else if i := int(index) - c.ImportedFuncs; i < len(c.Funcs) {
		t = c.Funcs[i]
	}
	if int(t) >= len(c.Types) {
		return FuncType{}, false
	}
	return c.Types[t], true
}

// Core decodes the core sections.
//
// Errors: ErrMalformed, ErrTooLarge, ErrUnsupported.
func (m *Module) Core(lim Limits) (*Core, error) {
	lim = lim.WithDefaults()
	c := &Core{}
	for _, s := range m.Sections {
		r, read := NewReader(s.Body), sections[s.ID]
		if s.ID == SectionCustom || read == nil {
			continue
		}
		if read(c, r, lim); r.err == nil && r.Len() > 0 {
			r.fail(ErrMalformed, "%d bytes after the last entry", r.Len())
		}
		if r.err != nil {
			return nil, fmt.Errorf("section %d: %w", s.ID, r.err)
		}
	}
	return c, c.check(lim)
}

// check compares what different sections say.
func (c *Core) check(lim Limits) error {
	if len(c.Funcs) != len(c.Bodies) {
		return fmt.Errorf("%w: %d functions declared, %d bodies", ErrMalformed, len(c.Funcs), len(c.Bodies))
	}
	if n := c.ImportedFuncs + len(c.Funcs); n > lim.Functions {
		return fmt.Errorf("%w: %d functions: at most %d", ErrTooLarge, n, lim.Functions)
	}
	for i := range c.Funcs {
		t, ok := c.FuncType(uint32(c.ImportedFuncs + i))
		if !ok {
			return fmt.Errorf("%w: function %d: no type %d", ErrMalformed, i, c.Funcs[i])
		}
		if n := len(t.Params) + c.Bodies[i].NumLocal; n > lim.Locals {
			return fmt.Errorf("%w: function %d: %d locals: at most %d", ErrTooLarge, i, n, lim.Locals)
		}
	}
	for _, im := range c.Imports {
		if im.Kind == KindFunc && int(im.Index) >= len(c.Types) {
			return fmt.Errorf("%w: import %s.%s: no type %d", ErrMalformed, im.Module, im.Name, im.Index)
		}
	}
	return nil
}

// sections decodes each core section whose entries are needed. The data and
// count sections are only bounded; wazero reads them.
var sections = [13]func(*Core, *Reader, Limits){
	SectionType:     (*Core).readTypes,
	SectionImport:   (*Core).readImports,
	SectionFunction: (*Core).readFunctions,
	SectionTable:    (*Core).readTables,
	SectionMemory:   (*Core).readMemories,
	SectionGlobal:   (*Core).readGlobals,
	SectionExport:   (*Core).readExports,
	SectionElement:  (*Core).readElements,
	SectionCode:     (*Core).readCode,
	SectionData:     (*Core).readData,
}

func (c *Core) readTypes(r *Reader, lim Limits) {
	for n := r.Count("types", lim.Types); n > 0 && r.err == nil; n-- {
		if f := r.Byte(); f != 0x60 && r.err == nil {
			r.fail(ErrUnsupported, "type form %#x", f)
		}
		c.Types = append(c.Types, FuncType{Params: valTypes(r, lim.Locals), Results: valTypes(r, 1000)})
	}
}

func valTypes(r *Reader, limit int) []ValType {
	b := r.Bytes(uint32(r.Count("value types", limit)))
	ts := make([]ValType, len(b))
	for i, t := range b {
		ts[i] = valType(r, t)
	}
	return ts
}

func valType(r *Reader, b byte) ValType {
	switch t := ValType(b); t {
	case ValI32, ValI64, ValF32, ValF64, ValV128, ValFuncRef, ValExternRef:
		return t
	default:
		if r.err == nil {
			r.fail(ErrMalformed, "value type %#x", b)
		}
	}
	return 0
}

func limit(r *Reader) (l Limit) {
	switch f := r.Byte(); f {
	case 0:
		l.Min = r.U32()
	case 1:
		l.Min, l.HasMax = r.U32(), true
		l.Max = r.U32()
	default:
		r.fail(ErrUnsupported, "memory or table with flags %#x: no shared and no 64-bit memory here", f)
	}
	return l
}

func (c *Core) readImports(r *Reader, lim Limits) {
	for n := r.Count("imports", lim.Functions+lim.Globals); n > 0 && r.err == nil; n-- {
		im := Import{Module: r.Name(), Name: r.Name(), Kind: r.Byte()}
		switch im.Kind {
		case KindFunc:
			im.Index = r.U32()
			c.ImportedFuncs++
		case KindTable:
			valType(r, r.Byte())
			limit(r)
			c.ImportedTables++
		case KindMemory:
			limit(r)
			c.ImportedMemories++
		case KindGlobal:
			valType(r, r.Byte())
			r.Byte()
			c.ImportedGlobals++
		default:
			r.fail(ErrUnsupported, "import %s.%s of kind %d", im.Module, im.Name, im.Kind)
		}
		c.Imports = append(c.Imports, im)
	}
}

func (c *Core) readFunctions(r *Reader, lim Limits) {
	for n := r.Count("functions", lim.Functions); n > 0 && r.err == nil; n-- {
		c.Funcs = append(c.Funcs, r.U32())
	}
}

func (c *Core) readTables(r *Reader, _ Limits) {
	for n := r.Count("tables", 100); n > 0 && r.err == nil; n-- {
		valType(r, r.Byte())
		c.Tables = append(c.Tables, limit(r))
	}
}

func (c *Core) readMemories(r *Reader, _ Limits) {
	for n := r.Count("memories", 1); n > 0 && r.err == nil; n-- {
		c.Memories = append(c.Memories, limit(r))
	}
}

func (c *Core) readGlobals(r *Reader, lim Limits) {
	for n := r.Count("globals", lim.Globals); n > 0 && r.err == nil; n-- {
		valType(r, r.Byte())
		r.Byte()
		c.constExpr(r)
		c.Globals++
	}
}

// constExpr passes over a constant expression and keeps the functions it names.
func (c *Core) constExpr(r *Reader) {
	for r.err == nil {
		in := r.Instr()
		switch in.Op {
		case OpEnd:
			return
		case OpRefFunc:
			c.Refs = append(c.Refs, uint32(in.Imm))
		case OpI32Const, OpI64Const, OpF32Const, OpF64Const, OpV128Const, OpGlobalGet, OpRefNull:
		default:
			r.fail(ErrMalformed, "instruction %#x in a constant expression", in.Op)
		}
	}
}

func (c *Core) readExports(r *Reader, lim Limits) {
	for n := r.Count("exports", lim.Functions+lim.Globals); n > 0 && r.err == nil; n-- {
		e := Export{Name: r.Name(), Kind: r.Byte(), Index: r.U32()}
		if e.Kind > KindGlobal {
			r.fail(ErrUnsupported, "export %s of kind %d", e.Name, e.Kind)
		}
		c.Exports = append(c.Exports, e)
	}
}

// readElements passes over element segments and keeps the functions they name.
func (c *Core) readElements(r *Reader, lim Limits) {
	for n := r.Count("element segments", lim.Segments); n > 0 && r.err == nil; n-- {
		flags := r.U32()
		if flags > 7 {
			r.fail(ErrMalformed, "element segment with flags %d", flags)
		}
		if flags&1 == 0 { // active
			if flags&2 != 0 {
				r.U32()
			}
			c.constExpr(r)
		}
		if flags&3 != 0 {
			r.Byte() // element kind or type
		}
		for k := r.Count("elements", 10_000_000); k > 0 && r.err == nil; k-- {
			if flags&4 == 0 {
				c.Refs = append(c.Refs, r.U32())
			} else {
				c.constExpr(r)
			}
		}
	}
}

func (c *Core) readCode(r *Reader, lim Limits) {
	for n := r.Count("function bodies", lim.Functions); n > 0 && r.err == nil; n-- {
		size := r.U32()
		if uint64(size) > uint64(lim.Body) {
			r.fail(ErrTooLarge, "function body of %d bytes: at most %d", size, lim.Body)
		}
		c.Bodies = append(c.Bodies, readBody(r, r.Bytes(size), lim))
	}
}

func readBody(outer *Reader, b []byte, lim Limits) (body Body) {
	if outer.err != nil {
		return body
	}
	r, total := NewReader(b), uint64(0)
	for n := r.Count("runs of locals", lim.Locals); n > 0 && r.err == nil; n-- {
		run := LocalRun{Count: r.U32(), Type: valType(r, r.Byte())}
		if total += uint64(run.Count); total > uint64(lim.Locals) {
			r.fail(ErrTooLarge, "%d locals: at most %d", total, lim.Locals)
		}
		body.Locals = append(body.Locals, run)
	}
	body.NumLocal, body.Code = int(total), b[min(r.at, len(b)):]
	outer.err = r.err
	return body
}

func (*Core) readData(r *Reader, lim Limits) {
	r.Count("data segments", lim.Segments)
	r.Bytes(uint32(r.Len()))
}
