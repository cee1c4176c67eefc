// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

func run(home string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := Command()
	cmd.PersistentFlags().String("home", home, "")
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	return out.String(), err
}

const (
	id   = "abababababababababababababababababababababababababababababababab"
	peer = "12D3KooWRkZhiRhsqmrQ28rt73K7V3aCBpqKrLGSXmZ99PTcTZby"
)

func TestMisuse(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"rules":[{"service":"a.b","function":"f","who":"anyone"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
	}{
		"short id":             {[]string{"show", "abab"}, term.ExitUsage},
		"freeze nothing":       {[]string{"freeze", "x"}, term.ExitUsage},
		"propose nobody":       {[]string{"propose", id, "bob", "chat"}, term.ExitUsage},
		"propose a dot":        {[]string{"propose", id, peer, "a.b"}, term.ExitUsage},
		"propose a bad role":   {[]string{"propose", id, peer, "chat", "--role", "A"}, term.ExitUsage},
		"accept a short deal":  {[]string{"accept", id, "0x12", "chat"}, term.ExitUsage},
		"broken policy":        {[]string{"rules", id, bad}, term.ExitFailed},
		"no policy":            {[]string{"create", "--policy", bad + "x"}, term.ExitFailed},
		"no scripts":           {[]string{"scripts", id}, term.ExitUsage},
		"any and some scripts": {[]string{"scripts", id, bad, "--any"}, term.ExitUsage},
		"explain nothing":      {[]string{"explain"}, term.ExitUsage},
		"explain without peer": {[]string{"explain", "--particle", "x"}, term.ExitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run(t.TempDir(), tt.args...)
			var he *term.HintError
			if !errors.As(err, &he) || he.Code != tt.code || he.Hint == "" || out != "" {
				t.Errorf("%q, %v; want code %d, a hint, no output", out, err, tt.code)
			}
		})
	}
}

func TestScriptsPrintsCIDs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.air")
	if err := os.WriteFile(file, []byte("hello world"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t.TempDir(), "scripts", id, file, "--print")
	if err != nil || strings.TrimSpace(out) != "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e" {
		t.Errorf("scripts --print = %q, %v; want the CID of the specification", out, err)
	}
}
