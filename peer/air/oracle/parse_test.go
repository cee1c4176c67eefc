// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air/oracle"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// newEngine compiles avm.wasm for a test.
func newEngine(t testing.TB) *oracle.Engine {
	t.Helper()
	wasm, err := oracle.Wasm(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := oracle.NewEngine(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(t.Context()) })
	return e
}

// compareParse gives a script to both parsers. It reports whether both accept
// it, and fails the test when they disagree.
func compareParse(t *testing.T, avm *oracle.AVM, script string) bool {
	t.Helper()
	theirs, err := avm.AST(t.Context(), script)
	ours, ourErr := parse.Parse(script)
	if err != nil { // a trap
		if ourErr == nil {
			t.Errorf("avm.wasm crashes on a script that we accept: %s", script)
		}
		return false
	}
	if theirErr := strings.HasPrefix(theirs, "error"); theirErr || ourErr != nil {
		if theirErr != (ourErr != nil) {
			t.Errorf("script %s\nours:   %v\ntheirs: %s", script, ourErr, theirs)
		}
		return false
	}
	b, err := json.Marshal(treeJSON(ours.Root))
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(theirs), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("script %s\nours:   %s\ntheirs: %s", script, b, theirs)
	}
	return true
}

func corpus(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../testdata/aqua/*.air")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	var scripts []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(b), ";; function: ")[1:] {
			_, text, _ := strings.Cut(part, "\n")
			scripts = append(scripts, text)
		}
	}
	return scripts
}

func TestParserAgreesOnCompiledAqua(t *testing.T) {
	avm := newEngine(t).New()
	for _, s := range corpus(t) {
		if !compareParse(t, avm, s) {
			t.Errorf("refused: %s", s)
		}
	}
}

// words are what damaged scripts are made of.
var words = strings.Fields(`( ) [ ] "s" "" 0 1 -1 1.5 01 +1 -0.0 1. .5 99999999999 9223372036854775808 true false
	call canon ap seq par xor fail fold never new next null match mismatch embed
	x y i $s $ss %m %mm #c #cc #$c #$cc #%c #%cm $ # % #% #$ a%b я é% $%a x.length #c.length #cc.length #%c.length #%cm.length
	x.$.a x.$.[0] x.$[1].b! x.$.[i] x.$ x.$.a[x] x.a #cc.$.[0] #c.$.[0] #cc.$.a #%cm.$.a #%cm.$.[1].[0] $s.$.a %mm.$.a
	%init_peer_id% %last_error% %last_error%.$.message %last_error%.length %timestamp% %ttl% :error: :error:.$.error_code :error:x
	(null) (never) [] ; ;c ½ ٣ x! 1x 1-`)

// damage changes a script at a few places, by word or by byte.
func damage(r *rand.Rand, s string) string {
	for range 1 + r.IntN(3) {
		if len(s) == 0 {
			return s
		}
		at := r.IntN(len(s))
		to := min(len(s), at+r.IntN(12))
		switch r.IntN(4) {
		case 0:
			s = s[:at] + s[to:]
		case 1:
			s = s[:at] + " " + words[r.IntN(len(words))] + " " + s[to:]
		case 2:
			s = s[:at] + words[r.IntN(len(words))] + s[at:]
		default:
			from := r.IntN(len(s))
			s = s[:at] + s[from:min(len(s), from+r.IntN(40))] + s[at:]
		}
	}
	return strings.ToValidUTF8(s, "")
}

func TestParserAgreesOnDamagedScripts(t *testing.T) {
	avm := newEngine(t).New()
	scripts := corpus(t)
	const seed = 1
	accepted := 0
	for n := range 20_000 {
		r := rand.New(rand.NewPCG(seed, uint64(n)))
		s := scripts[r.IntN(len(scripts))]
		if len(s) > 1500 {
			s = oneInstruction(r, s)
		}
		if compareParse(t, avm, damage(r, s)) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("seed %d, case %d", seed, n)
		}
	}
	t.Logf("both accepted %d of 20000", accepted)
}

// oneInstruction cuts one nested instruction out of a script.
func oneInstruction(r *rand.Rand, s string) string {
	at := r.IntN(len(s))
	for at > 0 && s[at] != '(' {
		at--
	}
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[at : i+1]
			}
		}
	}
	return s[at:]
}

// tree makes a random script of instructions that the validity rules are about.
func tree(r *rand.Rand, depth int) string {
	name := func() string { return string("ijx"[r.IntN(3)]) }
	sub := func() string { return tree(r, depth-1) }
	kind := r.IntN(16)
	if depth == 0 {
		kind = r.IntN(6)
	}
	switch kind {
	case 0:
		return "(null)"
	case 1, 2, 3:
		return fmt.Sprintf("(next %s)", name())
	case 4:
		return fmt.Sprintf("(ap %s %s)", []string{"1", name(), name() + ".$.[" + name() + "]"}[r.IntN(3)], []string{name(), "$s"}[r.IntN(2)])
	case 5:
		return fmt.Sprintf("(ap (%s %s) %%m)", []string{"1", name()}[r.IntN(2)], name())
	case 6, 7:
		return fmt.Sprintf("(seq %s %s)", sub(), sub())
	case 8:
		return fmt.Sprintf("(par %s %s)", sub(), sub())
	case 9:
		return fmt.Sprintf("(xor %s %s)", sub(), sub())
	case 10:
		return fmt.Sprintf("(new %s %s)", name(), sub())
	case 11:
		return fmt.Sprintf("(match 1 %s %s)", []string{"1", name()}[r.IntN(2)], sub())
	}
	last := ""
	if r.IntN(3) == 0 {
		last = " " + sub()
	}
	return fmt.Sprintf("(fold %s %s %s%s)", []string{"[]", "$s", "$s", "%m", name()}[r.IntN(5)], name(), sub(), last)
}

func TestParserAgreesOnFoldsAndScopes(t *testing.T) {
	avm := newEngine(t).New()
	const seed = 2
	accepted := 0
	for n := range 30_000 {
		r := rand.New(rand.NewPCG(seed, uint64(n)))
		s := fmt.Sprintf(`(seq (seq (ap 1 $s) (ap ("k" 1) %%m)) (fold $s i %s))`, tree(r, 2+r.IntN(3)))
		if compareParse(t, avm, s) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("seed %d, case %d", seed, n)
		}
	}
	t.Logf("both accepted %d of 30000", accepted)
}
