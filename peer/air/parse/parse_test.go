// SPDX-License-Identifier: Apache-2.0

package parse_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// corpus returns the compiled scripts of peer/air/testdata/aqua by file and
// function.
func corpus(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../testdata/aqua/*.air")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	scripts := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		const mark = ";; function: "
		for _, part := range strings.Split(string(b), mark)[1:] {
			name, text, _ := strings.Cut(part, "\n")
			scripts[filepath.Base(f)+"/"+name] = text
		}
	}
	return scripts
}

func TestCompiledAquaParses(t *testing.T) {
	scripts := corpus(t)
	if len(scripts) < 100 {
		t.Errorf("corpus has %d scripts, want at least 100", len(scripts))
	}
	for name, text := range scripts {
		if _, err := parse.Parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIDsCountInTextOrder(t *testing.T) {
	s, err := parse.Parse(`(seq (par (null) (never)) (match 1 2 (null)))`)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int
	var walk func(ast.Instr)
	walk = func(in ast.Instr) {
		ids = append(ids, in.ID())
		if got := s.Source[in.Span().Start:in.Span().End]; !strings.HasPrefix(got, "("+in.String()) || !strings.HasSuffix(got, ")") {
			t.Errorf("span of %s holds %q", in, got)
		}
		for _, c := range ast.Children(in) {
			walk(c)
		}
	}
	walk(s.Root)
	for i, id := range ids {
		if id != i {
			t.Errorf("instruction %d has id %d", i, id)
		}
	}
	if len(ids) != s.Count || s.Depth != 3 {
		t.Errorf("Count = %d, Depth = %d; want %d, 3", s.Count, s.Depth, len(ids))
	}
}

func nested(n int) string {
	return strings.Repeat("(seq (null) ", n-1) + "(null)" + strings.Repeat(")", n-1)
}

func TestNestingIsLimited(t *testing.T) {
	if _, err := parse.Parse(nested(parse.MaxDepth)); err != nil {
		t.Errorf("depth %d: %v", parse.MaxDepth, err)
	}
	for _, n := range []int{parse.MaxDepth + 1, 100_000} {
		_, err := parse.Parse(nested(n))
		var e *parse.Error
		if !errors.As(err, &e) || e.Class != parse.Limit {
			t.Errorf("depth %d: %v, want class Limit", n, err)
		}
	}
}

func TestErrorShowsThePlace(t *testing.T) {
	_, err := parse.Parse("(seq\n\t(ap 1 a)\n\t(ap bb c))")
	const want = "3:6: variable 'bb' wasn't defined\n3 | \t(ap bb c))\n  | \t    ^^"
	if err == nil || err.Error() != want {
		t.Errorf("Parse = %v\nwant %s", err, want)
	}
	_, err = parse.Parse("(call " + strings.Repeat("x", 5000) + " я")
	if err == nil || len(err.Error()) > 600 {
		t.Errorf("an error in a long line has %d bytes", len(err.Error()))
	}
}

func TestCanonicalText(t *testing.T) {
	tests := map[string]string{
		`(call %init_peer_id% ("s" "f") [1 2.0 -0.5 "x y" true [] %ttl% %timestamp% :error: %last_error%.$.a] x)`: `call %init_peer_id% ("s" "f") [1 2 -0.5 "x y" true [] %ttl% %timestamp% :error: %last_error%.$.a] x`,
		`(call "p" ("s" "f") [] $s)`:             `call "p" ("s" "f") [] $s`,
		`(call "p" ("s" "f") [+5 1. -0])`:        `call "p" ("s" "f") [5 1 0] `,
		`(ap %last_error%.$[0][1].a[i]!  x )`:    `ap %last_error%.$.[0].[1].a.[i] x`,
		`(ap :error:.$[0][1].a! x)`:              `ap :error:.$.[0].[1].a x`,
		`(ap %last_error%.length $x)`:            `ap %last_error%.length $x`,
		`(ap ("k" 1.50) %m)`:                     `ap ("k" 1.5) %m`,
		`(canon "p" $s #c)`:                      `canon "p" $s #c`,
		`(canon %init_peer_id% %m #%c)`:          `canon %init_peer_id% %m #%c`,
		`(canon "p" %m c)`:                       `canon "p" %m c`,
		`(fold [] i (next i))`:                   `fold [] i`,
		`(match [] 1 (null))`:                    `match [] 1`,
		`(mismatch "a" false (null))`:            `mismatch "a" false`,
		`(new #%m (null))`:                       `new #%m`,
		`(fail -7 "a")`:                          `fail -7 "a"`,
		`(fail x.$.e)`:                           `fail x.$.e`,
		`(fail :error:)`:                         `fail :error:`,
		`(xor (never) (null))`:                   `xor`,
		`(seq (null) (null))`:                    `seq`,
		`(par (null) (null))`:                    `par`,
		`(never)`:                                `never`,
		`(null)`:                                 `null`,
		"; a comment\n(\n ap ; more\n 1 x ) ; z": `ap 1 x`,
	}
	for in, want := range tests {
		s, err := parse.Parse(in)
		if err != nil {
			t.Errorf("Parse(%s): %v", in, err)
			continue
		}
		if got := s.Root.String(); got != want {
			t.Errorf("Parse(%s) prints %q, want %q", in, got, want)
		}
	}
}
