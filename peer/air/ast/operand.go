// SPDX-License-Identifier: Apache-2.0

package ast

// Kind says what an Operand or a Var is.
type Kind uint8

// The kinds. Only Scalar to CanonMap are variables.
const (
	// InitPeerID is `%init_peer_id%`.
	InitPeerID Kind = iota + 1
	// Timestamp is `%timestamp%`.
	Timestamp
	// TTL is `%ttl%`.
	TTL
	// LastError is `%last_error%`, which may have a lens.
	LastError
	// Error is `:error:`, which may have a lens.
	Error
	// Literal is a string literal.
	Literal
	// Int is a 64-bit integer.
	Int
	// Float is a 64-bit float.
	Float
	// Bool is `true` or `false`.
	Bool
	// EmptyArray is `[]`.
	EmptyArray
	// Scalar is a scalar variable or an iterator.
	Scalar
	// Stream is a stream, `$name`.
	Stream
	// StreamMap is a stream map, `%name`.
	StreamMap
	// CanonStream is a canon stream, `#name` or `#$name`.
	CanonStream
	// CanonMap is a canon map, `#%name`.
	CanonMap
)

// Var names a variable.
type Var struct {
	Kind Kind
	// Name includes the tags: `$s`, `#%m`.
	Name string
	// Pos is the byte offset of the name in the script text.
	Pos int
}

// Operand is a value an instruction reads.
type Operand struct {
	Kind Kind
	// Name is the variable's name with its tags, or the text of a Literal.
	Name string
	// Int, Float and Bool hold the value of the kind of that name.
	Int   int64
	Float float64
	Bool  bool
	// Lens is nil when the value is taken whole.
	Lens *Lens
	// Pos is the byte offset of the operand in the script text.
	Pos int
}

// IsVar reports whether the operand names a variable.
func (o *Operand) IsVar() bool { return o.Kind >= Scalar }

// Var returns the variable the operand names; its Kind is 0 when it names none.
func (o *Operand) Var() Var {
	if !o.IsVar() {
		return Var{}
	}
	return Var{Kind: o.Kind, Name: o.Name, Pos: o.Pos}
}

// AccessorKind says how an accessor selects.
type AccessorKind uint8

// The accessor kinds.
const (
	// Index selects an array element by number: `[0]`.
	Index AccessorKind = iota + 1
	// Field selects an object field by name.
	Field
	// ByScalar selects by the value of a scalar: `[name]`.
	ByScalar
)

// Accessor is one step of a lens.
type Accessor struct {
	Kind  AccessorKind
	Index uint32
	// Name is the field name, or the scalar's name.
	Name string
	// Pos is the byte offset of the accessor in the script text.
	Pos int
}

// Lens is a path applied to a value, or the length functor.
type Lens struct {
	// Length is true for `.length`; Path is then empty.
	Length bool
	// Path has at least one accessor unless Length is set.
	Path []Accessor
}
