// SPDX-License-Identifier: Apache-2.0

package term

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	tests := map[string]struct {
		err  error
		text string
		code int
	}{
		"nil is done":            {nil, "", ExitDone},
		"plain":                  {errors.New("no home"), "fluenced: error: no home\n", ExitFailed},
		"hinted":                 {Hint(errors.New("no home"), "run %s", "init"), "fluenced: error: no home\nfluenced: hint: run init\n", ExitFailed},
		"wrapped keeps the hint": {fmt.Errorf("start: %w", Hint(errors.New("no home"), "run init")), "fluenced: error: start: no home\nfluenced: hint: run init\n", ExitFailed},
		"usage":                  {Usage("see --help", "no file given"), "fluenced: error: no file given\nfluenced: hint: see --help\n", ExitUsage},
		"lines are indented":     {errors.New("a\nb"), "fluenced: error: a\n    b\n", ExitFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if code := Report(&b, tt.err); code != tt.code || b.String() != tt.text {
				t.Errorf("Report = %d, %q; want %d, %q", code, b.String(), tt.code, tt.text)
			}
		})
	}
}

func TestTableAlignsAndKeepsWholeCells(t *testing.T) {
	var b strings.Builder
	id := strings.Repeat("x", 90)
	if err := Table(&b, []string{"ID", "N"}, [][]string{{id, "1"}, {"a", "2"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), id+"  1\n") {
		t.Errorf("Table = %q, want the whole id", b.String())
	}
}

func TestJSONDoesNotEscapeHTML(t *testing.T) {
	var b strings.Builder
	if err := JSON(&b, "<a>"); err != nil || b.String() != "\"<a>\"\n" {
		t.Errorf("JSON = %q, %v; want \"<a>\"", b.String(), err)
	}
}
