// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Args reads the arguments of a call from left to right.
type Args struct {
	list []json.RawMessage
	at   int
}

// NewArgs reads list.
func NewArgs(list []json.RawMessage) *Args { return &Args{list: list} }

// Len returns how many arguments there are.
func (a *Args) Len() int { return len(a.list) }

// Rest returns the arguments that were not read yet.
func (a *Args) Rest() []json.RawMessage {
	rest := a.list[min(a.at, len(a.list)):]
	a.at = len(a.list)
	return rest
}

// value is what an argument can be read as. Integers are whole numbers written
// without fraction or exponent; []byte is an array of 0 to 255.
type value interface {
	string | bool | int64 | uint64 | uint32 | float64 | []string | []int64 | []byte | []json.RawMessage |
		map[string]json.RawMessage | json.RawMessage | [][]json.RawMessage
}

// Next reads the next argument; name is for the error's text.
func Next[T value](a *Args, name string) (T, error) {
	var v T
	if a.at >= len(a.list) {
		return v, fmt.Errorf("Field '%s' is missing from args to call_service", name) //nolint:staticcheck // ST1005: upstream's text
	}
	raw := a.list[a.at]
	a.at++
	return v, read(raw, name, &v)
}

// Opt reads an optional argument: absent, null or [] is false; T or [T] is true.
func Opt[T value](a *Args, name string) (v T, given bool, err error) {
	if a.at >= len(a.list) {
		return v, false, nil
	}
	raw := a.list[a.at]
	a.at++
	if string(raw) == "null" {
		return v, false, nil
	}
	var list []json.RawMessage
	if len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &list) == nil {
		switch {
		case len(list) == 0:
			return v, false, nil
		case read(raw, name, &v) == nil: // T is an array itself
			return v, true, nil
		case len(list) > 1:
			return v, false, fmt.Errorf("Option's array must contain at most 1 element, '%s' was of %d elements", name, len(list)) //nolint:staticcheck // ST1005: upstream's text
		}
		raw = list[0]
	}
	return v, true, read(raw, name, &v)
}

// arity refuses any other number of arguments.
func (a *Args) arity(n int) error {
	if len(a.list) != n {
		return fmt.Errorf("expected %d arguments, got %d", n, len(a.list))
	}
	return nil
}

// read turns raw into v, which points to one of the types of value.
func read(raw json.RawMessage, name string, v any) error {
	kind, err := readInto(raw, v)
	if err != nil {
		return fmt.Errorf("Error deserializing field '%s': expected %s, got %s", name, kind, clip(raw)) //nolint:staticcheck // ST1005: upstream's text
	}
	return nil
}

var errType = errors.New("wrong type")

func readInto(raw json.RawMessage, v any) (kind string, err error) {
	switch v := v.(type) {
	case *json.RawMessage:
		*v = raw
		return "a value", nil
	case *string:
		if !isString(raw) {
			return "a string", errType
		}
		return "a string", json.Unmarshal(raw, v)
	case *bool:
		if string(raw) != "true" && string(raw) != "false" {
			return "a boolean", errType
		}
		*v = string(raw) == "true"
		return "a boolean", nil
	case *int64:
		*v, err = strconv.ParseInt(string(raw), 10, 64)
		return "i64", plain(raw, err)
	case *uint64:
		*v, err = strconv.ParseUint(string(raw), 10, 64)
		return "u64", plain(raw, err)
	case *uint32:
		n, err := strconv.ParseUint(string(raw), 10, 32)
		*v = uint32(n)
		return "u32", plain(raw, err)
	case *float64:
		*v, err = strconv.ParseFloat(string(raw), 64)
		if isString(raw) || math.IsInf(*v, 0) || math.IsNaN(*v) {
			err = errType
		}
		return "f64", err
	}
	return readList(raw, v)
}

// plain refuses the spellings of integers that Go allows and JSON does not.
func plain(raw json.RawMessage, err error) error {
	if err == nil && !json.Valid(raw) {
		return errType
	}
	return err
}

func readList(raw json.RawMessage, v any) (kind string, err error) {
	switch v := v.(type) {
	case *map[string]json.RawMessage:
		if !bytes.HasPrefix(raw, []byte("{")) {
			return "an object", errType
		}
		return "an object", json.Unmarshal(raw, v)
	case *[]json.RawMessage:
		*v, err = elements(raw)
		return "an array", err
	case *[][]json.RawMessage:
		*v, err = each[[]json.RawMessage](raw)
		return "an array of arrays", err
	case *[]string:
		*v, err = each[string](raw)
		return "an array of strings", err
	case *[]int64:
		*v, err = each[int64](raw)
		return "an array of i64", err
	case *[]byte:
		numbers, err := each[uint32](raw)
		if err != nil {
			return "an array of bytes", err
		}
		*v = make([]byte, len(numbers))
		for i, n := range numbers {
			if n > 255 {
				return "an array of bytes", errType
			}
			(*v)[i] = byte(n)
		}
		return "an array of bytes", nil
	}
	return "a value", errType
}

func elements(raw json.RawMessage) ([]json.RawMessage, error) {
	if !bytes.HasPrefix(raw, []byte("[")) {
		return nil, errType
	}
	var list []json.RawMessage
	return list, json.Unmarshal(raw, &list)
}

func each[T value](raw json.RawMessage) ([]T, error) {
	list, err := elements(raw)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(list))
	for i, e := range list {
		if _, err := readInto(e, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// clip keeps a foreign value short in an error's text.
func clip(raw json.RawMessage) string {
	const most = 256
	if len(raw) <= most {
		return string(raw)
	}
	return string(bytes.ToValidUTF8(raw[:most], nil)) + "…"
}
