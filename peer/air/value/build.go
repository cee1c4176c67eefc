// SPDX-License-Identifier: Apache-2.0

package value

import (
	"sort"
	"strconv"
	"unicode/utf8"
)

// FromBool returns true or false.
func FromBool(b bool) Value { return Value{strconv.FormatBool(b)} }

// FromInt returns an integer.
func FromInt(n int64) Value { return Value{strconv.FormatInt(n, 10)} }

// FromUint returns a non-negative integer.
func FromUint(n uint64) Value { return Value{strconv.FormatUint(n, 10)} }

// FromFloat returns a float; one that is not finite gives null, as JSON has no
// spelling for it.
func FromFloat(f float64) Value { return Value{string(AppendFloat(nil, f))} }

// FromString returns a string. Bytes that are not UTF-8 become U+FFFD.
func FromString(s string) Value {
	return Value{string(AppendQuoted(make([]byte, 0, len(s)+2), s))}
}

// EmptyArray returns [].
func EmptyArray() Value { return Value{"[]"} }

// NewArray returns the array of the elements. Its cost is the length of their
// texts.
func NewArray(elems ...Value) Value {
	n := 2
	for _, e := range elems {
		n += len(e.Text()) + 1
	}
	b := append(make([]byte, 0, n), '[')
	for i, e := range elems {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.Append(b)
	}
	return Value{string(append(b, ']'))}
}

// Member is one field of an object under construction.
type Member struct {
	Name  string
	Value Value
}

// NewObject returns the object of the members, sorted bytewise by name; of equal
// names the last one wins. The argument is not changed.
func NewObject(members ...Member) Value {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return members[order[a]].Name < members[order[b]].Name })
	b := []byte{'{'}
	for i, m := range order {
		if i+1 < len(order) && members[order[i+1]].Name == members[m].Name {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(AppendQuoted(b, members[m].Name), ':')
		b = members[m].Value.Append(b)
	}
	return Value{string(append(b, '}'))}
}

// needsEscape reports whether s differs between its quotes from itself.
func needsEscape(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return true
		}
	}
	return !utf8.ValidString(s)
}

// AppendQuoted appends s as a JSON string. Only the quote, the backslash and
// control characters below 0x20 are escaped: \b \f \n \r \t by letter, the others
// as \u00xx in lower-case hex.
//
// Source: air.md 1.5, serde_json's compact formatter.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return append(appendEscaped(b, s), '"')
}

func appendEscaped(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		b = appendEscape(b, c)
		from = i + 1
	}
	return append(b, s[from:]...)
}

func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// unquote decodes what stands between the quotes of a canonical string.
func unquote(s string) string {
	i := 0
	for i < len(s) && s[i] != '\\' {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		switch c := s[i+1]; c {
		case 'u':
			n, _ := strconv.ParseUint(s[i+2:i+6], 16, 8)
			b = append(b, byte(n))
			i += 4
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		default:
			b = append(b, c)
		}
		i += 2
	}
	return string(b)
}
