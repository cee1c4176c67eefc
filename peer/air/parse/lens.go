// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"strconv"
	"strings"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// Lens reads the text of a lens, `.$.a.[0].[name]` or `.length`, and nothing
// behind it. Names are ASCII: AquaVM crashes on others.
//
// Errors: *Error of class Lexical.
//
// Source: aquavm@a600c173:crates/air-lib/lambda/parser
func Lens(text string) (*ast.Lens, error) {
	l := lexer{src: text}
	return l.lens(text, 0)
}

// lens reads s, which stands at byte pos of the script.
func (l *lexer) lens(s string, pos int) (*ast.Lens, error) {
	if s == ".length" {
		return &ast.Lens{Length: true}, nil
	}
	if !strings.HasPrefix(s, ".$") {
		return nil, l.fail(pos, pos+len(s), "a lens is .length or starts with .$")
	}
	if len(s) == 2 {
		return nil, l.fail(pos, pos+len(s), "provided lambda expression doesn't contain any accessor")
	}
	lens := &ast.Lens{}
	for i := 2; i < len(s); {
		a, n, err := l.accessor(s[i:], pos+i)
		if err != nil {
			return nil, err
		}
		lens.Path = append(lens.Path, a)
		i += n
	}
	return lens, nil
}

// accessor reads one accessor and returns its length.
func (l *lexer) accessor(s string, pos int) (a ast.Accessor, n int, err error) {
	if s[0] == '.' {
		n++
	}
	a.Pos = pos + n
	bracket := n < len(s) && s[n] == '['
	if !bracket && n == 0 {
		return a, 0, l.fail(pos, pos+1, "invalid character in lambda: an accessor starts with a dot or a bracket")
	}
	if bracket {
		n++
	}
	name := s[n : n+nameLen(s[n:])]
	n += len(name)
	switch {
	case name == "":
		return a, 0, l.fail(pos+n, pos+n+1, "invalid character in lambda: expected a name or an index")
	case name[0] >= '0' && name[0] <= '9':
		index, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return a, 0, l.fail(a.Pos, pos+n, "this is no 32-bit index: %s", reason(err))
		}
		if !bracket {
			return a, 0, l.fail(a.Pos, pos+n, "an index stands in brackets: [%s]", name)
		}
		a.Kind, a.Index = ast.Index, uint32(index)
	case bracket:
		a.Kind, a.Name = ast.ByScalar, name
	default:
		a.Kind, a.Name = ast.Field, name
	}
	if bracket {
		if n == len(s) || s[n] != ']' {
			return a, 0, l.fail(pos+n, pos+n+1, "invalid character in lambda: expected ]")
		}
		n++
	}
	if s[n:] == "!" { // allowed at the end, without a meaning
		n++
	}
	return a, n, nil
}

// nameLen returns the length of the name that s begins with.
func nameLen(s string) int {
	n := 0
	for n < len(s) && isNameChar(rune(s[n])) && s[n] < 0x80 {
		n++
	}
	return n
}
