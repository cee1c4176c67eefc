// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Key is one thing that can be set.
type Key struct {
	Name    string // as in the file, parts joined by dots
	value   value
	Default string // as text
	Doc     string // one sentence or two
}

// Text returns the key's present value as it would be written in the environment.
func (k Key) Text() string { return k.value.text() }

// Secret reports whether the value must not be shown.
func (k Key) Secret() bool { _, ok := k.value.(secret); return ok }

// Env returns the key's name in the environment: FLUENCE_ and the name in upper
// case, parts joined by two underscores.
func (k Key) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "__"))
}

// value is one field of Config with its type. text and set are inverse.
type value interface {
	set(s string) error
	text() string
	toml() string
}

type word struct{ v *string }

func (t word) set(s string) error { *t.v = s; return nil }
func (t word) text() string       { return *t.v }
func (t word) toml() string       { return quote(*t.v) }

// secret is a word that is never shown.
type secret struct{ word }

func (s secret) toml() string { return quote("") }

type yes struct{ v *bool }

func (y yes) set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", s)
	}
	*y.v = b
	return nil
}
func (y yes) text() string { return strconv.FormatBool(*y.v) }
func (y yes) toml() string { return y.text() }

// whole is a whole number from least to most.
type whole[T int | int64] struct {
	v           *T
	least, most T
}

func (w whole[T]) set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < int64(w.least) || n > int64(w.most) {
		return fmt.Errorf("%q is not a whole number from %d to %d", s, w.least, w.most)
	}
	*w.v = T(n)
	return nil
}
func (w whole[T]) text() string { return strconv.FormatInt(int64(*w.v), 10) }
func (w whole[T]) toml() string { return w.text() }

// span is a time above zero.
type span struct{ v *time.Duration }

func (d span) set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a time above zero, like 10s or 5m", s)
	}
	*d.v = v
	return nil
}
func (d span) text() string { return d.v.String() }
func (d span) toml() string { return quote(d.text()) }

// size is a number of bytes above zero, with or without a unit.
type size struct{ v *int64 }

func sizeUnits() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

func (z size) set(s string) error {
	number, unit := s, int64(1)
	for _, u := range sizeUnits() {
		if head, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = strings.TrimSpace(head), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/unit {
		return fmt.Errorf("%q is not a size above zero, like 65536, 512KiB, 8MiB or 4GiB", s)
	}
	*z.v = n * unit
	return nil
}

func (z size) text() string {
	for _, u := range sizeUnits() {
		if *z.v%u.bytes == 0 && u.bytes > 1 {
			return strconv.FormatInt(*z.v/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(*z.v, 10)
}
func (z size) toml() string { return quote(z.text()) }

// list is texts; in the environment they are joined by commas.
type list struct{ v *[]string }

func (l list) set(s string) error {
	*l.v = nil
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l.v = append(*l.v, part)
		}
	}
	return nil
}
func (l list) text() string { return strings.Join(*l.v, ",") }
func (l list) toml() string {
	quoted := make([]string, len(*l.v))
	for i, s := range *l.v {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// plainText turns a decoded TOML value into the text that set reads.
func plainText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			s, ok := e.(string)
			if !ok || strings.Contains(s, ",") {
				return "", errors.New("want an array of strings without commas")
			}
			parts[i] = s
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("want a string, a number, true, false or an array of strings, not %T", v)
}
