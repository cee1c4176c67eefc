// SPDX-License-Identifier: Apache-2.0

package ivjson

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/it"
)

// ErrArguments says that JSON does not fit a signature. Texts are upstream's.
var ErrArguments = errors.New("arguments do not fit")

// argumentError is an ErrArguments whose text callers see unchanged.
type argumentError struct{ text string }

// Error returns the text that callers see.
func (e *argumentError) Error() string { return e.text }

// Is makes every argumentError an ErrArguments.
func (e *argumentError) Is(target error) bool { return target == ErrArguments }

// serde refuses with a text of the reader that upstream uses, printed as Rust's Debug does.
func serde(format string, args ...any) error {
	return refuse("error Error(%q, line: 0, column: 0) occurred while deserializing function arguments", fmt.Sprintf(format, args...))
}

func refuse(format string, args ...any) error { return &argumentError{fmt.Sprintf(format, args...)} }

// reader reads values that a signature asks for.
type reader struct {
	scanner
	iface *it.Interface
}

// Arguments reads the arguments of a call: an array by place, an object by name,
// null for none, or a bare scalar for a function of one argument.
//
// Errors: ErrArguments, ErrSyntax, it.ErrMalformed.
func Arguments(sig it.TypeDef, iface *it.Interface, json []byte) ([]abi.Value, error) {
	r := &reader{scanner: scanner{b: json}, iface: iface}
	values, err := r.arguments(sig)
	if err == nil && r.err == nil && r.peek() != 0 {
		r.fail("trailing characters")
	}
	if r.err != nil {
		return nil, r.err
	}
	return values, err
}

func (r *reader) arguments(sig it.TypeDef) ([]abi.Value, error) {
	switch c := r.peek(); c {
	case '[':
		return r.list(sig.Fields)
	case '{':
		return r.members(sig.Fields)
	case 'n':
		r.word("null")
		if len(sig.Fields) > 0 {
			return nil, refuse("the called function has the following signature: %s, but no arguments is provided", signature(sig.Fields))
		}
		return nil, nil
	}
	if len(sig.Fields) != 1 || sig.Fields[0].Type.Kind == it.Record {
		return nil, refuse("called function has the following signature: '%s', and it isn't suitable for an argument '%s' provided", signature(sig.Fields), r.skip())
	}
	v, err := r.value(sig.Fields[0].Type, 0)
	return []abi.Value{v}, err
}

// list reads as many values as there are fields from an array.
func (r *reader) list(fields []it.Field) ([]abi.Value, error) {
	values, count := make([]abi.Value, 0, len(fields)), 0
	var first error
	r.each(func(i int) {
		count++
		if i >= len(fields) || first != nil {
			r.skip()
			return
		}
		v, err := r.value(fields[i].Type, 0)
		first = errors.Join(first, err)
		values = append(values, v)
	})
	if count != len(fields) {
		return nil, refuse("function requires %d arguments, %d provided", len(fields), count)
	}
	return values, first
}

// members reads values by name from an object; of a name that stands twice, the last counts.
func (r *reader) members(fields []it.Field) ([]abi.Value, error) {
	found := map[string][]byte{}
	depth := r.depth
	r.fields(func(name string) { found[name] = r.skip() })
	values := make([]abi.Value, len(fields))
	for i, f := range fields {
		raw, ok := found[f.Name]
		if !ok {
			return nil, refuse("missing argument with name %s", f.Name)
		}
		inner := &reader{scanner: scanner{b: raw, depth: depth + 1}, iface: r.iface}
		var err error
		if values[i], err = inner.value(f.Type, depth); err != nil {
			return nil, err
		}
		if inner.err != nil {
			return nil, inner.err
		}
	}
	if len(found) != len(fields) {
		return nil, refuse("function requires %d arguments, %d provided", len(fields), len(found))
	}
	return values, nil
}

// value reads one value of a type.
func (r *reader) value(t it.Type, depth int) (abi.Value, error) {
	if depth > maxDepth {
		return abi.Value{}, refuse("values nested deeper than %d", maxDepth)
	}
	switch t.Kind {
	case it.Record:
		return r.record(t.Record)
	case it.ByteArray:
		return r.byteArray()
	case it.Array:
		if t.Elem.Kind == it.U8 {
			return r.byteArray()
		}
		return r.array(*t.Elem, depth)
	}
	return r.flattened(t.Kind)
}

