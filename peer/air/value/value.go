// SPDX-License-Identifier: Apache-2.0

// Package value holds JSON values as AIR peers agree on them, with its own
// reader and writer: the number parsing, number printing, key order, escapes,
// depth and error texts are those of AquaVM, because values are hashed and the
// hashes are compared. It never uses encoding/json.
//
// A Value is its canonical text: compact, object keys sorted bytewise, numbers
// and strings in one spelling each. Reading costs one pass and, when the text is
// canonical already, no copy and no allocation; parts are cut out of the text
// when asked for, so a hostile value never takes more memory than its text.
package value

import (
	"iter"
	"strings"
)

// Kind says what a Value is.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String returns the name of the kind in lower case.
func (k Kind) String() string {
	return [...]string{"null", "bool", "number", "string", "array", "object"}[min(k, Object)]
}

// Value is an immutable JSON value. The zero Value is null. Copying one copies
// two words. Safe for concurrent use. Compare with Equal, not with ==.
type Value struct{ text string }

// Text returns the canonical JSON text: the bytes that are hashed and sent.
func (v Value) Text() string {
	if v.text == "" {
		return "null"
	}
	return v.text
}

// String returns the same as Text.
func (v Value) String() string { return v.Text() }

// Append appends the canonical text to b.
func (v Value) Append(b []byte) []byte { return append(b, v.Text()...) }

// Kind returns the kind of the value.
func (v Value) Kind() Kind {
	if v.text == "" {
		return Null
	}
	switch v.text[0] {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '[':
		return Array
	case '{':
		return Object
	}
	return Number
}

// AsBool returns the boolean, and false when v is none.
func (v Value) AsBool() (b, ok bool) {
	return v.text == "true", v.Kind() == Bool
}

// AsString returns the decoded string, and false when v is none. It allocates
// only when the text has escapes.
func (v Value) AsString() (string, bool) {
	if v.Kind() != String {
		return "", false
	}
	return unquote(v.text[1 : len(v.text)-1]), true
}

// Len returns the number of elements of an array or of fields of an object, and
// 0 for anything else.
func (v Value) Len() int {
	n := 0
	switch v.Kind() {
	case Array:
		for range v.Elems() {
			n++
		}
	case Object:
		for range v.rawFields() {
			n++
		}
	}
	return n
}

// Index returns element i of an array, and false when v is no array or too
// short. It costs a scan of what stands before the element.
func (v Value) Index(i int) (Value, bool) {
	if i < 0 {
		return Value{}, false
	}
	for e := range v.Elems() {
		if i == 0 {
			return e, true
		}
		i--
	}
	return Value{}, false
}

// Field returns the field of an object, and false when v is no object or lacks
// it. It costs a scan of what stands before the field.
func (v Value) Field(name string) (Value, bool) {
	if v.Kind() != Object {
		return Value{}, false
	}
	quoted := name
	if needsEscape(name) {
		q := AppendQuoted(nil, name)
		quoted = string(q[1 : len(q)-1])
	}
	for k, e := range v.rawFields() {
		if k == quoted {
			return e, true
		}
	}
	return Value{}, false
}

// Elems walks the elements of an array in order; for other kinds it is empty.
func (v Value) Elems() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		for s := v.text[1:]; s[0] != ']'; {
			n := skip(s)
			if !yield(Value{s[:n]}) {
				return
			}
			if s = s[n:]; s[0] == ',' {
				s = s[1:]
			}
		}
	}
}

// Fields walks the fields of an object in the bytewise order of their names; for
// other kinds it is empty.
func (v Value) Fields() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for k, e := range v.rawFields() {
			if !yield(unquote(k), e) {
				return
			}
		}
	}
}

// rawFields walks the fields with names as they stand between the quotes.
func (v Value) rawFields() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		for s := v.text[1:]; s[0] != '}'; {
			k := skip(s)
			key := s[1 : k-1]
			s = s[k+1:]
			n := skip(s)
			if !yield(key, Value{s[:n]}) {
				return
			}
			if s = s[n:]; s[0] == ',' {
				s = s[1:]
			}
		}
	}
}

// skip returns the length of the value that canonical text s begins with.
func skip(s string) int {
	switch s[0] {
	case '"':
		return skipString(s)
	case '[', '{':
		depth := 0
		for i := 0; ; {
			switch s[i] {
			case '"':
				i += skipString(s[i:])
				continue
			case '[', '{':
				depth++
			case ']', '}':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	if n := strings.IndexAny(s, ",]}"); n >= 0 {
		return n
	}
	return len(s)
}

// skipString returns the length of the quoted string that s begins with.
func skipString(s string) int {
	for i := 1; ; {
		n := strings.IndexByte(s[i:], '"')
		i += n
		// The quote ends the string unless an odd number of backslashes precedes it.
		back := i
		for s[back-1] == '\\' {
			back--
		}
		i++
		if (i-1-back)%2 == 0 {
			return i
		}
	}
}

// Equal reports whether a and b are the same value by the rules of `match`: no
// conversion, so 1 and 1.0 differ; -0.0 and 0.0 are equal; the order of object
// keys in the source does not matter.
func Equal(a, b Value) bool {
	if a.Text() == b.Text() {
		return true
	}
	const minusZero = "-0.0"
	if !strings.Contains(a.text, minusZero) && !strings.Contains(b.text, minusZero) {
		return false
	}
	return plainZeros(a.text) == plainZeros(b.text)
}

// plainZeros drops the sign of every negative zero outside strings.
func plainZeros(s string) string {
	var b []byte
	for i := 0; i < len(s); {
		n := 1
		switch {
		case s[i] == '"':
			n = skipString(s[i:])
		case strings.HasPrefix(s[i:], "-0.0") && (i+4 == len(s) || strings.IndexByte(",]}", s[i+4]) >= 0):
			i++
			n = 3
		}
		b = append(b, s[i:i+n]...)
		i += n
	}
	return string(b)
}
