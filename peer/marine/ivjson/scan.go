// SPDX-License-Identifier: Apache-2.0

package ivjson

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSyntax says that text is not JSON.
var ErrSyntax = errors.New("not JSON")

// maxJSONDepth is how deep JSON may nest, as serde_json's reader has it.
const maxJSONDepth = 128

// scanner reads JSON from a slice; the first error stays.
type scanner struct {
	b     []byte
	at    int
	depth int
	err   error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: byte %d: %s", ErrSyntax, s.at, fmt.Sprintf(format, args...))
		s.at = len(s.b)
	}
}

// peek passes over white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take passes over c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) need(c byte) {
	if !s.take(c) {
		s.fail("want %q", c)
	}
}

// word passes over a literal name.
func (s *scanner) word(w string) {
	if len(s.b)-s.at < len(w) || string(s.b[s.at:s.at+len(w)]) != w {
		s.fail("want %s", w)
		return
	}
	s.at += len(w)
}

// each reads an array and calls item for every element, which it must read.
func (s *scanner) each(item func(i int)) {
	s.open('[')
	for i := 0; s.err == nil; i++ {
		if i == 0 && s.take(']') {
			break
		}
		item(i)
		if s.take(']') {
			break
		}
		s.need(',')
	}
	s.depth--
}

// fields reads an object and calls field for every member, whose value it must read.
func (s *scanner) fields(field func(name string)) {
	s.open('{')
	for i := 0; s.err == nil; i++ {
		if i == 0 && s.take('}') {
			break
		}
		name := s.text()
		s.need(':')
		field(string(name))
		if s.take('}') {
			break
		}
		s.need(',')
	}
	s.depth--
}

func (s *scanner) open(c byte) {
	if s.depth++; s.depth > maxJSONDepth {
		s.fail("nested deeper than %d", maxJSONDepth)
	}
	s.need(c)
}

// skip passes over one value and returns its bytes.
func (s *scanner) skip() []byte {
	s.peek()
	from := s.at
	switch c := s.peek(); {
	case c == '[':
		s.each(func(int) { s.skip() })
	case c == '{':
		s.fields(func(string) { s.skip() })
	case c == '"':
		s.text()
	case c == 't':
		s.word("true")
	case c == 'f':
		s.word("false")
	case c == 'n':
		s.word("null")
	default:
		s.number()
	}
	if s.err != nil {
		return nil
	}
	return s.b[from:s.at]
}

// number passes over a number and returns its bytes, and whether it is written as
// an integer.
func (s *scanner) number() (text []byte, integer bool) {
	s.peek()
	from := s.at
	digits := func() int {
		n := 0
		for s.at < len(s.b) && s.b[s.at] >= '0' && s.b[s.at] <= '9' {
			s.at++
			n++
		}
		return n
	}
	if s.at < len(s.b) && s.b[s.at] == '-' {
		s.at++
	}
	first := s.at
	if n := digits(); n == 0 || (n > 1 && s.b[first] == '0') {
		s.fail("want a value")
		return nil, false
	}
	integer = true
	if s.at < len(s.b) && s.b[s.at] == '.' {
		integer = false
		s.at++
		if digits() == 0 {
			s.fail("want a digit")
		}
	}
	if s.at < len(s.b) && (s.b[s.at] == 'e' || s.b[s.at] == 'E') {
		integer = false
		s.at++
		if s.at < len(s.b) && (s.b[s.at] == '+' || s.b[s.at] == '-') {
			s.at++
		}
		if digits() == 0 {
			s.fail("want a digit")
		}
	}
	if s.err != nil {
		return nil, false
	}
	return s.b[from:s.at], integer && string(s.b[from:s.at]) != "-0"
}

// text reads a string. Lone surrogates and control characters are refused.
func (s *scanner) text() []byte {
	s.need('"')
	from := s.at
	for s.at < len(s.b) && s.err == nil {
		switch c := s.b[s.at]; {
		case c == '"':
			out := s.b[from:s.at:s.at]
			s.at++
			return s.valid(out)
		case c == '\\':
			return s.escaped(from)
		case c < 0x20:
			s.fail("control character in a string")
		default:
			s.at++
		}
	}
	s.fail("string does not end")
	return nil
}

func (s *scanner) valid(b []byte) []byte {
	if !utf8.Valid(b) {
		s.fail("string is not UTF-8")
		return nil
	}
	return b
}

// escaped goes on reading a string at its first escape.
func (s *scanner) escaped(from int) []byte {
	out := append([]byte(nil), s.b[from:s.at]...)
	for s.at < len(s.b) && s.err == nil {
		c := s.b[s.at]
		s.at++
		switch {
		case c == '"':
			return s.valid(out)
		case c < 0x20:
			s.fail("control character in a string")
		case c != '\\':
			out = append(out, c)
		case s.at == len(s.b):
			s.fail("string does not end")
		default:
			out = s.escape(out)
		}
	}
	s.fail("string does not end")
	return nil
}

func (s *scanner) escape(out []byte) []byte {
	c := s.b[s.at]
	s.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		r := s.hex()
		if utf16.IsSurrogate(r) {
			if s.at+1 >= len(s.b) || s.b[s.at] != '\\' || s.b[s.at+1] != 'u' {
				s.fail("unexpected end of hex escape")
				return out
			}
			s.at += 2
			if r = utf16.DecodeRune(r, s.hex()); r == utf8.RuneError {
				s.fail("unexpected end of hex escape")
				return out
			}
		}
		return utf8.AppendRune(out, r)
	}
	s.fail("escape \\%c", c)
	return out
}

func (s *scanner) hex() rune {
	if s.at+4 > len(s.b) {
		s.fail("unexpected end of hex escape")
		return 0
	}
	n, err := strconv.ParseUint(string(s.b[s.at:s.at+4]), 16, 16)
	if err != nil || s.b[s.at] == '+' || s.b[s.at] == '-' {
		s.fail("invalid escape")
		return 0
	}
	s.at += 4
	return rune(n)
}