// flattened reads a scalar, or an array of exactly one.
func (r *reader) flattened(k it.Kind) (v abi.Value, err error) {
	if r.peek() != '[' {
		return r.scalar(k)
	}
	count, at := 0, r.at
	r.each(func(int) {
		if count++; count == 1 && r.peek() != '[' {
			v, err = r.scalar(k)
			return
		}
		r.skip()
	})
	if count != 1 || r.b[at] == '[' && nested(r.b[at+1:]) {
		return v, serde("invalid type: sequence, expected %s", expected(k))
	}
	return v, err
}

// nested reports whether an array's first element is an array.
func nested(b []byte) bool { return (&scanner{b: b}).peek() == '[' }

func (r *reader) scalar(k it.Kind) (abi.Value, error) {
	c := r.peek()
	switch {
	case k == it.String && c == '"':
		return abi.Value{B: append([]byte{}, r.text()...)}, nil
	case k == it.Bool && (c == 't' || c == 'f'):
		if raw := r.skip(); string(raw) == "true" {
			return abi.Value{N: 1}, nil
		}
		return abi.Value{}, r.err
	case k != it.String && k != it.Bool && (c == '-' || c >= '0' && c <= '9'):
		return r.num(k)
	}
	return abi.Value{}, r.mismatch(k)
}

// mismatch reads a value of a wrong kind and says so.
func (r *reader) mismatch(k it.Kind) error {
	got := r.describe()
	return serde("invalid type: %s, expected %s", got, expected(k))
}

// describe reads a value and names it as serde does.
func (r *reader) describe() string {
	switch c := r.peek(); c {
	case 'n':
		r.skip()
		return "null"
	case 't', 'f':
		return fmt.Sprintf("boolean `%s`", r.skip())
	case '"':
		return fmt.Sprintf("string %q", r.text())
	case '[':
		r.skip()
		return "sequence"
	case '{':
		r.skip()
		return "map"
	}
	text, integer := r.number()
	if integer {
		if _, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return fmt.Sprintf("integer `%s`", text)
		}
		if _, err := strconv.ParseUint(string(text), 10, 64); err == nil {
			return fmt.Sprintf("integer `%s`", text)
		}
	}
	x, _ := strconv.ParseFloat(string(text), 64)
	return fmt.Sprintf("floating point `%s`", appendFloat(nil, x))
}

func (r *reader) num(k it.Kind) (abi.Value, error) {
	at := r.at
	text, integer := r.number()
	if r.err != nil {
		return abi.Value{}, r.err
	}
	if k == it.F32 || k == it.F64 {
		x, err := strconv.ParseFloat(string(text), 64)
		if err != nil && math.IsInf(x, 0) {
			r.at = at
			r.fail("number out of range")
			return abi.Value{}, r.err
		}
		if k == it.F32 {
			return abi.Value{N: uint64(math.Float32bits(float32(x)))}, nil
		}
		return abi.Value{N: math.Float64bits(x)}, nil
	}
	n, isInt, fits := integerOf(k, string(text), integer)
	switch {
	case !isInt:
		r.at = at
		return abi.Value{}, r.mismatch(k)
	case !fits:
		return abi.Value{}, serde("invalid value: integer `%s`, expected %s", text, expected(k))
	}
	return abi.Value{N: n}, nil
}

// integerOf parses an integer for a kind: whether it is one of 64 bits at all, and
// whether it is in the kind's range.
func integerOf(k it.Kind, text string, integer bool) (n uint64, isInt, fits bool) {
	if !integer {
		return 0, false, false
	}
	bits, sign := bitsOf(k)
	s, serr := strconv.ParseInt(text, 10, 64)
	u, uerr := strconv.ParseUint(text, 10, 64)
	switch {
	case serr != nil && uerr != nil:
		return 0, false, false
	case sign:
		return uint64(s), true, serr == nil && (bits == 64 || s >= -1<<(bits-1) && s < 1<<(bits-1))
	}
	return u, true, uerr == nil && (bits == 64 || u < 1<<bits)
}

