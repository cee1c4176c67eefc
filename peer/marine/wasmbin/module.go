// SPDX-License-Identifier: Apache-2.0

package wasmbin

import (
	"encoding/binary"
	"fmt"
)

// Section ids of the core specification, section 5.5.2.
const (
	SectionCustom   = 0
	SectionType     = 1
	SectionImport   = 2
	SectionFunction = 3
	SectionTable    = 4
	SectionMemory   = 5
	SectionGlobal   = 6
	SectionExport   = 7
	SectionStart    = 8
	SectionElement  = 9
	SectionCode     = 10
	SectionData     = 11
	SectionCount    = 12
)

// rank is the place of a section in the order that the specification asks for.
var rank = [13]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 12: 10, 10: 11, 11: 12}

// header is the magic number and version 1.
const header = "\x00asm\x01\x00\x00\x00"

// Section is one section of a module.
type Section struct {
	ID   byte
	Name string // of a custom section, "" for others
	Body []byte // without id, size and name; aliases what was parsed
}

// Module is a list of sections in the order of the binary.
type Module struct{ Sections []Section }

// Parse cuts b into its sections; their bodies alias b. Core sections stand in
// the order of the specification and at most once each.
//
// Errors: ErrMalformed, ErrTooLarge.
func Parse(b []byte, lim Limits) (*Module, error) {
	lim = lim.WithDefaults()
	if len(b) > lim.Bytes {
		return nil, fmt.Errorf("%w: %d bytes: at most %d", ErrTooLarge, len(b), lim.Bytes)
	}
	if len(b) < len(header) || string(b[:4]) != header[:4] {
		return nil, fmt.Errorf("%w: no WebAssembly header", ErrMalformed)
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != 1 {
		return nil, fmt.Errorf("%w: version %#x", ErrUnsupported, v)
	}
	m, r, last := &Module{}, &Reader{b: b, at: len(header)}, 0
	for r.Len() > 0 && r.err == nil {
		if len(m.Sections) == lim.Sections {
			return nil, fmt.Errorf("%w: more than %d sections", ErrTooLarge, lim.Sections)
		}
		s := Section{ID: r.Byte()}
		body := &Reader{b: r.Bytes(r.U32())}
		switch {
		case s.ID == SectionCustom:
			if r.err == nil {
				s.Name = body.Name()
			}
		case s.ID > SectionCount:
			r.fail(ErrMalformed, "unknown section %d", s.ID)
		case rank[s.ID] <= last:
			r.fail(ErrMalformed, "section %d is out of order", s.ID)
		default:
			last = rank[s.ID]
		}
		if r.err == nil {
			r.err = body.err
		}
		s.Body = body.b[min(body.at, len(body.b)):]
		m.Sections = append(m.Sections, s)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// Append appends the binary form of the module to b.
func (m *Module) Append(b []byte) []byte {
	b = append(b, header...)
	for _, s := range m.Sections {
		b = append(b, s.ID)
		size := len(s.Body)
		if s.ID == SectionCustom {
			size += len(AppendU32(nil, uint32(len(s.Name)))) + len(s.Name)
		}
		b = AppendU32(b, uint32(size))
		if s.ID == SectionCustom {
			b = AppendName(b, s.Name)
		}
		b = append(b, s.Body...)
	}
	return b
}

// Custom returns the bodies of all custom sections of a name, in order.
func (m *Module) Custom(name string) [][]byte {
	var bodies [][]byte
	for _, s := range m.Sections {
		if s.ID == SectionCustom && s.Name == name {
			bodies = append(bodies, s.Body)
		}
	}
	return bodies
}

// Body returns the body of a core section, nil if there is none.
func (m *Module) Body(id byte) []byte {
	for _, s := range m.Sections {
		if s.ID == id {
			return s.Body
		}
	}
	return nil
}

// Set replaces the body of a core section, or inserts the section at its place.
func (m *Module) Set(id byte, body []byte) {
	at := len(m.Sections)
	for i, s := range m.Sections {
		if s.ID == id && id != SectionCustom {
			m.Sections[i].Body = body
			return
		}
		if s.ID != SectionCustom && rank[s.ID] > rank[id] {
			at = min(at, i)
		}
	}
	m.Sections = append(m.Sections, Section{})
	copy(m.Sections[at+1:], m.Sections[at:])
	m.Sections[at] = Section{ID: id, Body: body}
}
