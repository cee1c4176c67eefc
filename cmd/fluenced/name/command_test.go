// SPDX-License-Identifier: Apache-2.0

package name

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

const peer = "12D3KooWRkZhiRhsqmrQ28rt73K7V3aCBpqKrLGSXmZ99PTcTZby"

func TestRecordsReadBackAsWritten(t *testing.T) {
	for arg, want := range map[string]string{
		"peer=" + peer:                peer,
		"service=" + peer + "/chat":   peer + "/chat",
		"deal=0x" + "ab" + zeros(38):  "0xab" + zeros(38),
		"perimeter=" + zeros(64):      zeros(64),
		"text:url=https://a.org/?x=y": "https://a.org/?x=y",
		"account:eip155:1=0xabc":      "0xabc",
		"cid=bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e": "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
	} {
		r, err := parseRecord(arg)
		if err != nil || text(r) != want {
			t.Errorf("%s = %q, %v; want %q", arg, text(r), err, want)
		}
	}
	if r, err := parseRecord("dht=00" + zeros(32)); err != nil || len(r.Value) != 34 {
		t.Errorf("dht = %v, %v; want the key of the challenge", r, err)
	}
}

func zeros(n int) string { return string(bytes.Repeat([]byte("0"), n)) }

func TestMisuse(t *testing.T) {
	for name, args := range map[string][]string{
		"capitals":          {"register", "Alice"},
		"name below":        {"register", "chat.alice"},
		"no period":         {"register", "alice", "--period", "0s"},
		"renew no name":     {"renew", "a..b"},
		"set nothing":       {"set", "alice"},
		"unknown kind":      {"set", "alice", "mail=x"},
		"peer of no form":   {"set", "alice", "peer=bob"},
		"short deal":        {"set", "alice", "deal=0xab"},
		"remove no kind":    {"set", "alice", "--remove", "mail"},
		"service of a peer": {"set", "alice", "service=" + peer},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := Command()
			cmd.PersistentFlags().String("home", t.TempDir(), "")
			cmd.SetArgs(args)
			cmd.SetOut(&out)
			cmd.SetErr(&bytes.Buffer{})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.Execute()
			var he *term.HintError
			if !errors.As(err, &he) || he.Code != term.ExitUsage || he.Hint == "" || out.Len() > 0 {
				t.Errorf("%q, %v; want a usage error with a hint", out.String(), err)
			}
		})
	}
}