func bitsOf(k it.Kind) (bits uint, sign bool) {
	switch k {
	case it.S8:
		return 8, true
	case it.S16:
		return 16, true
	case it.S32, it.I32:
		return 32, true
	case it.U8:
		return 8, false
	case it.U16:
		return 16, false
	case it.U32:
		return 32, false
	case it.U64:
		return 64, false
	}
	return 64, true
}

func (r *reader) byteArray() (abi.Value, error) {
	if r.peek() != '[' {
		return abi.Value{}, refuse("expected bytearray, got %s", r.debug())
	}
	b := []byte{}
	var first error
	r.each(func(int) {
		v, err := r.flattened(it.U8)
		if first == nil {
			first = err
		}
		b = append(b, byte(v.N))
	})
	return abi.Value{B: b}, first
}

func (r *reader) array(elem it.Type, depth int) (abi.Value, error) {
	if r.peek() != '[' {
		return abi.Value{}, refuse("expected array of %s types, got %s", debugType(elem), r.debug())
	}
	l := []abi.Value{}
	var first error
	r.each(func(int) {
		v, err := r.value(elem, depth+1)
		if err != nil {
			first = errors.Join(first, err)
			if r.err == nil {
				r.err = first // nothing after it matters
			}
		}
		l = append(l, v)
	})
	return abi.Value{L: l}, first
}

func (r *reader) record(id uint32) (abi.Value, error) {
	def, err := r.iface.RecordType(id)
	if err != nil {
		return abi.Value{}, err
	}
	var l []abi.Value
	switch r.peek() {
	case '[':
		l, err = r.list(def.Fields)
	case '{':
		l, err = r.members(def.Fields)
	default:
		r.skip()
		err = refuse("record with type id `%d` should be encoded as array or map of fields", id)
	}
	return abi.Value{L: l}, err
}

// debug reads a value and prints it as Rust's Debug of a JSON value does for scalars.
func (r *reader) debug() string {
	switch c := r.peek(); c {
	case 'n':
		r.skip()
		return "Null"
	case 't', 'f':
		return fmt.Sprintf("Bool(%s)", r.skip())
	case '"':
		return fmt.Sprintf("String(%q)", r.text())
	case '{':
		return fmt.Sprintf("Object %s", r.skip())
	case '[':
		return fmt.Sprintf("Array %s", r.skip())
	}
	return fmt.Sprintf("Number(%s)", r.skip())
}

// expected names a scalar kind as serde does.
func expected(k it.Kind) string {
	switch k {
	case it.String:
		return "a string"
	case it.Bool:
		return "a boolean"
	}
	return Name(it.Type{Kind: k}, nil)
}

// debugType prints a type as Rust's Debug does.
func debugType(t it.Type) string {
	switch t.Kind {
	case it.Array:
		return fmt.Sprintf("Array(%s)", debugType(*t.Elem))
	case it.Record:
		return fmt.Sprintf("Record(%d)", t.Record)
	case it.ByteArray:
		return "ByteArray"
	case it.Bool:
		return "Boolean"
	case it.String:
		return "String"
	case it.S8, it.S16, it.S32, it.S64:
		return "S" + Name(t, nil)[1:]
	}
	return strings.ToUpper(Name(t, nil))
}

func signature(fields []it.Field) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Sprintf("(%q, %s)", f.Name, debugType(f.Type))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Name returns a type as Aqua and interface listings write it. The interface
// gives names of records; without it they are numbers.
func Name(t it.Type, iface *it.Interface) string {
	switch t.Kind {
	case it.Array:
		return "[]" + Name(*t.Elem, iface)
	case it.ByteArray:
		return "[]u8"
	case it.Record:
		if iface != nil {
			if def, err := iface.RecordType(t.Record); err == nil {
				return def.Name
			}
		}
		return "record " + strconv.FormatUint(uint64(t.Record), 10)
	}
	return [...]string{
		it.S8: "i8", it.S16: "i16", it.S32: "i32", it.S64: "i64", it.U8: "u8", it.U16: "u16", it.U32: "u32", it.U64: "u64",
		it.F32: "f32", it.F64: "f64", it.String: "string", it.Bool: "bool", it.I32: "i32", it.I64: "i64",
	}[t.Kind]
}
