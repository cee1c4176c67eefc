// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Class says which rule a script breaks.
type Class uint8

// The classes.
const (
	// Lexical: a word, literal, number or lens is malformed.
	Lexical Class = iota + 1
	// Grammar: the words are not put together as AIR has it.
	Grammar
	// Validity: the script is grammatical but can never run, such as one that
	// uses a variable nothing defines.
	Validity
	// Limit: the script is beyond a limit of this package.
	Limit
)

// Code is the return code of a run whose script is not accepted.
const Code int64 = 1

// Error is why a script is not accepted, and where.
type Error struct {
	Class Class
	// Reason is one phrase, in AquaVM's words where it has some.
	Reason string
	// Pos and End are byte offsets of the text that is to blame.
	Pos, End int
	// Line and Column count from 1; columns count characters.
	Line, Column int
	// Source is the line of the script, or a window of it when it is long.
	Source string
	// indent and width place the carets below Source, in characters.
	indent, width int
}

// maxWindow is how many characters before and behind the error are shown.
const maxWindow = 60

// newError places an error in its script.
func newError(class Class, src string, pos, end int, format string, args ...any) *Error {
	pos = min(pos, len(src))
	end = min(max(end, pos), len(src))
	from := strings.LastIndexByte(src[:pos], '\n') + 1
	e := &Error{
		Class: class, Reason: fmt.Sprintf(format, args...), Pos: pos, End: end,
		Line:   1 + strings.Count(src[:pos], "\n"),
		Column: 1 + utf8.RuneCountInString(src[from:pos]),
	}
	to := len(src)
	if n := strings.IndexByte(src[pos:], '\n'); n >= 0 {
		to = pos + n
	}
	before, cutBefore := lastRunes(src[from:pos])
	behind, cutBehind := firstRunes(src[pos:to])
	e.Source = cutBefore + before + behind + cutBehind
	e.indent = utf8.RuneCountInString(cutBefore + before)
	e.width = max(1, min(utf8.RuneCountInString(behind), utf8.RuneCountInString(src[pos:end])))
	return e
}

func lastRunes(s string) (kept, mark string) {
	at := len(s)
	for range maxWindow {
		if at == 0 {
			return s, ""
		}
		_, n := utf8.DecodeLastRuneInString(s[:at])
		at -= n
	}
	if at == 0 {
		return s, ""
	}
	return s[at:], "..."
}

func firstRunes(s string) (kept, mark string) {
	at := 0
	for range maxWindow {
		if at == len(s) {
			return s, ""
		}
		_, n := utf8.DecodeRuneInString(s[at:])
		at += n
	}
	if at == len(s) {
		return s, ""
	}
	return s[:at], "..."
}

// Error returns the place, the reason, the line of the script and carets:
//
//	1:5: expected ")"
//	1 | (ap 1 a b)
//	  |         ^
func (e *Error) Error() string {
	number := fmt.Sprint(e.Line)
	blank := strings.Repeat(" ", len(number))
	// A tab in the line must move the carets as it moves the text.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string([]rune(e.Source)[:e.indent]))
	return fmt.Sprintf("%d:%d: %s\n%s | %s\n%s | %s%s", e.Line, e.Column, e.Reason,
		number, e.Source, blank, indent, strings.Repeat("^", e.width))
}

// Message returns the text a run ends with, next to Code.
//
// Source: air.md 2.5. Its first line is AquaVM's; what follows is never compared.
func (e *Error) Message() string { return "air can't be parsed:\n" + e.Error() }
