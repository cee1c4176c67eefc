// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

type envelopeCase struct {
	b       []byte
	want    Code // 0: read
	differs bool // AquaVM gives another code
}

// mp packs what is not bytes already.
func mp(parts ...any) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		if raw, ok := p.([]byte); ok {
			b.Write(raw)
			continue
		}
		if err := msgpack.NewEncoder(&b).Encode(p); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func envelopes() map[string]envelopeCase {
	v, iv, in := mp("version", "0.17.2"), mp("interpreter_version", "0.62.0"), mp("inner_data", []byte{0xc4, 0})
	map3 := []byte{0x83}
	withInner := func(raw ...byte) []byte { return mp(map3, v, iv, "inner_data", raw) }
	withVersion := func(raw ...byte) []byte { return mp(map3, v, "interpreter_version", raw, in) }
	return map[string]envelopeCase{
		"as written":            {b: mp(map3, v, iv, in)},
		"other order":           {b: mp(map3, in, iv, v)},
		"map16":                 {b: mp([]byte{0xde, 0, 3}, v, iv, in)},
		"map32":                 {b: mp([]byte{0xdf, 0, 0, 0, 3}, v, iv, in)},
		"unknown key":           {b: mp([]byte{0x84}, v, "x", map[string]any{"a": []any{1, nil, 2.5, true, -70000}}, iv, in)},
		"str32 key":             {b: mp(map3, []byte{0xdb, 0, 0, 0, 7}, []byte("version"), "0.17.2", iv, in)},
		"inner as str":          {b: withInner(0xa2, 'a', 'b')},
		"inner as list":         {b: withInner(0x92, 1, 0xcc, 0xff)},
		"inner as bin32":        {b: withInner(0xc6, 0, 0, 0, 1, 7)},
		"inner as list of 256":  {b: withInner(0x91, 0xcd, 1, 0), want: CodeVersion},
		"inner as list of -1":   {b: withInner(0x91, 0xff), want: CodeVersion},
		"inner as list of text": {b: withInner(0x91, 0xa0), want: CodeVersion},
		"inner nil":             {b: withInner(0xc0), want: CodeVersion},
		"inner number":          {b: withInner(5), want: CodeVersion},
		"inner map":             {b: withInner(0x80), want: CodeVersion},
		"no inner":              {b: mp([]byte{0x82}, v, iv), want: CodeVersion},
		"no version":            {b: mp([]byte{0x82}, iv, in), want: CodeEnvelope},
		"no interpreter":        {b: mp([]byte{0x82}, v, in), want: CodeEnvelope},
		"version abc":           {b: withVersion(0xa3, 'a', 'b', 'c'), want: CodeEnvelope},
		"version 1.2":           {b: withVersion(mp("1.2")...), want: CodeEnvelope},
		"version 01.2.3":        {b: withVersion(mp("01.2.3")...), want: CodeEnvelope},
		"version 1.2.3-":        {b: withVersion(mp("1.2.3-")...), want: CodeEnvelope},
		"version 1.2.3-01":      {b: withVersion(mp("1.2.3-01")...), want: CodeEnvelope},
		"version 1.2.3-0a.b+01": {b: withVersion(mp("1.2.3-0a.b+01")...)},
		"version too large":     {b: withVersion(mp("1.2.18446744073709551616")...), want: CodeEnvelope},
		"version spaced":        {b: withVersion(mp(" 1.2.3")...), want: CodeEnvelope},
		"version number":        {b: withVersion(1), want: CodeEnvelope},
		"version twice":         {b: mp([]byte{0x84}, v, v, iv, in), want: CodeEnvelope},
		"inner twice":           {b: mp([]byte{0x84}, v, iv, in, in), want: CodeVersion},
		"cut in inner":          {b: withInner(0xc4, 2, 1), want: CodeEnvelope},
		"cut in map":            {b: mp([]byte{0x84}, v, iv, in), want: CodeEnvelope},
		"bin32 lies":            {b: withInner(0xc6, 0xff, 0xff, 0xff, 0xff), want: CodeEnvelope},
		"list32 lies":           {b: withInner(0xdd, 0xff, 0xff, 0xff, 0xff), want: CodeEnvelope},
		"map32 lies":            {b: mp([]byte{0xdf, 0xff, 0xff, 0xff, 0xff}, v, iv, in), want: CodeEnvelope},
		"unused marker":         {b: mp([]byte{0x84}, v, iv, in, "x", []byte{0xc1}), want: CodeEnvelope},
		"extension":             {b: mp([]byte{0x84}, v, iv, in, "x", []byte{0xd4, 1, 2})},
		"key number":            {b: mp([]byte{0x84}, v, iv, in, 77, 1)},
		"key bin":               {b: mp([]byte{0x84}, v, iv, in, []byte{0xc4, 1, 'x'}, 1)},
		"key index":             {b: mp(map3, []byte{0}, "0.17.2", iv, in), want: CodeEnvelope, differs: true},
		"list":                  {b: mp([]byte{0x93}, "0.17.2", "0.62.0", []byte{0xc4, 0}), want: CodeEnvelope},
		"number":                {b: []byte{7}, want: CodeEnvelope},
		"garbage":               {b: []byte("garbage"), want: CodeEnvelope},
		"bytes after":           {b: mp(map3, v, iv, in, []byte{0}), want: CodeEnvelope, differs: true},
		"deep unknown":          {b: mp([]byte{0x84}, v, iv, in, "x", bytes.Repeat([]byte{0x91}, 1100), 1), differs: true},
	}
}

func TestOpen(t *testing.T) {
	for name, tt := range envelopes() {
		t.Run(name, func(t *testing.T) {
			e, err := Open(tt.b, DefaultLimits())
			if tt.want == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if e.Versions.Format != "0.17.2" {
					t.Errorf("format version %q", e.Versions.Format)
				}
				return
			}
			if !errors.Is(err, &Error{Code: tt.want}) {
				t.Errorf("Open = %v, want code %d", err, tt.want)
			}
		})
	}
}
