// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"encoding/json"
	"fmt"
)

func jsonEntries() map[string]Entry {
	return map[string]Entry{
		"obj":        pure(func(a *Args) (any, error) { return withPairs(nil, a.Rest()) }),
		"put":        pure(jsonPut),
		"puts":       pure(jsonPuts),
		"parse":      unary("string", jsonParse),
		"stringify":  unary("value", func(raw json.RawMessage) (any, error) { return string(raw), nil }),
		"obj_pairs":  unary("pairs", func(pairs [][]json.RawMessage) (any, error) { return withPairList(nil, pairs) }),
		"puts_pairs": binary("object", "pairs", jsonPutsPairs),
	}
}

// withPairs puts alternating keys and values into a copy of obj.
func withPairs(obj map[string]json.RawMessage, list []json.RawMessage) (any, error) {
	if obj == nil {
		obj = map[string]json.RawMessage{}
	}
	for i := 0; i < len(list); i += 2 {
		if i+1 == len(list) {
			return nil, fmt.Errorf("Expected odd number of arguments, got even. No value for key '%s'", clip(list[i])) //nolint:staticcheck // ST1005: upstream's text
		}
		var key string
		if _, err := readInto(list[i], &key); err != nil {
			return nil, fmt.Errorf("All keys must be of type string. Key of the following pair is of invalid type: (%s, %s)", clip(list[i]), clip(list[i+1])) //nolint:staticcheck // ST1005: upstream's text
		}
		obj[key] = list[i+1]
	}
	return obj, nil
}

func withPairList(obj map[string]json.RawMessage, pairs [][]json.RawMessage) (any, error) {
	var flat []json.RawMessage
	for _, p := range pairs {
		if len(p) != 2 || !isString(p[0]) {
			return nil, fmt.Errorf("Error deserializing field 'pairs': expected a pair of a string and a value, got %s", clip(joinRaw(p))) //nolint:staticcheck // ST1005: upstream's text
		}
		flat = append(flat, p...)
	}
	return withPairs(obj, flat)
}

func jsonPut(a *Args) (any, error) {
	obj, err := Next[map[string]json.RawMessage](a, "object")
	if err != nil {
		return nil, err
	}
	key, err := Next[string](a, "key")
	if err != nil {
		return nil, err
	}
	value, err := Next[json.RawMessage](a, "value")
	if err != nil {
		return nil, err
	}
	obj[key] = value
	return obj, nil
}

func jsonPuts(a *Args) (any, error) {
	obj, err := Next[map[string]json.RawMessage](a, "object")
	if err != nil {
		return nil, err
	}
	return withPairs(obj, a.Rest())
}

func jsonPutsPairs(raw json.RawMessage, pairs [][]json.RawMessage) (any, error) {
	var obj map[string]json.RawMessage
	if _, err := readInto(raw, &obj); err != nil {
		return nil, fmt.Errorf("expected json object, got %s", clip(raw))
	}
	return withPairList(obj, pairs)
}

func jsonParse(text string) (any, error) {
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("error parsing json %s", text)
	}
	return json.RawMessage(text), nil
}
