// SPDX-License-Identifier: Apache-2.0

package parse_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air/parse"
)

var canonTarget = regexp.MustCompile(`(\(canon .*)  (.*)`)

func TestFormatLeavesCompiledAquaAsItIs(t *testing.T) {
	for name, text := range corpus(t) {
		got, err := parse.Format(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// The compiler writes two spaces before the target of a canon.
		want := canonTarget.ReplaceAllString(text, "$1 $2")
		if trim(got) != trim(want) {
			t.Errorf("%s changes:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

// trim drops blank lines and trailing spaces.
func trim(s string) string {
	var lines []string
	for _, l := range strings.Split(s, "\n") {
		if l = strings.TrimRight(l, " "); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

func TestFormat(t *testing.T) {
	tests := map[string][2]string{
		"leaf":            {`( ap  1.0   x )`, "(ap 1.0 x)\n"},
		"nest":            {`(seq (null)(par(null) (never)))`, ""},
		"nested":          {`(seq (null)(par (null)(never)))`, "(seq\n (null)\n (par\n  (null)\n  (never)\n )\n)\n"},
		"groups":          {`(seq (ap ( "k"  1 ) %m) (call "p" ("s"  "f")[ [ ] 1 ]$x))`, "(seq\n (ap (\"k\" 1) %m)\n (call \"p\" (\"s\" \"f\") [[] 1] $x)\n)\n"},
		"heads":           {`(fold [] i (next i) (null))`, "(fold [] i\n (next i)\n (null)\n)\n"},
		"comments stay":   {"; head\n(seq ; why\n(null) ; first\n ; second\n(null)) ; tail", "; head\n(seq ; why\n (null) ; first\n ; second\n (null)\n) ; tail\n"},
		"comment inside":  {"(ap ; why\n 1 x)", "(ap ; why\n 1 x)\n"},
		"literal as is":   {"(ap \" a\n b\" x)", "(ap \" a\n b\" x)\n"},
		"comment, no end": {"(null) ;", "(null) ;\n"},
	}
	for name, tt := range tests {
		got, err := parse.Format(tt[0])
		if tt[1] == "" {
			if err == nil {
				t.Errorf("%s: Format = %q, want an error", name, got)
			}
			continue
		}
		if err != nil || got != tt[1] {
			t.Errorf("%s: Format = %q, %v; want %q", name, got, err, tt[1])
			continue
		}
		if again, err := parse.Format(got); err != nil || again != got {
			t.Errorf("%s: formatting again gives %q, %v; want %q", name, again, err, got)
		}
	}
}
