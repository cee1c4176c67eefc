// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mr-tron/base58"
)

// maxBase58Bytes bounds what is encoded to or decoded from base58, which takes
// quadratic time.
const maxBase58Bytes = 16 << 10

func opEntries() map[string]Entry {
	return map[string]Entry{
		"noop":            pure(func(*Args) (any, error) { return Empty{}, nil }),
		"identity":        pure(opIdentity),
		"array":           pure(func(a *Args) (any, error) { return joinRaw(a.Rest()), nil }),
		"array_length":    pure(arrayLength),
		"concat":          pure(opConcat),
		"concat_strings":  pure(opConcatStrings),
		"string_to_b58":   pure(opStringToB58),
		"string_from_b58": pure(opStringFromB58),
		"bytes_to_b58":    pure(opBytesToB58),
		"bytes_from_b58":  pure(opBytesFromB58),
		"sha256_string":   pure(opSHA256),
	}
}

func debugEntries() map[string]Entry {
	return map[string]Entry{"stringify": pure(debugStringify)}
}

func opIdentity(a *Args) (any, error) {
	switch a.Len() {
	case 0:
		return Empty{}, nil
	case 1:
		return Next[json.RawMessage](a, "value")
	}
	return nil, fmt.Errorf("identity accepts up to 1 arguments, received %d arguments", a.Len())
}

func arrayLength(a *Args) (any, error) {
	if a.Len() != 1 {
		return nil, fmt.Errorf("op array_length accepts exactly 1 argument: %d found", a.Len())
	}
	list, err := Next[[]json.RawMessage](a, "array")
	if err != nil {
		return nil, errors.New("op array_length's argument must be an array")
	}
	return len(list), nil
}

func opConcat(a *Args) (any, error) {
	var all []json.RawMessage
	for i, raw := range a.Rest() {
		list, err := elements(raw)
		if err != nil {
			return nil, fmt.Errorf("all arguments of 'concat' must be arrays: argument #%d is not", i)
		}
		all = append(all, list...)
	}
	return joinRaw(all), nil
}

func opConcatStrings(a *Args) (any, error) {
	var b strings.Builder
	for i, raw := range a.Rest() {
		var s string
		if _, err := readInto(raw, &s); err != nil {
			return nil, fmt.Errorf("all arguments of 'concat_strings' must be strings: argument #%d is not", i)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// toBase58 refuses input that would take too long.
func toBase58(b []byte) (string, error) {
	if len(b) > maxBase58Bytes {
		return "", fmt.Errorf("encode base58 failed: %d bytes, at most %d", len(b), maxBase58Bytes)
	}
	return base58.Encode(b), nil
}

func fromBase58(s string) ([]byte, error) {
	if len(s) > maxBase58Bytes*11/8 {
		return nil, fmt.Errorf("decode base58 failed: %d characters, at most %d", len(s), maxBase58Bytes*11/8)
	}
	if s == "" {
		return nil, nil
	}
	b, err := base58.Decode(s)
	if err != nil {
		return nil, fmt.Errorf("decode base58 failed: %w", err)
	}
	return b, nil
}

func opStringToB58(a *Args) (any, error) {
	s, err := Next[string](a, "string")
	if err != nil {
		return nil, err
	}
	return toBase58([]byte(s))
}

func opStringFromB58(a *Args) (any, error) {
	s, err := Next[string](a, "b58_string")
	if err != nil {
		return nil, err
	}
	b, err := fromBase58(s)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(b) {
		return nil, errors.New("decode from bytes to UTF8 failed: invalid utf-8 sequence")
	}
	return string(b), nil
}

func opBytesToB58(a *Args) (any, error) {
	b, err := Next[[]byte](a, "bytes")
	if err != nil {
		return nil, err
	}
	return toBase58(b)
}

func opBytesFromB58(a *Args) (any, error) {
	s, err := Next[string](a, "b58_string")
	if err != nil {
		return nil, err
	}
	b, err := fromBase58(s)
	if err != nil {
		return nil, err
	}
	return byteArray(b), nil
}

// opSHA256 is (string, digest_only?, as_bytes?): base58 of the multihash
// 0x12 0x20 digest, or of the digest alone, or the same as an array of bytes.
func opSHA256(a *Args) (any, error) {
	s, err := Next[string](a, "string")
	if err != nil {
		return nil, err
	}
	digestOnly, _, err := Opt[bool](a, "digest_only")
	if err != nil {
		return nil, err
	}
	asBytes, _, err := Opt[bool](a, "as_bytes")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(s))
	out := sum[:]
	if !digestOnly {
		out = append([]byte{0x12, 0x20}, out...)
	}
	if asBytes {
		return byteArray(out), nil
	}
	return toBase58(out)
}

// byteArray is b as scripts write bytes: an array of numbers.
func byteArray(b []byte) []uint16 {
	out := make([]uint16, len(b))
	for i, v := range b {
		out[i] = uint16(v)
	}
	return out
}

func debugStringify(a *Args) (any, error) {
	switch list := a.Rest(); len(list) {
	case 0:
		return `"<empty argument list>"`, nil
	case 1:
		return string(list[0]), nil
	default:
		return string(joinRaw(list)), nil
	}
}
