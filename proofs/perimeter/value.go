// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/zeebo/blake3"
)

// ArgumentHash names an argument list as particle data does: the CID (CIDv1, json,
// BLAKE3) of the JSON array of the arguments.
func ArgumentHash(args []json.RawMessage) string {
	h := blake3.New()
	_, _ = h.Write([]byte{'['})
	for i, a := range args {
		if i > 0 {
			_, _ = h.Write([]byte{','})
		}
		_, _ = h.Write(a)
	}
	_, _ = h.Write([]byte{']'})
	return "b" + cidEncoding().EncodeToString(h.Sum([]byte{0x01, 0x80, 0x04, 0x1e, 32}))
}

// step is one part of a path: a name, or an index when name is "".
type step struct {
	name  string
	index int
}

// parsePath reads a path of .name and [index] parts.
//
// Errors: ErrRule.
func parsePath(s string) ([]step, error) {
	if len(s) > maxPath {
		return nil, fmt.Errorf("%w: path of %d bytes, at most %d", ErrRule, len(s), maxPath)
	}
	var steps []step
	for rest := s; rest != ""; {
		end := len(rest)
		if at := strings.IndexAny(rest[1:], ".["); at >= 0 {
			end = at + 1
		}
		part := rest[:end]
		rest = rest[end:]
		switch {
		case part[0] == '.' && len(part) > 1:
			steps = append(steps, step{name: part[1:]})
			continue
		case part[0] == '[' && part[len(part)-1] == ']':
			if n, err := strconv.ParseUint(part[1:len(part)-1], 10, 31); err == nil {
				steps = append(steps, step{index: int(n)})
				continue
			}
		}
		return nil, fmt.Errorf("%w: path %q: want parts .name and [index]", ErrRule, clip(s))
	}
	return steps, nil
}

// follow returns what stands at the end of a path.
func follow(v json.RawMessage, path string) (json.RawMessage, bool) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, false
	}
	for _, s := range steps {
		if s.name != "" {
			var m map[string]json.RawMessage
			if json.Unmarshal(v, &m) != nil || m[s.name] == nil {
				return nil, false
			}
			v = m[s.name]
			continue
		}
		var l []json.RawMessage
		if json.Unmarshal(v, &l) != nil || s.index >= len(l) {
			return nil, false
		}
		v = l[s.index]
	}
	return v, true
}

// equal reports whether two JSON texts mean the same; numbers by their value.
func equal(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return len(a) > 0
	}
	x, okX := decode(a)
	y, okY := decode(b)
	return okX && okY && same(x, y)
}

func decode(text json.RawMessage) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

func same(a, b any) bool {
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		return ok && number(x.String()) == number(y.String())
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		equals := true
		for k := range x { // order: cannot change a conjunction
			v, has := y[k]
			equals = equals && has && same(x[k], v)
		}
		return equals
	}
	return a == b
}

// decimal is a number as its digits without zeros at either end, and the power of
// ten of the last.
type decimal struct {
	negative bool
	digits   string
	power    int64
}

// number reads the text of a JSON number. An exponent beyond nine digits stays
// text, which is equal to itself only.
func number(s string) decimal {
	var d decimal
	full := s
	if s[0] == '-' {
		d.negative, s = true, s[1:]
	}
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		power, err := strconv.ParseInt(strings.TrimPrefix(s[at+1:], "+"), 10, 64)
		if err != nil || power > 1e9 || power < -1e9 {
			return decimal{digits: full}
		}
		d.power, s = power, s[:at]
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok {
		d.power -= int64(len(fraction))
		s = whole + fraction
	}
	trimmed := strings.TrimRight(s, "0")
	d.power += int64(len(s) - len(trimmed))
	d.digits = strings.TrimLeft(trimmed, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}
