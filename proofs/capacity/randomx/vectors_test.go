// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/hex"
	"strings"
	"testing"
)

//go:embed testdata/vectors.txt
var vectorText []byte

type vector struct {
	params    Params
	key       string
	in, want  []byte
	wantShort string
}

func vectors(t testing.TB) (vs []vector) {
	t.Helper()
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.Trim(s, "-"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for sc := bufio.NewScanner(bytes.NewReader(vectorText)); sc.Scan(); {
		f := strings.Fields(sc.Text())
		if len(f) != 4 || f[0] == "#" {
			continue
		}
		p, err := ParamsByName(f[0])
		if err != nil {
			continue // a line of the comment
		}
		vs = append(vs, vector{p, string(unhex(f[1])), unhex(f[2]), unhex(f[3]), f[3][:8]})
	}
	if len(vs) != 24 {
		t.Fatalf("read %d vectors, want 24", len(vs))
	}
	return vs
}

func TestVectors(t *testing.T) {
	tested := map[Params]bool{}
	for _, v := range vectors(t) {
		if raceDetector && tested[v.params] {
			continue
		}
		tested[v.params] = true
		for name, newVM := range map[string]func(*Cache, Memory) (*VM, error){"auto": NewVM, "portable": NewPortableVM} {
			t.Run(v.params.Name()+"/"+v.wantShort+"/"+name, func(t *testing.T) {
				vm, err := newVM(testCache(t, v.params, v.key), Memory{})
				if err != nil {
					t.Fatal(err)
				}
				defer vm.Close()
				got, err := vm.Hash(t.Context(), v.in)
				if err != nil || !bytes.Equal(got[:], v.want) {
					t.Errorf("Hash(%x) under key %x = %x, %v; want %x", v.in, v.key, got, err, v.want)
				}
			})
		}
	}
}
