// SPDX-License-Identifier: Apache-2.0

package value

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting of arrays and objects that Parse accepts.
const MaxDepth = 127

// SyntaxError says why a text is no JSON value. Its text is the same as
// AquaVM's, byte for byte, because it reaches error objects and through them
// argument hashes.
type SyntaxError struct {
	// Reason is what is wrong, without the place.
	Reason string
	// Line counts from 1; Column counts bytes from 1 and may be 0 at the
	// start of a line.
	Line, Column int
}

// Error returns `reason at line 1 column 2`.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at line %d column %d", e.Reason, e.Line, e.Column)
}

// Parse reads one JSON value and nothing behind it but white space. Any JSON
// spelling is accepted; the result holds the canonical one. When src is
// canonical already, the result shares its memory.
//
// Of equal object keys the last one wins. Integers outside int64 and uint64
// become floats. Floats are read with AquaVM's rounding, which is not always the
// correct one.
//
// Errors: *SyntaxError, also for text that is not UTF-8.
//
// Source: air.md 1.5; serde_json without its optional features.
func Parse(src string) (Value, error) {
	r := reader{src: src}
	if !utf8.ValidString(src) {
		r.pos = validPrefix(src)
		return Value{}, r.failHere("invalid UTF-8")
	}
	if err := r.value(0); err != nil {
		return Value{}, err
	}
	end := r.pos
	if r.space(); r.pos < len(src) {
		return Value{}, r.failNext("trailing characters")
	}
	if !r.copied {
		return Value{src[r.start:end]}, nil
	}
	return Value{string(r.out)}, nil
}

// ParseBytes is Parse for a text in a byte slice, which is copied.
func ParseBytes(src []byte) (Value, error) { return Parse(string(src)) }

func validPrefix(s string) int {
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}

// reader turns JSON text into canonical text in one pass. As long as both are
// the same it copies nothing: the output is then src[start:pos]. The first
// difference sets copied, and from then on the output grows in out.
type reader struct {
	src    string
	pos    int
	start  int
	copied bool
	out    []byte
	// members holds the fields of all objects that are still open.
	members []member
}

// member places a field in the output: name without quotes in
// [name, nameEnd), value in [nameEnd+2, end).
type member struct{ name, nameEnd, end int }

// mark returns the length of the output so far.
func (r *reader) mark() int {
	if r.copied {
		return len(r.out)
	}
	return r.pos - r.start
}

// diverge makes the output a copy that ends before src[upTo].
func (r *reader) diverge(upTo int) {
	if r.copied {
		return
	}
	r.copied = true
	r.out = append(make([]byte, 0, len(r.src)-r.start), r.src[r.start:upTo]...)
}

// keep passes n bytes of the source on to the output.
func (r *reader) keep(n int) {
	if r.copied {
		r.out = append(r.out, r.src[r.pos:r.pos+n]...)
	}
	r.pos += n
}

// space skips white space, which never reaches the output.
func (r *reader) space() {
	from := r.pos
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\n', '\t', '\r':
			r.pos++
			continue
		}
		break
	}
	if r.pos == from {
		return
	}
	if !r.copied && from == r.start {
		r.start = r.pos // leading white space of the whole text
		return
	}
	if r.pos < len(r.src) {
		r.diverge(from)
	}
}

// peek returns the next byte, and 0 at the end.
func (r *reader) peek() byte {
	if r.pos < len(r.src) {
		return r.src[r.pos]
	}
	return 0
}

// next skips white space and returns the next byte, false at the end.
func (r *reader) next() (byte, bool) {
	r.space()
	return r.peek(), r.pos < len(r.src)
}

// failHere reports an error at the last byte that was read.
func (r *reader) failHere(reason string) error {
	at := min(r.pos, len(r.src))
	line := 1 + strings.Count(r.src[:at], "\n")
	return &SyntaxError{reason, line, at - 1 - strings.LastIndexByte(r.src[:at], '\n')}
}

// failNext reports an error at the byte that would be read next.
func (r *reader) failNext(reason string) error {
	r.pos = min(r.pos+1, len(r.src))
	return r.failHere(reason)
}

const eofValue = "EOF while parsing a value"

// value reads one value. Its recursion is bounded by MaxDepth.
func (r *reader) value(depth int) error {
	c, ok := r.next()
	if !ok {
		return r.failNext(eofValue)
	}
	switch {
	case c == '"':
		return r.str()
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	case c == '[' || c == '{':
		if depth == MaxDepth {
			return r.failNext("recursion limit exceeded")
		}
		r.keep(1)
		if c == '[' {
			return r.array(depth + 1)
		}
		return r.object(depth + 1)
	case c == 'n':
		return r.word("null")
	case c == 't':
		return r.word("true")
	case c == 'f':
		return r.word("false")
	}
	return r.failNext("expected value")
}

func (r *reader) word(w string) error {
	for i := 0; i < len(w); i++ {
		if r.pos == len(r.src) {
			return r.failHere(eofValue)
		}
		ok := r.src[r.pos] == w[i]
		r.keep(1)
		if !ok {
			return r.failHere("expected ident")
		}
	}
	return nil
}

func (r *reader) array(depth int) error {
	for first := true; ; first = false {
		c, ok := r.next()
		switch {
		case !ok:
			return r.failNext("EOF while parsing a list")
		case c == ']':
			r.keep(1)
			return nil
		case !first && c != ',':
			return r.failNext("expected `,` or `]`")
		case !first:
			r.keep(1)
			if c, ok = r.next(); !ok {
				return r.failNext(eofValue)
			}
			if c == ']' {
				return r.failNext("trailing comma")
			}
		}
		if err := r.value(depth); err != nil {
			return err
		}
	}
}

func (r *reader) object(depth int) error {
	begin, base := r.mark(), len(r.members)
	sorted := true
	for first := true; ; first = false {
		c, ok := r.next()
		switch {
		case !ok:
			return r.failNext("EOF while parsing an object")
		case c == '}':
			if !sorted {
				r.sortMembers(begin, base)
			}
			r.members = r.members[:base]
			r.keep(1)
			return nil
		case !first && c != ',':
			return r.failNext("expected `,` or `}`")
		case !first:
			r.keep(1)
			if c, ok = r.next(); !ok {
				return r.failNext(eofValue)
			}
			if c == '}' {
				return r.failNext("trailing comma")
			}
		}
		if c != '"' {
			return r.failNext("key must be a string")
		}
		if err := r.field(depth); err != nil {
			return err
		}
		if n := len(r.members); n-base > 1 && sorted {
			sorted = r.less(r.members[n-2], r.members[n-1])
		}
	}
}

// field reads a name, a colon and a value, and records the member.
func (r *reader) field(depth int) error {
	r.space()
	m := member{name: r.mark() + 1}
	if err := r.str(); err != nil {
		return err
	}
	m.nameEnd = r.mark() - 1
	c, ok := r.next()
	if !ok {
		return r.failNext("EOF while parsing an object")
	}
	if c != ':' {
		return r.failNext("expected `:`")
	}
	r.keep(1)
	r.space()
	if err := r.value(depth); err != nil {
		return err
	}
	m.end = r.mark()
	r.members = append(r.members, m)
	return nil
}
