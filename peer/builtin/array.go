// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"encoding/json"
	"errors"
	"fmt"
)

func arrayEntries() map[string]Entry {
	return map[string]Entry{
		"sum":       unary("array", arraySum),
		"dedup":     unary("array", func(list []string) (any, error) { return keep(list, nil, nil), nil }),
		"intersect": binary("left", "right", func(l, r []string) (any, error) { return keep(l, set(r), nil), nil }),
		"diff":      binary("left", "right", func(l, r []string) (any, error) { return keep(l, nil, set(r)), nil }),
		"sdiff": binary("left", "right", func(l, r []string) (any, error) {
			return append(keep(l, nil, set(r)), keep(r, nil, set(l))...), nil
		}),
		"slice":  pure(arraySlice),
		"length": pure(arrayLength),
	}
}

func arraySum(list []int64) (any, error) {
	var sum any = int64(0)
	for _, n := range list {
		have, ok := sum.(int64)
		if !ok {
			return nil, errors.New("i64 add overflow")
		}
		var err error
		if sum, err = mathAdd(have, n); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// keep returns the elements of list once each, in order: those in only (nil
// means all) and not in but.
func keep(list []string, only, but map[string]bool) []string {
	seen := make(map[string]bool, len(list))
	out := []string{}
	for _, s := range list {
		if seen[s] || but[s] || only != nil && !only[s] {
			continue
		}
		seen[s] = true
		out = append(out, s)
	}
	return out
}

// arraySlice is (array, start, end): the elements from start up to, not
// including, end.
func arraySlice(a *Args) (any, error) {
	if a.Len() != 3 {
		return nil, errors.New("invalid number of parameters. need array, start index and end index")
	}
	list, err := elements(a.list[0])
	switch {
	case err != nil:
		return nil, fmt.Errorf("first argument must be an array, was %s", clip(a.list[0]))
	case len(list) == 0:
		return json.RawMessage("[]"), nil
	}
	var start, end uint64
	if _, err := readInto(a.list[1], &start); err != nil {
		return nil, fmt.Errorf("second argument (start index) must be an unsigned integer, was %s", clip(a.list[1]))
	}
	if _, err := readInto(a.list[2], &end); err != nil {
		return nil, fmt.Errorf("third argument (end index) must be an unsigned integer, was %s", clip(a.list[2]))
	}
	if start > end || end > uint64(len(list)) {
		return nil, fmt.Errorf("slice indexes out of bounds. start index: %d, end index: %d, array length: %d", start, end, len(list))
	}
	return joinRaw(list[start:end]), nil
}
