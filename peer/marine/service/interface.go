// SPDX-License-Identifier: Apache-2.0

package service

import (
	"slices"
	"strings"

	"github.com/go-fluence/fluence/peer/marine/it"
)

// Interface is what a module's functions look like from outside, in the JSON
// that srv.get_interface gives: functions by name, and the records that their
// signatures reach, those that others need first.
type Interface struct {
	Functions []FunctionSignature `json:"function_signatures"`
	Records   []RecordType        `json:"record_types"`
}

// FunctionSignature is one function; arguments are pairs of a name and a type.
type FunctionSignature struct {
	Name    string      `json:"name"`
	Args    [][2]string `json:"arguments"`
	Outputs []string    `json:"output_types"`
}

// RecordType is one record; ID is its index in the module's types.
type RecordType struct {
	Name   string        `json:"name"`
	ID     uint32        `json:"id"`
	Fields []RecordField `json:"fields"`
}

// RecordField is a field of a record.
type RecordField struct {
	Name string `json:"name"`
	Type string `json:"ty"`
}

// Describe returns the public interface.
//
// Errors: it.ErrMalformed.
func Describe(in *it.Interface) (Interface, error) {
	out := Interface{Functions: []FunctionSignature{}, Records: []RecordType{}}
	fns, err := in.Functions()
	if err != nil {
		return out, err
	}
	for _, f := range fns {
		s := FunctionSignature{Name: f.Name, Args: [][2]string{}, Outputs: []string{}}
		for _, a := range f.Sig.Fields {
			s.Args = append(s.Args, [2]string{a.Name, in.TypeName(a.Type)})
		}
		for _, o := range f.Sig.Outputs {
			s.Outputs = append(s.Outputs, in.TypeName(o))
		}
		out.Functions = append(out.Functions, s)
	}
	slices.SortStableFunc(out.Functions, func(a, b FunctionSignature) int { return strings.Compare(a.Name, b.Name) })
	records, err := in.PublicRecords()
	if err != nil {
		return out, err
	}
	for _, r := range records {
		def, err := in.RecordType(r)
		if err != nil {
			return out, err
		}
		rec := RecordType{Name: def.Name, ID: r, Fields: []RecordField{}}
		for _, f := range def.Fields {
			rec.Fields = append(rec.Fields, RecordField{f.Name, in.TypeName(f.Type)})
		}
		out.Records = append(out.Records, rec)
	}
	return out, nil
}
