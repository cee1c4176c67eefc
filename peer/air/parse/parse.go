// SPDX-License-Identifier: Apache-2.0

// Package parse reads AIR scripts: text in, a validated syntax tree or an error
// with line, column and the place out. It also lays scripts out for people. It
// never runs a script and never looks at data.
//
// It accepts exactly the scripts that AquaVM 0.62.0 accepts, with two limits of
// its own: instructions nest at most MaxDepth deep, and the names in a lens are
// ASCII (AquaVM crashes on others).
//
// Source: aquavm@a600c173:crates/air-lib/air-parser; the rules are in air.md 1.
package parse

import (
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// MaxDepth is how deep instructions may nest; a single one has depth 1.
const MaxDepth = 1024

// Parse reads a script: exactly one instruction, with whatever is nested in it.
// The tree shares the memory of src. Time and memory are linear in the length of
// src, whatever it says.
//
// Errors: *Error.
func Parse(src string) (*ast.Script, error) {
	p := parser{lexer: lexer{src: src}, check: newChecker(src)}
	if !utf8.ValidString(src) {
		return nil, notUTF8(src)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, _, err := p.instr(1)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEOF {
		return nil, p.unexpected("end of script: a script is one instruction")
	}
	if err := p.check.finish(); err != nil {
		return nil, err
	}
	return &ast.Script{Source: src, Root: root, Count: p.count, Depth: p.deepest}, nil
}

// notUTF8 places the error of a script that is not UTF-8.
func notUTF8(src string) error {
	at := 0
	for {
		r, n := utf8.DecodeRuneInString(src[at:])
		if r == utf8.RuneError && n == 1 {
			return newError(Lexical, src, at, at+1, "the script is not UTF-8")
		}
		at += n
	}
}

// parser is a recursive descent parser with one token of look-ahead. Its
// recursion is bounded by MaxDepth.
type parser struct {
	lexer   lexer
	tok     token
	behind  int // the end of the token before tok
	check   checker
	count   int
	deepest int
}

// advance reads the next token.
func (p *parser) advance() (err error) {
	p.behind = p.tok.end
	p.tok, err = p.lexer.next()
	return err
}

// unexpected reports the current token where something else should stand.
func (p *parser) unexpected(want string) error {
	pos := p.tok.pos
	if p.tok.kind == tokEOF {
		pos = p.behind
	}
	return newError(Grammar, p.lexer.src, pos, p.tok.end, "expected %s, found %s", want, p.tok.describe(p.lexer.src))
}

// expect passes a token of the given kind.
func (p *parser) expect(kind tokenKind, want string) error {
	if p.tok.kind != kind {
		return p.unexpected(want)
	}
	return p.advance()
}

// instr reads one instruction and tells what it is to a fold around it.
func (p *parser) instr(depth int) (ast.Instr, shape, error) {
	at := ast.At{Num: p.count, Where: ast.Span{Start: p.tok.pos}}
	if depth > MaxDepth {
		return nil, shape{}, newError(Limit, p.lexer.src, p.tok.pos, p.tok.end, "instructions nest deeper than %d", MaxDepth)
	}
	p.count++
	p.deepest = max(p.deepest, depth)
	if err := p.expect(tokOpen, `"("`); err != nil {
		return nil, shape{}, err
	}
	word := p.tok.word
	if p.tok.kind != tokKeyword {
		return nil, shape{}, p.unexpected("the name of an instruction")
	}
	if err := p.advance(); err != nil {
		return nil, shape{}, err
	}
	in, sh, err := p.body(word, at, depth)
	if err != nil {
		return nil, shape{}, err
	}
	end := p.tok.end
	if err := p.expect(tokClose, `")"`); err != nil {
		return nil, shape{}, err
	}
	ast.End(in, end)
	return in, sh, nil
}

// body reads what stands between the name of an instruction and its closing
// bracket.
func (p *parser) body(word string, at ast.At, depth int) (ast.Instr, shape, error) {
	switch word {
	case "seq", "par", "xor":
		return p.pair(word, at, depth)
	case "match", "mismatch":
		return p.compare(word, at, depth)
	case "fold":
		return p.fold(at, depth)
	case "new":
		return p.fresh(at, depth)
	}
	return p.leaf(word, at)
}

// leaf reads an instruction that holds no other.
func (p *parser) leaf(word string, at ast.At) (ast.Instr, shape, error) {
	switch word {
	case "call":
		in, err := p.call(at)
		return in, shape{}, err
	case "ap":
		in, err := p.ap(at)
		return in, shape{}, err
	case "canon":
		in, err := p.canon(at)
		return in, shape{}, err
	case "fail":
		in, err := p.failure(at)
		return in, shape{}, err
	case "next":
		return p.next(at)
	case "never":
		return &ast.Never{At: at}, shape{}, nil
	}
	return &ast.Null{At: at}, shape{}, nil
}

// pair reads the two instructions of a seq, par or xor.
func (p *parser) pair(word string, at ast.At, depth int) (ast.Instr, shape, error) {
	left, ls, err := p.instr(depth + 1)
	if err != nil {
		return nil, shape{}, err
	}
	right, rs, err := p.instr(depth + 1)
	if err != nil {
		return nil, shape{}, err
	}
	switch word {
	case "seq":
		return &ast.Seq{At: at, Left: left, Right: right}, p.check.merge(ls, rs), nil
	case "par":
		return &ast.Par{At: at, Left: left, Right: right}, p.check.merge(ls, rs), nil
	}
	return &ast.Xor{At: at, Left: left, Right: right}, p.check.choose(ls, rs), nil
}

// compare reads a match or a mismatch.
func (p *parser) compare(word string, at ast.At, depth int) (ast.Instr, shape, error) {
	left, err := p.operand(values)
	if err != nil {
		return nil, shape{}, err
	}
	right, err := p.operand(values)
	if err != nil {
		return nil, shape{}, err
	}
	body, sh, err := p.instr(depth + 1)
	if err != nil {
		return nil, shape{}, err
	}
	p.check.uses(at, &left, &right)
	if word == "match" {
		return &ast.Match{At: at, Left: left, Right: right, Body: body}, sh, nil
	}
	return &ast.Mismatch{At: at, Left: left, Right: right, Body: body}, sh, nil
}

// fold reads a fold over anything.
func (p *parser) fold(at ast.At, depth int) (ast.Instr, shape, error) {
	over, err := p.operand(iterables)
	if err != nil {
		return nil, shape{}, err
	}
	iterator, err := p.variable(scalarOnly)
	if err != nil {
		return nil, shape{}, err
	}
	if err := p.check.openFold(iterator); err != nil {
		return nil, shape{}, err
	}
	in := &ast.Fold{At: at, Over: over, Iterator: iterator}
	var sh shape
	if in.Body, sh, err = p.instr(depth + 1); err != nil {
		return nil, shape{}, err
	}
	if p.tok.kind == tokOpen {
		if in.Last, _, err = p.instr(depth + 1); err != nil {
			return nil, shape{}, err
		}
	}
	sh, err = p.check.closeFold(in, sh, p.tok.end)
	return in, sh, err
}

// fresh reads a new.
func (p *parser) fresh(at ast.At, depth int) (ast.Instr, shape, error) {
	v, err := p.variable(anyVariable)
	if err != nil {
		return nil, shape{}, err
	}
	if err := p.check.renew(v); err != nil {
		return nil, shape{}, err
	}
	body, sh, err := p.instr(depth + 1)
	if err != nil {
		return nil, shape{}, err
	}
	p.check.define(at, v)
	return &ast.New{At: at, Var: v, Body: body}, sh, nil
}

// next reads a next.
func (p *parser) next(at ast.At) (ast.Instr, shape, error) {
	v, err := p.variable(scalarOnly)
	if err != nil {
		return nil, shape{}, err
	}
	if err := p.check.next(v); err != nil {
		return nil, shape{}, err
	}
	return &ast.Next{At: at, Iterator: v}, shape{next: v.Name, isNext: true}, nil
}
