// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// lexer cuts a script into tokens.
//
// Source: aquavm@a600c173:crates/air-lib/air-parser/src/parser/lexer, and runs of
// its parser for the odd corners.
type lexer struct {
	src string
	pos int
}

func (l *lexer) fail(pos, end int, format string, args ...any) error {
	return newError(Lexical, l.src, pos, end, format, args...)
}

// next returns the next token.
func (l *lexer) next() (token, error) {
	l.blank()
	t := token{pos: l.pos, end: l.pos + 1}
	if l.pos == len(l.src) {
		t.end = l.pos
		return t, nil
	}
	switch l.src[l.pos] {
	case '(':
		t.kind = tokOpen
	case ')':
		t.kind = tokClose
	case '[':
		t.kind = tokOpenSquare
	case ']':
		t.kind = tokCloseSquare
	case '"':
		return l.literal()
	default:
		return l.word()
	}
	l.pos++
	return t, nil
}

// blank skips white space and comments.
func (l *lexer) blank() {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if c == ';' {
			n := strings.IndexByte(l.src[l.pos:], '\n')
			if n < 0 {
				l.pos = len(l.src)
				return
			}
			l.pos += n + 1
			continue
		}
		n := l.space()
		if n == 0 {
			return
		}
		l.pos += n
	}
}

// space returns the length of the white space character at the position, else 0.
func (l *lexer) space() int {
	c := l.src[l.pos]
	if c < utf8.RuneSelf {
		if c == ' ' || c >= '\t' && c <= '\r' {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(l.src[l.pos:])
	if unicode.IsSpace(r) {
		return n
	}
	return 0
}

// literal reads a string literal. There are no escapes.
func (l *lexer) literal() (token, error) {
	from := l.pos
	n := strings.IndexByte(l.src[from+1:], '"')
	if n < 0 {
		return token{}, l.fail(from, from+1, "this string literal has unclosed quote")
	}
	l.pos = from + n + 2
	return token{
		kind: tokValue, pos: from, end: l.pos,
		value: ast.Operand{Kind: ast.Literal, Name: l.src[from+1 : l.pos-1], Pos: from},
	}, nil
}

// word reads anything else: up to white space, or to a closing bracket that was
// not opened behind the first character of the word.
func (l *lexer) word() (token, error) {
	from := l.pos
	_, n := utf8.DecodeRuneInString(l.src[from:])
	l.pos += n
	round, square := 0, 0
scan:
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '(':
			round++
		case c == ')':
			round--
		case c == '[':
			square++
		case c == ']':
			square--
		case c <= ' ' || c >= utf8.RuneSelf:
			if l.space() > 0 {
				break scan
			}
		}
		if round < 0 || square < 0 {
			break
		}
		l.pos++
	}
	w := l.src[from:l.pos]
	t := token{kind: tokValue, pos: from, end: l.pos, value: ast.Operand{Pos: from}}
	if isKeyword(w) {
		t.kind, t.word = tokKeyword, w
		return t, nil
	}
	return t, l.classify(w, &t.value)
}

// classify tells what a word that is no keyword stands for.
func (l *lexer) classify(w string, o *ast.Operand) (err error) {
	const errorWord, lastErrorWord = ":error:", "%last_error%"
	switch {
	case w == "%init_peer_id%":
		o.Kind = ast.InitPeerID
	case strings.HasPrefix(w, errorWord):
		o.Kind = ast.Error
		o.Lens, err = l.lensBehind(w, len(errorWord), o.Pos)
	case strings.HasPrefix(w, lastErrorWord):
		o.Kind = ast.LastError
		o.Lens, err = l.lensBehind(w, len(lastErrorWord), o.Pos)
	case w == "%timestamp%":
		o.Kind = ast.Timestamp
	case w == "%ttl%":
		o.Kind = ast.TTL
	case w == "true" || w == "false":
		o.Kind, o.Bool = ast.Bool, w == "true"
	default:
		return l.numberOrVariable(w, o)
	}
	return err
}

// lensBehind reads the lens that fills word w from offset n on; none if n is its
// end.
func (l *lexer) lensBehind(w string, n, pos int) (*ast.Lens, error) {
	if n == len(w) {
		return nil, nil
	}
	return l.lens(w[n:], pos+n)
}

// numberOrVariable decides character by character: what looks like a number so
// far is one until a character does not fit; after a dot it must stay one.
func (l *lexer) numberOrVariable(w string, o *ast.Operand) error {
	dot, digits := -1, false
	for i, r := range w {
		switch {
		case i == 0 && (r == '+' || r == '-'):
		case r >= '0' && r <= '9' || r >= utf8.RuneSelf && isNumeric(r):
			digits = true
		case r == '.' && dot < 0:
			if !digits {
				return l.leadingDot(o.Pos + i)
			}
			dot = i
		case dot >= 0:
			return l.fail(o.Pos+i, o.Pos+i+utf8.RuneLen(r), "a digit could contain only digits or one dot")
		default:
			return l.variable(w, i, o)
		}
	}
	if dot >= 0 {
		return l.float(w, o)
	}
	n, err := strconv.ParseInt(w, 10, 64)
	if err != nil {
		return l.fail(o.Pos, o.Pos+len(w), "this is no 64-bit integer: %s", reason(err))
	}
	o.Kind, o.Int = ast.Int, n
	return nil
}

func (l *lexer) leadingDot(pos int) error {
	return l.fail(pos, pos+1, "leading dot without any symbols before - please write 0 if it's float or variable name if it's a lambda")
}

// maxFloatBytes is the longest word that may be a float.
const maxFloatBytes = 11

func (l *lexer) float(w string, o *ast.Operand) error {
	if len(w) > maxFloatBytes {
		return l.fail(o.Pos, o.Pos+len(w), "this float is too big, a float could contain less than 12 digits")
	}
	f, err := strconv.ParseFloat(w, 64)
	if err != nil {
		return l.fail(o.Pos, o.Pos+len(w), "this is no float: %s", reason(err))
	}
	o.Kind, o.Float = ast.Float, f
	return nil
}

// reason strips what strconv says about itself.
func reason(err error) string {
	if e, ok := err.(*strconv.NumError); ok { //nolint:errorlint // strconv returns it bare
		err = e.Err
	}
	return err.Error()
}

// isNumeric is Unicode's Numeric: decimal digits, letters and other numbers.
func isNumeric(r rune) bool { return unicode.In(r, unicode.Nd, unicode.Nl, unicode.No) }

// isNameChar reports whether a variable name or a lens name may hold r.
func isNameChar(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	return unicode.IsLetter(r) || isNumeric(r) || unicode.Is(unicode.Other_Alphabetic, r)
}
