// SPDX-License-Identifier: Apache-2.0

package parse

import "strings"

// Format lays a script out as the Aqua compiler does: one instruction a line,
// each level indented by one space, the closing bracket of an instruction that
// holds others on a line of its own. Words, literals and numbers keep their
// spelling and comments stay where they are, so the meaning does not change;
// formatting twice changes nothing.
//
// Errors: *Error when src is not a valid script.
func Format(src string) (string, error) {
	if _, err := Parse(src); err != nil {
		return "", err
	}
	f := formatter{lexer: lexer{src: src}, lineStart: true}
	for {
		from := f.lexer.pos
		t, err := f.lexer.next()
		if err != nil {
			return "", err
		}
		f.comments(src[from:t.pos])
		if t.kind == tokEOF {
			if !f.lineStart {
				f.newline()
			}
			return f.out.String(), nil
		}
		f.token(t, src[t.pos:t.end])
	}
}

// formatter writes tokens of a valid script one after another.
type formatter struct {
	lexer lexer
	out   strings.Builder
	// open has an entry for each open round bracket: what it is part of.
	open []bracket
	// lineStart is set when nothing stands on the current line.
	lineStart bool
	// tight is set behind an opening bracket, where no space follows.
	tight bool
	last  tokenKind
}

// bracket is an open round bracket.
type bracket struct {
	// group is set for the brackets of a call's function and of a map's pair.
	group bool
	// nests is set once an instruction was written inside.
	nests bool
}

// comments writes the comments in the blank text before a token.
func (f *formatter) comments(blank string) {
	for {
		i := strings.IndexByte(blank, ';')
		if i < 0 {
			return
		}
		text, rest, _ := strings.Cut(blank[i:], "\n")
		if f.lineStart {
			f.indent(len(f.open))
		} else {
			f.out.WriteByte(' ')
		}
		f.out.WriteString(strings.TrimRight(text, " \t\r"))
		f.newline()
		blank = rest
	}
}

func (f *formatter) newline() {
	f.out.WriteByte('\n')
	f.lineStart = true
}

func (f *formatter) indent(n int) {
	for range n {
		f.out.WriteByte(' ')
	}
}

// token writes one token.
func (f *formatter) token(t token, text string) {
	switch t.kind {
	case tokOpen:
		f.opens()
	case tokClose:
		f.closes()
	case tokCloseSquare:
		f.word(text, true)
	default:
		f.word(text, f.tight)
		f.tight = t.kind == tokOpenSquare
	}
	f.last = t.kind
}

// opens writes an opening round bracket. It begins an instruction unless it
// stands in a call behind the peer or in an ap: there the bracket before it has
// words and no instruction, and what follows is no keyword.
func (f *formatter) opens() {
	group := f.startsGroup()
	if !group {
		if n := len(f.open); n > 0 {
			f.open[n-1].nests = true
		}
		if !f.lineStart {
			f.newline()
		}
	}
	f.word("(", false)
	f.tight = true
	f.open = append(f.open, bracket{group: group})
}

// startsGroup reports whether the bracket just read is no instruction's.
func (f *formatter) startsGroup() bool {
	if len(f.open) == 0 {
		return false
	}
	ahead := f.lexer
	t, err := ahead.next()
	return err == nil && t.kind != tokKeyword
}

// closes writes a closing round bracket.
func (f *formatter) closes() {
	b := f.open[len(f.open)-1]
	f.open = f.open[:len(f.open)-1]
	if b.nests && !f.lineStart {
		f.newline()
	}
	f.word(")", true)
	f.tight = false
}

// word writes text, behind a space unless it is glued to what precedes it.
func (f *formatter) word(text string, glued bool) {
	switch {
	case f.lineStart:
		f.indent(len(f.open))
	case !glued:
		f.out.WriteByte(' ')
	}
	f.out.WriteString(text)
	f.lineStart, f.tight = false, false
}
