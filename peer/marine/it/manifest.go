// SPDX-License-Identifier: Apache-2.0

package it

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Manifest is what an author says of a module.
type Manifest struct{ Authors, Version, Description, Repository, BuildTime string }

// fields lists the fields in the order of the section.
func (m *Manifest) fields() []*string {
	return []*string{&m.Authors, &m.Version, &m.Description, &m.Repository, &m.BuildTime}
}

// Encode writes the body of the manifest's section: five times a length as u64
// little-endian, and as many bytes of UTF-8.
func (m Manifest) Encode() []byte {
	var b []byte
	for _, f := range m.fields() {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(*f))), *f...)
	}
	return b
}

// DecodeManifest reads the body of the manifest's section.
//
// Errors: ErrMalformed.
func DecodeManifest(b []byte) (Manifest, error) {
	var m Manifest
	for i, f := range m.fields() {
		if len(b) < 8 {
			return Manifest{}, fmt.Errorf("%w: manifest ends in field %d", ErrMalformed, i)
		}
		n := binary.LittleEndian.Uint64(b)
		if b = b[8:]; n > uint64(len(b)) {
			return Manifest{}, fmt.Errorf("%w: manifest field %d of %d bytes, %d are left", ErrMalformed, i, n, len(b))
		}
		if !utf8.Valid(b[:n]) {
			return Manifest{}, fmt.Errorf("%w: manifest field %d is not UTF-8", ErrMalformed, i)
		}
		*f, b = string(b[:n]), b[n:]
	}
	if len(b) != 0 {
		return Manifest{}, fmt.Errorf("%w: %d bytes after the manifest", ErrMalformed, len(b))
	}
	return m, nil
}
