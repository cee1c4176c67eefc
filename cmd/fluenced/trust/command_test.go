// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// run runs the command and returns its standard output.
func run(stdin string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	return out.String(), err
}

func TestVerifyOfTheOfficialCertificates(t *testing.T) {
	for at, want := range map[string]bool{"1700000000": true, "1800000000": false} {
		out, err := run("", "verify", "testdata/certificates.json", "--json", "--at", at)
		if err != nil {
			t.Fatal(err)
		}
		var r report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Certificates != 12 || len(r.Trusts) != 35 {
			t.Errorf("%d certificates, %d trusts, want 12 and 35", r.Certificates, len(r.Trusts))
		}
		for _, j := range r.Trusts {
			if j.Verifies != want || (j.Error == "") != want {
				t.Errorf("at %s: %+v, want verifies %v", at, j, want)
			}
		}
		_, err = run("", "verify", "testdata/certificates.json", "--at", at)
		if (err == nil) != want {
			t.Errorf("at %s without --json: %v", at, err)
		}
	}
}

func keyFile(t *testing.T, name string) string {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(seed[:])), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const bob = "12D3KooWRkZhiRhsqmrQ28rt73K7V3aCBpqKrLGSXmZ99PTcTZby"

// The certificate of the specification, made by the commands.
const ofSpec = `11
1111
12ajxz1MscuDGbRjMHugaBxM3DMBH2o1RKHqZztbJAKzS
12oLpknEmMShKkgfzPvVdSmtk81e3w4WN5JX28varkzL2pDe7NsFXjcyiPGymEAj7VnbQxKBRSwWtNGgPbWaWkAFj
2000000000
1700000000
1GwCXyJ8AesaucFMTUSZmiFVMhVngpeBxaBC7mQJiZct3
1F7bV7iiYbLYT6Tw74GkvcU2LGNtptE42kJ6ik2JYnyobrX5XqbJkWfBU1voYRATnVsR7QdRxWjWruWyC1R8ekKk
2000000000
1700000000
`

func TestRootAndIssueMakeTheCertificateOfTheSpecification(t *testing.T) {
	key := keyFile(t, "root")
	life := []string{"--key", key, "--at", "1700000000", "--life", "300000000s"}
	root, err := run("", append([]string{"root"}, life...)...)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := run(root, append([]string{"issue", "-", "--for", bob}, life...)...)
	if err != nil || cert != ofSpec {
		t.Fatalf("issue = %q, %v", cert, err)
	}
	for _, form := range []string{formJSON, formBinary, formText} {
		other, err := run(cert, "export", "-", "--form", form)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := run(other, "export", "-"); err != nil || back != ofSpec {
			t.Errorf("%s: back as %q, %v", form, back, err)
		}
	}
	rev, err := run("", "revoke", bob, "--key", key, "--at", "1700000100")
	if err != nil || !strings.Contains(rev, "67UtCsR3XsfQ5BghNkvBkQZA9UYMZe7GSSXLfj4Qeh3i2JJk83ZN9p4zzszbhobxjcG71afmRbEmDcSHH3DbpPT") {
		t.Errorf("revoke = %s, %v", rev, err)
	}
}

func TestMisuse(t *testing.T) {
	key, other := keyFile(t, "root"), keyFile(t, "other")
	tests := map[string]struct {
		stdin string
		args  []string
		code  int
	}{
		"no such file":        {"", []string{"verify", "nothing"}, term.ExitFailed},
		"empty":               {"", []string{"verify", "-"}, term.ExitFailed},
		"no certificates":     {"{}", []string{"verify", "-"}, term.ExitFailed},
		"truncated":           {ofSpec[:200], []string{"verify", "-"}, term.ExitFailed},
		"truncated JSON":      {`{"chain":[`, []string{"verify", "-"}, term.ExitFailed},
		"before 1970":         {ofSpec, []string{"verify", "-", "--at", "-1"}, term.ExitUsage},
		"no key":              {"", []string{"root"}, term.ExitUsage},
		"no life":             {"", []string{"root", "--key", key, "--life", "0s"}, term.ExitUsage},
		"key of another":      {ofSpec, []string{"issue", "-", "--for", bob, "--key", other}, term.ExitUsage},
		"for nobody":          {"", []string{"revoke", "bob", "--key", key}, term.ExitUsage},
		"of itself":           {"", []string{"revoke", "12D3KooWBQ78j8waooUm1KEmvWRuxkRshgDv4V5uGtCbNskC4GiN", "--key", key}, term.ExitUsage},
		"form of no kind":     {ofSpec, []string{"export", "-", "--form", "xml"}, term.ExitUsage},
		"weight of nobody":    {"", []string{"weight", "bob"}, term.ExitUsage},
		"weight without peer": {"", []string{"weight", bob}, term.ExitUsage},
		"chain by no address": {"", []string{"chain", bob, "--relay", "x"}, term.ExitUsage},
		"import nowhere":      {ofSpec, []string{"import", "-"}, term.ExitUsage},
		"the second of one":   {ofSpec, []string{"export", "-", "--certificate", "1"}, term.ExitUsage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := run(tt.stdin, tt.args...)
			var he *term.HintError
			if !errors.As(err, &he) || he.Code != tt.code || he.Hint == "" || out != "" {
				t.Errorf("%q, %v; want code %d, a hint, no output", out, err, tt.code)
			}
		})
	}
}

func FuzzCertificates(f *testing.F) {
	f.Add([]byte(ofSpec))
	f.Add([]byte(`{"certificates":[{"chain":[]}]}`))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 2, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		cs, err := certificates(b)
		if err != nil {
			return
		}
		if r := judge(cs, 1); r.Verified+r.Refused != len(r.Trusts) {
			t.Errorf("%d verified, %d refused of %d", r.Verified, r.Refused, len(r.Trusts))
		}
	})
}
