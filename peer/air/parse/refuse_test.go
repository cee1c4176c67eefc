// SPDX-License-Identifier: Apache-2.0

package parse_test

import (
	"errors"
	"testing"

	"github.com/go-fluence/fluence/peer/air/parse"
)

// Every row was given to avm.wasm 0.62.0, which refuses it too, or crashes where
// the comment says so.
func TestRefused(t *testing.T) {
	tests := map[parse.Class][]string{
		parse.Lexical: {
			`(ap 1 a$b)`, `(ap 1 ab%)`, `(ap 1 #)`, `(ap 1 #$)`, `(ap 1 #%)`, `(ap 1 $)`, `(ap 1 %)`, `(ap 1 $$a)`, `(ap 1 #$%a)`,
			`(new ## (null))`, `(new a% (null))`, `(new %a%b (null))`, `(new $1.x (null))`, `(new a1.b (null))`,
			`(ap x.$ b)`, `(ap x.$. b)`, `(ap x.a b)`, `(ap x.$.a. b)`, `(ap x.$a b)`, `(ap x.$.a!! b)`, `(ap x! b)`, `(ap x.$! b)`,
			`(ap x.length! b)`, `(ap x.lengthy b)`, `(ap x.$.[0]a b)`, `(ap x.$.[+1] b)`, `(ap x.$.[4294967296] b)`, `(ap x.$.[a.b] b)`,
			`(ap x.$.["a"] b)`, `(ap x.$.(a) b)`, `(ap x.$.a:b b)`, `(ap x.$.1a b)`, `(ap x.$.[1a] b)`, `(ap x.$.[] b)`, `(ap x.$..a b)`,
			`(ap x.$.я b)`, `(ap x.$.[я] b)`, // avm.wasm crashes
			`(ap %last_error%x b)`, `(ap %last_error%.$ b)`, `(ap :error:x b)`, `(ap :error b)`, `(ap"a" c)`, `(ap 1;c` + "\n a)",
			`(ap 1 "a)`, `(ap 1 a.)`, `(ap 1 .a)`, `(ap - a)`, `(ap .5 b)`, `(ap -.5 b)`, `(ap 1.5.5 b)`, `(ap 1.a b)`, `(ap 1.$.a b)`,
			`(ap 9223372036854775808 b)`, `(ap 123456789.12 b)`, `(ap ٣ b)`, `(ap ½ b)`, `(ap ٣.٣ b)`, `(ap #c.length b)`, `(ap $s.$.a b)`,
			"(ap \xff b)", `(seq(null)(null))`,
		},
		parse.Grammar: {
			``, `(`, `)`, `()`, `(x)`, `"a"`, `(null`, `(null null)`, `(null)(null)`, `(null) x`, `(seq (null))`, `(seq (null) (null) (null))`,
			`(embed [] (null))`, `(ap 1 a%b)`, `(ap 1 $%a)`, `(ap "a"b c)`, `(ap 1 "a")`, `(ap null b)`, `(ap true true)`, `(ap [1] b)`, `(ap #%cm b)`,
			`(ap $s b)`, `(ap %m b)`, `(ap $ss.$.a b)`, `(ap 1 %m)`, `(ap (1 2) $m)`, `(ap (1.5 2) %m)`, `(ap (true 2) %m)`, `(ap ("a" #%m) %m)`,
			`(ap (%ttl% 2) %m)`, `(ap (#%cm.$.a 2) %m)`, `(fail 1 a)`, `(fail %last_error%.$.a)`, `(fail :error:.$.a)`, `(fail #cc)`, `(fail #%cm.$.a)`,
			`(fail "x")`, `(fail 1.5 "x")`, `(match 1 2)`, `(fold [] i)`, `(fold [] i (null) (null) (null))`, `(fold #cc.length i (null))`,
			`(call "p" "s" "f" [])`, `(call "p" ("s") [])`, `(call ("p" "s") ("f" "g") [])`, `(call %init_peer_id% (%init_peer_id% "f") [])`,
			`(call #cc ("s" "f") [])`, `(call "p" ("s" "f") [] x.$.a)`, `(call "p" ("s" "f") [] #c)`, `(call "p" ("s" "f") [[[]]])`,
			`(canon "p" $s #%c)`, `(canon "p" %m #c)`, `(canon "p" $s c)`, `(canon "p" s #c)`, `(new x.$.a (null))`, `(next x.$.a)`,
		},
		parse.Validity: {
			`(fail 0 "a")`, `(ap x x)`, `(call "p" ("s" "f") [x] x)`, `(call x ("s" "f") [] x)`, `(ap (x 1) %m)`, `(fold x x (null))`, `(fold $s i (null))`,
			`(seq (ap 1 x) (ap x.$.[i] y))`, `(seq (ap i x) (fold [] i (null)))`, `(next i)`, `(seq (fold [] x (null)) (next x))`,
			`(fold [] i (seq (next i) (next i)))`, `(fold [] i (seq (next i) (fold [] j (next i))))`, `(fold [] i (next i) (next i))`,
			`(fold [] i (fold [] i (next i)))`, `(fold [] i (new i (null)))`,
			`(seq (ap 1 $s) (fold $s i (seq (next i) (null))))`, `(seq (ap 1 $s) (fold $s i (par (next i) (null))))`,
			`(seq (ap 1 $s) (fold $s i (seq (xor (null) (next i)) (null))))`, `(seq (ap 1 $s) (fold $s i (seq (fold $s j (next i)) (null))))`,
			`(seq (ap (1 1) %s) (fold %s i (seq (new x (next i)) (null))))`,
		},
	}
	for class, scripts := range tests {
		for _, s := range scripts {
			_, err := parse.Parse(s)
			var e *parse.Error
			if !errors.As(err, &e) || e.Class != class {
				t.Errorf("Parse(%q) = %v, want an error of class %d", s, err, class)
			}
		}
	}
}

// AquaVM judges names by the text alone, and of the uses that nothing before
// them defines only the first. These scripts are accepted by it and so by us.
func TestAcceptedOddities(t *testing.T) {
	for _, s := range []string{
		`(seq (fold [] x (next x)) (next x))`,
		`(seq (fold [] i (null)) (ap i x))`,
		`(match i 1 (fold [] i (ap i x)))`,
		`(canon x $s #c)`, `(ap (1 x) %m)`, `(fail x)`, `(ap %last_error%.$.[zz] b)`,
		`(new a%b (null))`, `(ap +1 a)`, `(ap 1. b)`, `(call "p"("s""f")[[][]]x)`,
		`(seq (ap 1 $s) (fold $s i (seq (fold [] j (next i)) (null))))`,
		`(seq (ap 1 $s) (fold $s i (fold $s j (xor (next j) (next i)))))`,
	} {
		if _, err := parse.Parse(s); err != nil {
			t.Errorf("Parse(%s) = %v, want no error", s, err)
		}
	}
}
