// SPDX-License-Identifier: Apache-2.0

package parse_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air/parse"
)

func BenchmarkParse(b *testing.B) {
	chat, err := os.ReadFile("../testdata/aqua/t25_group_chat.air")
	if err != nil {
		b.Fatal(err)
	}
	parts := strings.Split(string(chat), ";; function: ")
	_, chatScript, _ := strings.Cut(parts[len(parts)-1], "\n")
	cases := map[string]string{
		"null":     `(null)`,
		"call":     `(call %init_peer_id% ("s" "f") ["v1"] x)`,
		"chat":     chatScript,
		"calls500": strings.Repeat(`(par (call %init_peer_id% ("s" "f") ["v1"] x) `, 500) + "(null)" + strings.Repeat(")", 500),
		"deep1000": nested(1000),
	}
	for name, src := range cases {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse.Parse(src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
