// SPDX-License-Identifier: Apache-2.0

package it

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrDescription says that a description of an interface does not hold together.
var ErrDescription = errors.New("bad description of an interface")

// Description is what an author says of a module: the source of its interface
// types. Types of kind Record name their record by index into Records.
type Description struct {
	Records   []TypeDef
	Functions []Signature
	Imports   []Signature
}

// Signature is a function of a Description. Namespace and Link are those of an
// import: the module it comes from, and its name there ("" for Name).
type Signature struct {
	Namespace, Link string
	Name            string
	Args            []Field
	Outputs         []Type
}

// Prefixes of the custom sections that SDKs write for each described item.
const (
	PrefixAST       = "__m_generated_section__"
	PrefixLegacyAST = "__fce_generated_section__"
)

// astItem is the JSON of one such section.
type astItem struct {
	Kind      string       `json:"ast_type"`
	Signature astSignature `json:"signature"`
	Name      string       `json:"name"`
	Fields    struct {
		Named []astField `json:"Named"`
	} `json:"fields"`
	Namespace string `json:"namespace"`
	Imports   []struct {
		Link      *string      `json:"link_name"`
		Signature astSignature `json:"signature"`
	} `json:"imports"`
}

type astSignature struct {
	Name    string            `json:"name"`
	Args    []astField        `json:"arguments"`
	Outputs []json.RawMessage `json:"output_types"`
}

type astField struct {
	Name string          `json:"name"`
	Type json.RawMessage `json:"ty"`
}

// ParseAST reads the JSON documents that an SDK left in custom sections, in their order.
//
// Errors: ErrDescription.
//
// Source: marine-rs-sdk@d43113e crates/marine-macro-impl, the serialized form only.
func ParseAST(sections [][]byte) (*Description, error) {
	d, b := &Description{}, &describer{records: map[string]uint32{}}
	items := make([]astItem, len(sections))
	for i, s := range sections {
		if err := json.Unmarshal(s, &items[i]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDescription, err)
		}
		if items[i].Kind == "Record" {
			b.declare(items[i].Name)
		}
	}
	for _, it := range items {
		switch it.Kind {
		case "Record":
			d.Records = append(d.Records, TypeDef{IsRecord: true, Name: it.Name, Fields: b.fields(it.Fields.Named)})
		case "Function":
			d.Functions = append(d.Functions, b.signature(it.Signature))
		case "ExternMod":
			if strings.HasPrefix(it.Namespace, "__marine_host_api_v") || it.Namespace == "host" {
				continue
			}
			for _, im := range it.Imports {
				s := b.signature(im.Signature)
				s.Namespace = it.Namespace
				if im.Link != nil {
					s.Link = *im.Link
				}
				d.Imports = append(d.Imports, s)
			}
		default:
			b.fail("ast_type %q", it.Kind)
		}
	}
	return d, b.err
}

// describer resolves names of records; the first error stays.
type describer struct {
	records map[string]uint32
	err     error
}

func (b *describer) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("%w: %s", ErrDescription, fmt.Sprintf(format, args...))
	}
}

func (b *describer) declare(name string) {
	if _, ok := b.records[name]; ok {
		b.fail("record %s stands twice", name)
	}
	b.records[name] = uint32(len(b.records))
}

func (b *describer) fields(fs []astField) []Field {
	out := make([]Field, len(fs))
	for i, f := range fs {
		out[i] = Field{Name: f.Name, Type: b.typ(f.Type, 0)}
	}
	return out
}

func (b *describer) signature(s astSignature) Signature {
	sig := Signature{Name: s.Name, Args: b.fields(s.Args)}
	for _, o := range s.Outputs {
		sig.Outputs = append(sig.Outputs, b.typ(o, 0))
	}
	return sig
}

// astScalars names the types of the SDK's JSON.
var astScalars = map[string]Kind{
	"I8": S8, "I16": S16, "I32": S32, "I64": S64, "U8": U8, "U16": U16, "U32": U32, "U64": U64,
	"F32": F32, "F64": F64, "Boolean": Bool, "Utf8Str": String, "Utf8String": String,
}

func (b *describer) typ(raw json.RawMessage, depth int) Type {
	var t map[string]json.RawMessage
	if err := json.Unmarshal(raw, &t); err != nil || len(t) != 1 || depth > maxTypeDepth {
		b.fail("type %.100s", raw)
		return Type{}
	}
	for name, of := range t {
		if k, ok := astScalars[name]; ok {
			return Type{Kind: k}
		}
		var pair [2]json.RawMessage
		if err := json.Unmarshal(of, &pair); err != nil {
			b.fail("type %.100s", raw)
			return Type{}
		}
		switch name {
		case "Vector":
			return arrayOf(b.typ(pair[0], depth+1))
		case "Record":
			var record string
			if err := json.Unmarshal(pair[0], &record); err != nil {
				b.fail("type %.100s", raw)
			}
			return b.record(record)
		}
	}
	b.fail("type %.100s", raw)
	return Type{}
}

func (b *describer) record(name string) Type {
	i, ok := b.records[name]
	if !ok {
		b.fail("unknown type %q", name)
	}
	return Type{Kind: Record, Record: i}
}

const maxTypeDepth = 32

// arrayOf returns the type of an array; bytes have a type of their own.
func arrayOf(elem Type) Type {
	if elem.Kind == U8 {
		return Type{Kind: ByteArray}
	}
	return Type{Kind: Array, Elem: &elem}
}
