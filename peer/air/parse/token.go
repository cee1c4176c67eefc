// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"fmt"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// tokenKind says what a token is.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokOpen
	tokClose
	tokOpenSquare
	tokCloseSquare
	tokKeyword
	// tokValue is everything an operand is made of, variables included.
	tokValue
)

// token is one word of a script, from byte pos up to end.
type token struct {
	kind     tokenKind
	pos, end int
	// word is the keyword.
	word string
	// value is what a tokValue stands for.
	value ast.Operand
}

// describe names the token in an error.
func (t *token) describe(src string) string {
	if t.kind == tokEOF {
		return "end of script"
	}
	text, cut := firstRunes(src[t.pos:t.end])
	return fmt.Sprintf("%q", text+cut)
}

// isKeyword reports whether w is one of the reserved words.
func isKeyword(w string) bool {
	switch w {
	case "call", "canon", "ap", "seq", "par", "fail", "fold", "xor", "never", "new", "next", "null", "match", "mismatch":
		return true
	}
	return false
}
