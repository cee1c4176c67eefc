// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// variable reads word w as a variable, with or without a lens; its characters
// before from are known to be digits or a sign.
//
// A percent sign at byte 1 makes a canon map of any word; that is a quirk of
// AquaVM which scripts may rely on.
func (l *lexer) variable(w string, from int, o *ast.Operand) error {
	o.Kind, o.Name = ast.Scalar, w
	for i, r := range w {
		switch {
		case i < from:
		case i == 0 && (r == '$' || r == '#' || r == '%'):
			if len(w) == 1 {
				return l.fail(o.Pos, o.Pos+1, "a tagged name should be non empty")
			}
			o.Kind = taggedKind(r)
		case i == 1 && (r == '%' || r == '$' && w[0] == '#'):
			if len(w) == 2 {
				return l.fail(o.Pos, o.Pos+2, "a canon name should be non empty")
			}
			if r == '%' {
				o.Kind = ast.CanonMap
			}
		case r == '.':
			return l.variableWithLens(w, i, o)
		case !isNameChar(r):
			return l.fail(o.Pos+i, o.Pos+i+utf8.RuneLen(r),
				"only alphanumeric, '_', and '-' characters are allowed in this position")
		}
	}
	return nil
}

func taggedKind(tag rune) ast.Kind {
	switch tag {
	case '$':
		return ast.Stream
	case '%':
		return ast.StreamMap
	}
	return ast.CanonStream
}

// shortestTagged is the least offset at which the lens of a tagged name may
// begin: a tag and two characters, or two tags and one.
const shortestTagged = 3

// variableWithLens splits word w at the dot.
func (l *lexer) variableWithLens(w string, dot int, o *ast.Operand) (err error) {
	if dot == 0 {
		return l.leadingDot(o.Pos)
	}
	if o.Kind != ast.Scalar && dot < shortestTagged {
		return l.fail(o.Pos, o.Pos+dot, "a canon name should be non empty: a lens needs a longer name before it")
	}
	o.Name = w[:dot]
	o.Lens, err = l.lens(w[dot:], o.Pos+dot)
	return err
}
