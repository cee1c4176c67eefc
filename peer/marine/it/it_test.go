// SPDX-License-Identifier: Apache-2.0

package it_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/peer/marine/it"
)

// greeting is the interface of a module that exports greeting(name: string) ->
// string and imports a record from another module.
func greeting() *it.Interface {
	str := it.Type{Kind: it.String}
	return &it.Interface{
		Version: "0.28.0",
		Types: []it.TypeDef{
			{Fields: []it.Field{{Name: "size", Type: it.Type{Kind: it.I32}}}, Outputs: []it.Type{{Kind: it.I32}}},
			{IsRecord: true, Name: "Person", Fields: []it.Field{{Name: "name", Type: str}, {Name: "tags", Type: it.Type{Kind: it.Array, Elem: &str}}}},
			{Fields: []it.Field{{Name: "name", Type: str}}, Outputs: []it.Type{str}},
			{Fields: []it.Field{{Name: "name_ptr", Type: it.Type{Kind: it.I32}}, {Name: "name_ptr", Type: it.Type{Kind: it.I32}}}},
			{Fields: []it.Field{{Name: "p", Type: it.Type{Kind: it.Record, Record: 1}}}},
			{},
			{},
		},
		Imports:  []it.Import{{Namespace: "db", Name: "put", Type: 4}, {Namespace: "db", Name: "put", Type: 6}},
		Adapters: []it.Adapter{{Type: 2, Instr: []it.Instr{{Op: it.ArgGet}, {Op: it.StringSize}, {Op: it.PushI32, Arg: 1}, {Op: it.CallCore}, {Op: it.ArrayLift, Type: str}}}, {Type: 5}},
		Exports:  []it.Export{{Name: "allocate"}, {Name: "greeting", Type: 3}},
		Impls:    []it.Impl{{Core: 3, Adapter: 2}, {Core: 6, Adapter: 5}},
	}
}

func TestEncodeAndDecodeAreInverse(t *testing.T) {
	b, err := greeting().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := it.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("Encode(Decode(b)) = %x, %v; want %x", again, err, b)
	}
}

func TestFunctionsAndImportsAreResolved(t *testing.T) {
	in := greeting()
	fns, err := in.Functions()
	if err != nil || len(fns) != 1 || fns[0].Name != "greeting" || len(fns[0].Body) != 5 || fns[0].Sig.Fields[0].Name != "name" {
		t.Errorf("Functions = %+v, %v", fns, err)
	}
	ims, err := in.ImportFunctions()
	if err != nil || len(ims) != 1 || ims[0].Name != "put" || !reflect.DeepEqual(ims[0].Sig, in.Types[4]) {
		t.Errorf("ImportFunctions = %+v, %v", ims, err)
	}
}

func TestGroupsMayRepeat(t *testing.T) {
	got, err := it.Decode([]byte("\x03\x01\x01a\x00\x05\x06" + "0.20.0" + "\x03\x01\x01b\x01"))
	if err != nil || len(got.Exports) != 2 || got.Exports[1].Name != "b" {
		t.Errorf("Decode = %+v, %v", got, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	v := "\x05\x060.28.0"
	tests := map[string]string{
		"no version":             "\x03\x01\x01a\x00",
		"two versions":           v + v,
		"unknown group":          v + "\x06\x00",
		"unknown type":           v + "\x00\x01\x00\x01\x01a\x33\x00",
		"unknown definition":     v + "\x00\x01\x02",
		"record without fields":  v + "\x00\x01\x01\x01R\x00",
		"unknown instruction":    v + "\x02\x01\x00\x01\x60",
		"truncated":              v + "\x03\x02\x01a\x00",
		"a billion exports":      v + "\x03\xff\xff\xff\xff\x0f",
		"name not UTF-8":         v + "\x03\x01\x01\xff\x00",
		"number of ten bytes":    v + "\x03\x01\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"arrays without an end":  v + "\x00\x01\x00\x01\x01a" + strings.Repeat("\x36", 200) + "\x00\x00",
		"name beyond the end":    v + "\x03\x01\xffa\x00",
		"more than the section":  v + "\x01\x7f\x01a\x01b\x00",
		"export without a type":  v + "\x03\x01\x01a",
		"adapter without a list": v + "\x02\x01\x00",
	}
	for name, text := range tests {
		if got, err := it.Decode([]byte(text)); !errors.Is(err, it.ErrMalformed) {
			t.Errorf("%s: %+v, %v; want ErrMalformed", name, got, err)
		}
	}
}

func TestIndicesThatPointNowhereAreRefused(t *testing.T) {
	tests := map[string]func(*it.Interface){
		"adapter type":        func(in *it.Interface) { in.Impls[0].Adapter = 99 },
		"record as function":  func(in *it.Interface) { in.Impls[0].Adapter = 1 },
		"function unadapted":  func(in *it.Interface) { in.Adapters = nil },
		"import type too low": func(in *it.Interface) { in.Imports[1].Type, in.Impls[1].Core = 1, 1 },
	}
	for name, edit := range tests {
		in := greeting()
		edit(in)
		_, err := in.Functions()
		_, err2 := in.ImportFunctions()
		if !errors.Is(errors.Join(err, err2), it.ErrMalformed) {
			t.Errorf("%s: %v, %v; want ErrMalformed", name, err, err2)
		}
	}
}

func TestEncodeRefusesWhatUpstreamMisreads(t *testing.T) {
	tests := map[string]func(*it.Interface){
		"128 instructions": func(in *it.Interface) { in.Adapters[0].Instr = make([]it.Instr, 128) },
		"128 fields":       func(in *it.Interface) { in.Types[1].Fields = make([]it.Field, 128) },
		"name of 256":      func(in *it.Interface) { in.Exports[0].Name = strings.Repeat("x", 256) },
	}
	for name, edit := range tests {
		in := greeting()
		edit(in)
		if _, err := in.Encode(); !errors.Is(err, it.ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
	}
	in := greeting()
	in.Adapters[0].Instr = make([]it.Instr, 127)
	if _, err := in.Encode(); err != nil {
		t.Errorf("127 instructions: %v", err)
	}
}

func TestManifestReadsBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringN(0, 40, 160)
		m := it.Manifest{Authors: s.Draw(t, "authors"), Version: "0.1.0", Description: s.Draw(t, "description"), Repository: "r", BuildTime: "2022-04-12T18:16:34.487366668+00:00"}
		if got, err := it.DecodeManifest(m.Encode()); err != nil || got != m {
			t.Errorf("DecodeManifest = %+v, %v; want %+v", got, err, m)
		}
	})
	for _, bad := range []string{"", "\xff\xff\xff\xff\xff\xff\xff\xff", string(it.Manifest{}.Encode()) + "x"} {
		if _, err := it.DecodeManifest([]byte(bad)); !errors.Is(err, it.ErrMalformed) {
			t.Errorf("DecodeManifest(%q) = %v, want ErrMalformed", bad, err)
		}
	}
}

func FuzzInterface(f *testing.F) {
	b, err := greeting().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := it.Decode(b)
		if err != nil {
			return
		}
		_, _ = in.Functions()
		_, _ = in.ImportFunctions()
		once, err := in.Encode()
		if err != nil {
			return
		}
		again, err := it.Decode(once)
		if err != nil {
			t.Fatalf("decode what was encoded: %v", err)
		}
		if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("encoded %x, then %x, %v", once, twice, err)
		}
	})
}
