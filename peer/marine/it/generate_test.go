// SPDX-License-Identifier: Apache-2.0

package it_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/marine/it"
)

func TestTextAndASTDescribeTheSame(t *testing.T) {
	text, err := it.ParseText(`
record A { b: []B, raw: []u8 }  # B stands below
record B { x: u32 }
f(a: A, t: string) -> []string
import db put(key: string, n: u64) -> bool
`)
	if err != nil {
		t.Fatal(err)
	}
	ast, err := it.ParseAST([][]byte{
		[]byte(`{"ast_type":"Record","name":"A","fields":{"Named":[{"name":"b","ty":{"Vector":[{"Record":["B","ByValue"]},"ByValue"]}},{"name":"raw","ty":{"Vector":[{"U8":"ByValue"},"ByValue"]}}]}}`),
		[]byte(`{"ast_type":"Record","name":"B","fields":{"Named":[{"name":"x","ty":{"U32":"ByValue"}}]}}`),
		[]byte(`{"ast_type":"Function","signature":{"name":"f","arguments":[{"name":"a","ty":{"Record":["A","ByRef"]}},{"name":"t","ty":{"Utf8Str":"ByRef"}}],"output_types":[{"Vector":[{"Utf8String":"ByValue"},"ByValue"]}]}}`),
		[]byte(`{"ast_type":"ExternMod","namespace":"host","imports":[{"link_name":null,"signature":{"name":"curl","arguments":[],"output_types":[]}}]}`),
		[]byte(`{"ast_type":"ExternMod","namespace":"db","imports":[{"link_name":null,"signature":{"name":"put","arguments":[{"name":"key","ty":{"Utf8String":"ByValue"}},{"name":"n","ty":{"U64":"ByValue"}}],"output_types":[{"Boolean":"ByValue"}]}}]}`),
	})
	if err != nil || !reflect.DeepEqual(text, ast) {
		t.Errorf("ParseAST = %+v, %v\nParseText = %+v", ast, err, text)
	}
	in, err := it.Generate(text)
	if err != nil {
		t.Fatal(err)
	}
	// B is needed by A and stands first.
	if in.Types[6].Name != "B" || in.Types[7].Name != "A" || in.Types[7].Fields[0].Type.Elem.Record != 6 {
		t.Errorf("records: %+v", in.Types[6:8])
	}
	fns, err := in.Functions()
	if err != nil || len(fns) != 1 || fns[0].Name != "f" || in.TypeName(fns[0].Sig.Outputs[0]) != "[]string" {
		t.Errorf("Functions = %+v, %v", fns, err)
	}
	ims, err := in.ImportFunctions()
	if err != nil || len(ims) != 1 || ims[0].Name != "put" || len(ims[0].Body) != 8 || ims[0].Body[6].Arg != 7 {
		t.Errorf("ImportFunctions = %+v, %v", ims, err)
	}
	if order, err := in.PublicRecords(); err != nil || !reflect.DeepEqual(order, []uint32{6, 7}) {
		t.Errorf("PublicRecords = %v, %v", order, err)
	}
}

func TestProgramsAreUpstreams(t *testing.T) {
	d, err := it.ParseText("greeting(name: string) -> string")
	if err != nil {
		t.Fatal(err)
	}
	in, err := it.Generate(d)
	if err != nil {
		t.Fatal(err)
	}
	got, want := in.Adapters[0].Instr, []it.Instr{
		{Op: it.ArgGet},
		{Op: it.StringSize},
		{Op: it.PushI32, Arg: 1},
		{Op: it.CallCore},
		{Op: it.ArgGet},
		{Op: it.StringLower},
		{Op: it.CallCore, Arg: 6},
		{Op: it.CallCore, Arg: 3},
		{Op: it.CallCore, Arg: 2},
		{Op: it.StringLift},
		{Op: it.CallCore, Arg: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("greeting is\n%v, want\n%v", got, want)
	}
}

func TestBadDescriptionsAreRefused(t *testing.T) {
	many := make([]string, 26)
	for i := range many {
		many[i] = "a: string"
	}
	tests := map[string]string{
		"no parenthesis":        "f",
		"no type":               "f(a)",
		"unknown type":          "f(a: X)",
		"record twice":          "record A { x: u8 }\nrecord A { x: u8 }",
		"record without fields": "record A { }\nf(a: A)",
		"record in itself":      "record A { x: A, y: A }",
		"records in each other": "record A { x: B }\nrecord B { x: []A, y: A, z: []B }",
		"open record":           "record A { x: u8",
		"161 instructions":      "f(" + strings.Join(many, ", ") + ") -> string",
		"arrays without an end": "f(a: " + strings.Repeat("[]", 1000) + "u8)",
	}
	for name, text := range tests {
		d, err := it.ParseText(text)
		if err == nil {
			_, err = it.Generate(d)
		}
		if !errors.Is(err, it.ErrDescription) {
			t.Errorf("%s: %v, want ErrDescription", name, err)
		}
	}
	for _, ast := range []string{"x", `{}`, `{"ast_type":"Function","signature":{"name":"f","arguments":[{"name":"a","ty":{"Vector":1}}]}}`, `{"ast_type":"Function","signature":{"name":"f","arguments":[{"name":"a"}]}}`} {
		if _, err := it.ParseAST([][]byte{[]byte(ast)}); !errors.Is(err, it.ErrDescription) {
			t.Errorf("ParseAST(%s) = %v, want ErrDescription", ast, err)
		}
	}
}

func FuzzDescription(f *testing.F) {
	f.Add("record A { x: []u8 }\nimport db put(a: A) -> u64\nf(a: []A, s: string) -> string", []byte(`{"ast_type":"Record","name":"A","fields":{"Named":[{"name":"x","ty":{"U8":"ByValue"}}]}}`))
	f.Fuzz(func(t *testing.T, text string, ast []byte) {
		_, _ = it.ParseAST([][]byte{ast})
		d, err := it.ParseText(text)
		if err != nil {
			return
		}
		in, err := it.Generate(d)
		if err != nil {
			return
		}
		b, err := in.Encode()
		if err != nil {
			return
		}
		again, err := it.Decode(b)
		if err != nil {
			t.Fatalf("decode what was generated: %v", err)
		}
		if _, err := again.Functions(); err != nil {
			t.Fatal(err)
		}
		if _, err := again.ImportFunctions(); err != nil {
			t.Fatal(err)
		}
	})
}
