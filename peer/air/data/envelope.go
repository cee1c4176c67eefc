// SPDX-License-Identifier: Apache-2.0

package data

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Envelope is the outer form of particle data: the versions of its writer and the
// archive of [InterpreterData], still encoded.
//
// Shape: a MessagePack map of
//
//	"version": str, "interpreter_version": str, "inner_data": bin
//
// Keys may come in any order and unknown ones are passed over; inner_data may
// also be str or an array of numbers. A known key may not come twice. Nothing may
// follow the map; there AquaVM is laxer.
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-data/src/interpreter_data.rs.
type Envelope struct {
	Versions Versions
	Inner    []byte // shares memory with what Open was given; nil means no data
}

// Open reads the envelope of particle data. No bytes at all are the data of a
// particle that nobody ran yet.
//
// Errors: CodeEnvelope; CodeVersion if only the versions are readable;
// CodeTooLarge.
func Open(b []byte, l Limits) (Envelope, error) {
	if len(b) == 0 {
		return Envelope{Versions: Versions{FormatVersion, InterpreterVersion}}, nil
	}
	if l.Bytes > 0 && len(b) > l.Bytes {
		return Envelope{}, refuse(CodeTooLarge, "Current_data particle size: %d bytes is bigger than the limit allowed: %d bytes", len(b), l.Bytes)
	}
	r := mpReader{b: b}
	class, pairs := r.head()
	if class != mpMap {
		return Envelope{}, envelopeError("not a MessagePack map", nil)
	}
	var e Envelope
	var f envelopeFields
	for ; pairs > 0 && !r.bad; pairs-- {
		if what := f.read(&e, &r); what != "" {
			return Envelope{}, envelopeError(what, nil)
		}
	}
	switch {
	case r.bad:
		return Envelope{}, envelopeError("cut short or not MessagePack", nil)
	case len(r.b) > 0:
		return Envelope{}, envelopeError(strconv.Itoa(len(r.b))+" bytes after the end", nil)
	case !f.version:
		return Envelope{}, envelopeError("missing field `version`", nil)
	case !f.interpreter:
		return Envelope{}, envelopeError("missing field `interpreter_version`", nil)
	case !f.seen:
		return Envelope{}, envelopeError("missing field `inner_data`", &e.Versions)
	case !f.inner:
		return Envelope{}, envelopeError("inner_data is not bytes, or not the only one", &e.Versions)
	}
	return e, nil
}

// envelopeFields tells which fields were met.
type envelopeFields struct {
	version, interpreter, seen, inner bool
}

// read reads one pair; it returns the reason if that makes the envelope unreadable.
func (f *envelopeFields) read(e *Envelope, r *mpReader) string {
	key, ok := r.text()
	if !ok {
		r.skip() // the value of a key of another type
		return ""
	}
	switch key {
	case "version":
		return f.semver(key, &f.version, &e.Versions.Format, r)
	case "interpreter_version":
		return f.semver(key, &f.interpreter, &e.Versions.Interpreter, r)
	case "inner_data":
		twice := f.seen
		f.seen = true
		e.Inner, f.inner = r.bytes()
		f.inner = f.inner && !twice
	default:
		r.skip()
	}
	return ""
}

func (f *envelopeFields) semver(key string, seen *bool, to *string, r *mpReader) string {
	if *seen {
		return "duplicate field `" + key + "`"
	}
	text, ok := r.text()
	if _, valid := parseVersion(text); !r.bad && (!ok || !valid) {
		return "`" + key + "` is not a semantic version"
	}
	*seen, *to = true, text
	return ""
}

// CheckVersion refuses data of an interpreter older than [MinInterpreterVersion].
// The format version is not looked at.
//
// Errors: CodeTooOld.
func (v Versions) CheckVersion() error {
	got, ok := parseVersion(v.Interpreter)
	least, _ := parseVersion(MinInterpreterVersion)
	if !ok || got.less(least) {
		return refuse(CodeTooOld, "supplied data was produced by `%s` version of interpreter, but minimum `%s` version is required",
			v.Interpreter, MinInterpreterVersion)
	}
	return nil
}

// semver is a semantic version as far as its order matters here.
type semver struct {
	num [3]uint64
	pre bool
}

func (v semver) less(o semver) bool {
	for i := range v.num {
		if v.num[i] != o.num[i] {
			return v.num[i] < o.num[i]
		}
	}
	return v.pre && !o.pre
}

// parseVersion reads major.minor.patch[-pre][+build].
func parseVersion(s string) (semver, bool) {
	var v semver
	s, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(s, "-")
	v.pre = hasPre
	nums := strings.Split(core, ".")
	if len(nums) != 3 || hasPre && !identifiers(pre, true) || hasBuild && !identifiers(build, false) {
		return semver{}, false
	}
	for i, n := range nums {
		if !numeric(n) || len(n) > 1 && n[0] == '0' {
			return semver{}, false
		}
		var err error
		if v.num[i], err = strconv.ParseUint(n, 10, 64); err != nil {
			return semver{}, false
		}
	}
	return v, true
}

// identifiers checks the dotted part of a version; in a pre-release, numbers have
// no leading zero.
func identifiers(s string, pre bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || pre && len(id) > 1 && id[0] == '0' && numeric(id) {
			return false
		}
		for i := range len(id) {
			c := id[i]
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-') {
				return false
			}
		}
	}
	return true
}

func numeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// envelopeHead is what stands before an archive of n bytes.
func envelopeHead(v Versions, n int) []byte {
	b := appendText(append(make([]byte, 0, 64), 0x83), "version")
	b = appendText(b, v.Format)
	b = appendText(b, "interpreter_version")
	b = appendText(b, v.Interpreter)
	b = appendText(b, "inner_data")
	switch {
	case n <= 0xff:
		return append(b, 0xc4, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, 0xc5), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(b, 0xc6), uint32(n))
	}
}

// appendText appends a MessagePack str.
func appendText(b []byte, s string) []byte {
	switch n := len(s); {
	case n <= 31:
		b = append(b, 0xa0|byte(n))
	case n <= 0xff:
		b = append(b, 0xd9, byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, s...)
}
