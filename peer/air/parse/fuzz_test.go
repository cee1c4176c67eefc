// SPDX-License-Identifier: Apache-2.0

package parse_test

import (
	"testing"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/parse"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`(null)`, `(seq (call %init_peer_id% ("s" "f") [1 -2.5 "x" true [] %ttl%] x) (xor (fail x.$.a.[0].[x]!) (ap :error: $s)))`,
		`(fold $s i (par (next i) (null)) (never))`, `(new #%m (canon "p" %m #%m))`, `(ap ("k" %last_error%.length) %m)`,
		`(match a%b 1 (null))`, "; c\n(fail 1 \"\")", `(((((`, `(seq (seq (seq`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s, err := parse.Parse(src)
		if err != nil {
			if len(err.Error()) > 4096 {
				t.Errorf("an error of %d bytes for a script of %d", len(err.Error()), len(src))
			}
			return
		}
		n := 0
		var walk func(ast.Instr)
		walk = func(in ast.Instr) {
			if in.ID() != n {
				t.Errorf("instruction %d has id %d", n, in.ID())
			}
			n++
			_ = in.String()
			for _, c := range ast.Children(in) {
				walk(c)
			}
		}
		walk(s.Root)
		once, err := parse.Format(src)
		if err != nil {
			t.Fatalf("Format refuses what Parse accepts: %v", err)
		}
		again, err := parse.Format(once)
		if err != nil || again != once {
			t.Errorf("formatting twice gives\n%s\nthen, %v\n%s", once, err, again)
		}
	})
}

func FuzzLens(f *testing.F) {
	for _, s := range []string{`.length`, `.$.a`, `.$[0][1].b!`, `.$.[x].-y`, `.$`, `.$.[4294967296]`, `.$.я`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		l, err := parse.Lens(src)
		if err != nil {
			return
		}
		text := l.String()
		again, err := parse.Lens(text)
		if err != nil || again.String() != text {
			t.Errorf("lens %q prints %q, which reads as %v, %v", src, text, again, err)
		}
	})
}
