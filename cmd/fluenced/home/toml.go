// SPDX-License-Identifier: Apache-2.0

package home

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// FileError is a fault in a file that a person wrote: where it is and what to do.
type FileError struct {
	Path string // file as it was opened
	Line int    // from 1, 0 when the fault has no line
	Key  string // dotted key, "" when the fault is in the syntax
	Msg  string // what is wrong
	Fix  string // what to write instead
}

// Error returns path, line, key and fault: "app.toml:12: api.enable: is a string, want true or false".
func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	return b.String() + e.Msg
}

// hinted attaches the fix as the hint commands print.
func (e *FileError) hinted() error { return term.Hint(e, "%s", e.Fix) }

// readTOML parses the file and compares it with known, the same file with every
// key at its default: an unknown key or a value of another type is a fault.
//
// Errors: *FileError.
func readTOML(path string, known []byte) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, term.Hint(&FileError{Path: path, Msg: "file is missing"}, "write it anew with: fluenced config --write %s", filepath.Base(path))
		}
		return nil, term.Hint(err, "make %s readable for the user who runs fluenced", path)
	}
	got, err := parseTOML(path, text)
	if err != nil {
		return nil, err
	}
	want := map[string]any{}
	if err := toml.Unmarshal(known, &want); err != nil {
		return nil, fmt.Errorf("default of %s: %w", filepath.Base(path), err)
	}
	if err := compare(path, text, "", got, want); err != nil {
		return nil, err
	}
	return got, nil
}

// parseTOML reads text, naming line and column of a syntax error.
func parseTOML(path string, text []byte) (map[string]any, error) {
	got := map[string]any{}
	err := toml.Unmarshal(text, &got)
	if err == nil {
		return got, nil
	}
	fe := &FileError{Path: path, Msg: strings.TrimPrefix(err.Error(), "toml: "), Fix: "text values need quotes, and every line is key = value or [section]"}
	var de *toml.DecodeError
	if errors.As(err, &de) {
		fe.Line, _ = de.Position()
		fe.Key = strings.Join(de.Key(), ".")
	}
	return nil, fe.hinted()
}

// compare walks got and finds the first key (in sorted order) that want lacks or
// whose value has another type.
func compare(path string, text []byte, prefix string, got, want map[string]any) error {
	keys := make([]string, 0, len(got))
	for k := range got {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		key := strings.TrimPrefix(prefix+"."+k, ".")
		w, ok := want[k]
		if !ok {
			fe := &FileError{Path: path, Line: lineOf(text, prefix, k), Key: key, Msg: "unknown key", Fix: "remove it; fluenced config lists all keys"}
			if near := nearest(k, want); near != "" {
				fe.Fix = fmt.Sprintf("did you mean %s? fluenced config lists all keys", near)
			}
			return fe.hinted()
		}
		if err := compareValue(path, text, prefix, k, got[k], w); err != nil {
			return err
		}
	}
	return nil
}

// compareValue compares the types of one key.
func compareValue(path string, text []byte, prefix, k string, got, want any) error {
	key := strings.TrimPrefix(prefix+"."+k, ".")
	gm, gotTable := got.(map[string]any)
	wm, wantTable := want.(map[string]any)
	if gotTable && wantTable {
		return compare(path, text, key, gm, wm)
	}
	if kind(got) == kind(want) || (kind(want) == kindNumber && isNumberText(got)) {
		return nil
	}
	fe := &FileError{
		Path: path, Line: lineOf(text, prefix, k), Key: key,
		Msg: fmt.Sprintf("is %s, want %s", kind(got), kind(want)),
		Fix: fmt.Sprintf("write %s = %s", k, example(want)),
	}
	return fe.hinted()
}

// Kinds of values as a person calls them.
const (
	kindText   = "a text"
	kindNumber = "a number"
	kindBool   = "true or false"
	kindList   = "a list"
	kindTable  = "a section"
)

func kind(v any) string {
	switch reflect.ValueOf(v).Kind() {
	case reflect.String:
		return kindText
	case reflect.Bool:
		return kindBool
	case reflect.Slice:
		return kindList
	case reflect.Map:
		return kindTable
	default:
		return kindNumber
	}
}

// isNumberText accepts numbers in quotes, which upstream's own defaults use in places.
func isNumberText(v any) bool {
	s, ok := v.(string)
	return ok && s != "" && strings.Trim(s, "-.0123456789") == ""
}

// example shows how the default value is written.
func example(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		return "[]"
	default:
		return fmt.Sprint(v)
	}
}

// lineOf finds the line on which the key of the section stands, 0 when it is
// written in another form (inline table, dotted key).
func lineOf(text []byte, section, key string) int {
	at := ""
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.Contains(line, "]") && !strings.Contains(line, "=") {
			at = strings.Trim(strings.SplitN(line, "#", 2)[0], "[] \t")
			if at == strings.TrimPrefix(section+"."+key, ".") {
				return i + 1
			}
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		if ok && at == section && strings.Trim(strings.TrimSpace(name), `"'`) == key {
			return i + 1
		}
	}
	return 0
}

// nearest returns the known key that differs from k in at most two places, "" for none.
func nearest(k string, known map[string]any) string {
	best, bestDist := "", 3
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if d := distance(strings.ReplaceAll(k, "_", "-"), strings.ReplaceAll(name, "_", "-")); d < bestDist {
			best, bestDist = name, d
		}
	}
	return best
}

// distance is the number of single-character edits between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
