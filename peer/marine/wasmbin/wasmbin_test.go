// SPDX-License-Identifier: Apache-2.0

package wasmbin_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// add is (module (func (export "add") (param i32 i32) (result i32) …)) with a custom section.
var add = []byte("\x00asm\x01\x00\x00\x00" +
	"\x00\x05\x04name" +
	"\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f" +
	"\x03\x02\x01\x00" +
	"\x07\x07\x01\x03add\x00\x00" +
	"\x0a\x09\x01\x07\x00\x20\x00\x20\x01\x6a\x0b")

func TestParseAndAppendAreInverse(t *testing.T) {
	m, err := wasmbin.Parse(add, wasmbin.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Append(nil); !bytes.Equal(got, add) {
		t.Errorf("Append = %x, want %x", got, add)
	}
	c, err := m.Core(wasmbin.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Bodies) != 1 || len(c.Exports) != 1 || c.Exports[0].Name != "add" || len(c.Types[0].Params) != 2 {
		t.Errorf("Core = %+v", c)
	}
}

func TestSetKeepsTheOrderOfSections(t *testing.T) {
	m, err := wasmbin.Parse(add, wasmbin.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m.Set(wasmbin.SectionGlobal, []byte{0})
	m.Set(wasmbin.SectionCount, []byte{0})
	m.Set(wasmbin.SectionData, []byte{0})
	m.Set(wasmbin.SectionMemory, []byte{0})
	if _, err := wasmbin.Parse(m.Append(nil), wasmbin.Limits{}); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	const head = "\x00asm\x01\x00\x00\x00"
	tests := map[string]struct {
		bytes string
		want  error
	}{
		"empty":                      {"", wasmbin.ErrMalformed},
		"component":                  {"\x00asm\x0d\x00\x01\x00", wasmbin.ErrUnsupported},
		"size beyond the end":        {head + "\x01\x7f\x00", wasmbin.ErrMalformed},
		"size of 6 bytes":            {head + "\x01\x80\x80\x80\x80\x80\x00", wasmbin.ErrMalformed},
		"unknown section":            {head + "\x0d\x00", wasmbin.ErrMalformed},
		"section twice":              {head + "\x01\x01\x00\x01\x01\x00", wasmbin.ErrMalformed},
		"sections out of order":      {head + "\x03\x01\x00\x01\x01\x00", wasmbin.ErrMalformed},
		"custom name not UTF-8":      {head + "\x00\x02\x01\xff", wasmbin.ErrMalformed},
		"billions of types":          {head + "\x01\x05\xff\xff\xff\xff\x0f", wasmbin.ErrMalformed},
		"bytes after the last type":  {head + "\x01\x02\x00\x00", wasmbin.ErrMalformed},
		"shared memory":              {head + "\x05\x04\x01\x03\x01\x01", wasmbin.ErrUnsupported},
		"two memories":               {head + "\x05\x05\x02\x00\x01\x00\x01", wasmbin.ErrTooLarge},
		"functions without code":     {head + "\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00", wasmbin.ErrMalformed},
		"a billion locals in a run":  {head + "\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x0b\x01\x09\x01\xff\xff\xff\xff\x03\x7f\x0b\x0b", wasmbin.ErrTooLarge},
		"function of unknown type":   {head + "\x03\x02\x01\x05\x0a\x04\x01\x02\x00\x0b", wasmbin.ErrMalformed},
		"global with a call":         {head + "\x06\x06\x01\x7f\x00\x10\x00\x0b", wasmbin.ErrMalformed},
		"tag import":                 {head + "\x02\x05\x01\x00\x00\x04\x00", wasmbin.ErrUnsupported},
		"element segment flags of 9": {head + "\x09\x02\x01\x09", wasmbin.ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := wasmbin.Parse([]byte(tt.bytes), wasmbin.Limits{})
			if err == nil {
				_, err = m.Core(wasmbin.Limits{})
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestInstrRefusesWhatIsNotRun(t *testing.T) {
	tests := map[string]error{
		"\xfd\x80\x02":     wasmbin.ErrUnsupported, // relaxed SIMD
		"\xfe\x00":         wasmbin.ErrUnsupported, // atomic
		"\x06\x40":         wasmbin.ErrUnsupported, // try
		"\x12\x00":         wasmbin.ErrUnsupported, // return_call
		"\xc5":             wasmbin.ErrMalformed,
		"\xfc\x12":         wasmbin.ErrMalformed,
		"\x3f\x01":         wasmbin.ErrUnsupported, // second memory
		"\x41\x80\x80":     wasmbin.ErrMalformed,   // truncated constant
		"\x0e\xff\xff\x03": wasmbin.ErrMalformed,   // br_table beyond the end
	}
	for text, want := range tests {
		r := wasmbin.NewReader([]byte(text))
		r.Instr()
		if !errors.Is(r.Err(), want) {
			t.Errorf("%x: %v, want %v", text, r.Err(), want)
		}
	}
}

func TestNumbersReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, s := rapid.Uint64().Draw(t, "u"), rapid.Int64Range(math.MinInt32, math.MaxInt32).Draw(t, "s")
		if got := wasmbin.NewReader(wasmbin.AppendU64(nil, u)).U64(); got != u {
			t.Errorf("U64 = %d, want %d", got, u)
		}
		if got := wasmbin.NewReader(wasmbin.AppendU32(nil, uint32(u))).U32(); got != uint32(u) {
			t.Errorf("U32 = %d, want %d", got, uint32(u))
		}
		if got := wasmbin.NewReader(wasmbin.AppendS64(nil, s)).S33(); got != s {
			t.Errorf("S33 = %d, want %d", got, s)
		}
	})
}

func FuzzModule(f *testing.F) {
	f.Add(add)
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x09\x05\x01\x00\x41\x00\x0b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wasmbin.Parse(b, wasmbin.Limits{})
		if err != nil {
			return
		}
		again, err := wasmbin.Parse(m.Append(nil), wasmbin.Limits{})
		if err != nil || len(again.Sections) != len(m.Sections) {
			t.Fatalf("written module: %v", err)
		}
		c, err := m.Core(wasmbin.Limits{})
		if err != nil {
			return
		}
		for _, body := range c.Bodies {
			for r := wasmbin.NewReader(body.Code); r.Len() > 0 && r.Err() == nil; {
				r.Instr()
			}
		}
	})
}
