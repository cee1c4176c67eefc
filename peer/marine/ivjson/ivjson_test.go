// SPDX-License-Identifier: Apache-2.0

package ivjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/ivjson"
)

func arr(t it.Type) it.Type { return it.Type{Kind: it.Array, Elem: &t} }

func kind(k it.Kind) it.Type { return it.Type{Kind: k} }

// iface has one record: Person{name string, age u8, tags []string}.
var iface = &it.Interface{Types: []it.TypeDef{{IsRecord: true, Name: "Person", Fields: []it.Field{
	{Name: "name", Type: kind(it.String)}, {Name: "age", Type: kind(it.U8)}, {Name: "tags", Type: arr(kind(it.String))},
}}}}

func sig(ts ...it.Type) (d it.TypeDef) {
	for i, t := range ts {
		d.Fields = append(d.Fields, it.Field{Name: string(rune('a' + i)), Type: t})
	}
	return d
}

func TestArgumentsAndResults(t *testing.T) {
	person := it.Type{Kind: it.Record}
	const serde = " occurred while deserializing function arguments"
	tests := map[string]struct {
		types []it.Type
		json  string
		want  string // the JSON of the first value, or the error
	}{
		"string":                       {[]it.Type{kind(it.String)}, `["a<b>&\u00e9\n\"\u0001\ud83d\ude00"]`, `"a<b>&é\n\"\u0001😀"`},
		"bare scalar":                  {[]it.Type{kind(it.String)}, `"x"`, `"x"`},
		"by name":                      {[]it.Type{kind(it.U8), kind(it.U8)}, `{"b":2,"a":1}`, `1`},
		"null for nothing":             {nil, `null`, ``},
		"null for something":           {[]it.Type{kind(it.String)}, `null`, `the called function has the following signature: [("a", String)], but no arguments is provided`},
		"too many":                     {[]it.Type{kind(it.U8)}, `[1,2]`, `function requires 1 arguments, 2 provided`},
		"too few":                      {[]it.Type{kind(it.U8)}, `[]`, `function requires 1 arguments, 0 provided`},
		"missing name":                 {[]it.Type{kind(it.U8)}, `{"b":1}`, `missing argument with name a`},
		"extra name":                   {[]it.Type{kind(it.U8)}, `{"b":1,"a":1}`, `function requires 1 arguments, 2 provided`},
		"flattened once":               {[]it.Type{kind(it.String)}, `[["flat"]]`, `"flat"`},
		"not flattened twice":          {[]it.Type{kind(it.String)}, `[[["flat"]]]`, `error Error("invalid type: sequence, expected a string", line: 0, column: 0)` + serde},
		"integer for a string":         {[]it.Type{kind(it.String)}, `[1]`, "error Error(\"invalid type: integer `1`, expected a string\", line: 0, column: 0)" + serde},
		"float for an integer":         {[]it.Type{kind(it.S32)}, `[1.0]`, "error Error(\"invalid type: floating point `1.0`, expected i32\", line: 0, column: 0)" + serde},
		"out of range":                 {[]it.Type{kind(it.S8)}, `[300]`, "error Error(\"invalid value: integer `300`, expected i8\", line: 0, column: 0)" + serde},
		"negative for unsigned":        {[]it.Type{kind(it.U64)}, `[-1]`, "error Error(\"invalid value: integer `-1`, expected u64\", line: 0, column: 0)" + serde},
		"string for a boolean":         {[]it.Type{kind(it.Bool)}, `["true"]`, `error Error("invalid type: string \"true\", expected a boolean", line: 0, column: 0)` + serde},
		"true":                         {[]it.Type{kind(it.Bool)}, `[true]`, `true`},
		"false":                        {[]it.Type{kind(it.Bool)}, `[false]`, `false`},
		"largest u64":                  {[]it.Type{kind(it.U64)}, `[18446744073709551615]`, `18446744073709551615`},
		"smallest s64":                 {[]it.Type{kind(it.S64)}, `[-9223372036854775808]`, `-9223372036854775808`},
		"float of an integer":          {[]it.Type{kind(it.F64)}, `[1]`, `1.0`},
		"large float":                  {[]it.Type{kind(it.F64)}, `[1e16]`, `1e16`},
		"last plain float":             {[]it.Type{kind(it.F64)}, `[1000000000000000]`, `1000000000000000.0`},
		"small float":                  {[]it.Type{kind(it.F64)}, `[0.000001]`, `1e-6`},
		"last plain small float":       {[]it.Type{kind(it.F64)}, `[0.00001]`, `0.00001`},
		"f32 widens":                   {[]it.Type{kind(it.F32)}, `[13.37]`, `13.369999885559082`},
		"minus zero":                   {[]it.Type{kind(it.F64)}, `[-0.0]`, `-0.0`},
		"f32 overflows":                {[]it.Type{kind(it.F32)}, `[1e300]`, `null`},
		"long digits":                  {[]it.Type{kind(it.F64)}, `[1.2345678901234568e17]`, `1.2345678901234568e17`},
		"bytes":                        {[]it.Type{kind(it.ByteArray)}, `[[1,[2],255]]`, `[1,2,255]`},
		"bytes of a string":            {[]it.Type{kind(it.ByteArray)}, `["ab"]`, `expected bytearray, got String("ab")`},
		"array":                        {[]it.Type{arr(arr(kind(it.S16)))}, `[[[1,-2],[]]]`, `[[1,-2],[]]`},
		"string for an array":          {[]it.Type{arr(kind(it.F64))}, `["[1]"]`, `expected array of F64 types, got String("[1]")`},
		"record by name":               {[]it.Type{person}, `[{"tags":["x"],"age":7,"name":"Ann"}]`, `{"name":"Ann","age":7,"tags":["x"]}`},
		"record by place":              {[]it.Type{person}, `[["Ann",7,[]]]`, `{"name":"Ann","age":7,"tags":[]}`},
		"record without a field":       {[]it.Type{person}, `[{"age":7,"name":"Ann"}]`, `missing argument with name tags`},
		"record of a scalar":           {[]it.Type{person}, `[7]`, "record with type id `0` should be encoded as array or map of fields"},
		"bare scalar for record":       {[]it.Type{person}, `7`, `called function has the following signature: '[("a", Record(0))]', and it isn't suitable for an argument '7' provided`},
		"last of a name that is twice": {[]it.Type{kind(it.U8)}, `{"a":1,"a":2}`, `2`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			vs, err := ivjson.Arguments(sig(tt.types...), iface, []byte(tt.json))
			if err != nil {
				if err.Error() != tt.want || !errors.Is(err, ivjson.ErrArguments) {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
				return
			}
			got := ""
			if len(vs) > 0 {
				b, err := ivjson.Append(nil, tt.types[0], iface, vs[0])
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, text := range []string{
		``, `[`, `["a]`, `[1,]`, `[01]`, `[1.]`, `[1e]`, `[-]`, `["\ud800"]`, `["\ud800\u0041"]`, `["\x"]`, "[\"\x01\"]", `["a"] x`, "[\"\xff\"]",
		`[tru]`, `{"a" 1}`, `{a:1}`, strings.Repeat("[", 500), `["\u+041"]`,
	} {
		if vs, err := ivjson.Arguments(sig(kind(it.String)), iface, []byte(text)); err == nil {
			t.Errorf("%q accepted as %v", text, vs)
		}
	}
}

func TestResults(t *testing.T) {
	if b, err := ivjson.AppendResult(nil, nil, iface, nil); err != nil || string(b) != "null" {
		t.Errorf("no output: %s, %v", b, err)
	}
	if _, err := ivjson.AppendResult(nil, []it.Type{kind(it.U8)}, iface, nil); !errors.Is(err, ivjson.ErrResult) {
		t.Errorf("missing value: %v", err)
	}
	if _, err := ivjson.Append(nil, it.Type{Kind: it.Record}, iface, abi.Value{}); !errors.Is(err, ivjson.ErrResult) {
		t.Errorf("record without fields: %v", err)
	}
	for x, want := range map[float64]string{math.NaN(): "null", math.Inf(1): "null", 1e300: "1e300", -1.5: "-1.5", 1e-7: "1e-7", 123456789: "123456789.0"} {
		if b, _ := ivjson.Append(nil, kind(it.F64), iface, abi.Value{N: math.Float64bits(x)}); string(b) != want {
			t.Errorf("%v prints as %s, want %s", x, b, want)
		}
	}
}

// TestStandardLibraryReadsWhatWeWrite compares with encoding/json over random values.
func TestStandardLibraryReadsWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, x, n := rapid.String().Draw(t, "s"), rapid.Float64().Draw(t, "x"), rapid.Int64().Draw(t, "n")
		in, err := json.Marshal([]any{s, x, n})
		if err != nil {
			t.Fatal(err)
		}
		types := []it.Type{kind(it.String), kind(it.F64), kind(it.S64)}
		vs, err := ivjson.Arguments(sig(types...), iface, in)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		var float float64
		var integer int64
		for i, to := range []any{&text, &float, &integer} {
			b, err := ivjson.Append(nil, types[i], iface, vs[i])
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, to); err != nil {
				t.Fatalf("%s: %v", b, err)
			}
		}
		if !reflect.DeepEqual([]any{text, float, integer}, []any{s, x, n}) {
			t.Fatalf("got %q %v %d, want %q %v %d", text, float, integer, s, x, n)
		}
	})
}

func FuzzArguments(f *testing.F) {
	types := []it.Type{kind(it.String), kind(it.F32), kind(it.ByteArray), arr(arr(kind(it.U16))), {Kind: it.Record}}
	f.Add([]byte(`["a",1.5,[1,2],[[3]],{"name":"x","age":1,"tags":[]}]`))
	f.Add([]byte(`{"a":"\u0041","b":-0,"c":[],"d":[],"e":["n",1,["t"]]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		vs, err := ivjson.Arguments(sig(types...), iface, in)
		if err != nil {
			return
		}
		for i, v := range vs {
			b, err := ivjson.Append(nil, types[i], iface, v)
			if err != nil {
				t.Fatal(err)
			}
			again, err := ivjson.Arguments(sig(types[i]), iface, append(append([]byte{'['}, b...), ']'))
			if err != nil && string(b) != "null" {
				t.Fatalf("%s: %v", b, err)
			}
			if err == nil {
				if b2, _ := ivjson.Append(nil, types[i], iface, again[0]); string(b2) != string(b) {
					t.Fatalf("%s, then %s", b, b2)
				}
			}
		}
	})
}
