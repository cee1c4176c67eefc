// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/value"
)

// codec is the multicodec prefix of MessagePack, 0x0201 as a varint.
const codec = "\x81\x04"

// encodeResults writes call results: a map from the decimal text of the call's
// number.
func encodeResults(results map[uint32]air.Result) []byte {
	var b bytes.Buffer
	b.WriteString(codec)
	enc := msgpack.NewEncoder(&b)
	// Writing to a bytes.Buffer does not fail.
	_ = enc.EncodeMapLen(len(results))
	ids := make([]uint32, 0, len(results))
	for id := range results {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		_ = enc.EncodeString(strconv.FormatUint(uint64(id), 10))
		_ = enc.EncodeMapLen(2)
		_ = enc.EncodeString("ret_code")
		_ = enc.EncodeInt(int64(results[id].Code))
		_ = enc.EncodeString("result")
		_ = enc.EncodeString(string(results[id].JSON))
	}
	return b.Bytes()
}

// decodeRequests reads call requests.
func decodeRequests(b []byte) (map[uint32]air.Call, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if !bytes.HasPrefix(b, []byte(codec)) {
		return nil, fmt.Errorf("no MessagePack codec")
	}
	dec := msgpack.NewDecoder(bytes.NewReader(b[len(codec):]))
	n, err := dec.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	calls := make(map[uint32]air.Call, n)
	for range n {
		id, err := dec.DecodeUint32()
		if err != nil {
			return nil, err
		}
		var r struct {
			Service    string `msgpack:"service_id"`
			Function   string `msgpack:"function_name"`
			Arguments  []byte `msgpack:"arguments"`
			Tetraplets []byte `msgpack:"tetraplets"`
		}
		if err := dec.Decode(&r); err != nil {
			return nil, err
		}
		c := air.Call{Service: r.Service, Function: r.Function}
		if c.Args, err = decodeArguments(r.Arguments); err != nil {
			return nil, fmt.Errorf("arguments: %w", err)
		}
		if c.Tetraplets, err = decodeTetraplets(r.Tetraplets); err != nil {
			return nil, fmt.Errorf("tetraplets: %w", err)
		}
		calls[id] = c
	}
	return calls, nil
}

// decodeArguments reads an array of values.
func decodeArguments(b []byte) ([]json.RawMessage, error) {
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	n, err := dec.DecodeArrayLen()
	if err != nil {
		return nil, err
	}
	args := make([]json.RawMessage, 0, max(n, 0))
	for range n {
		v, err := decodeValue(dec)
		if err != nil {
			return nil, err
		}
		args = append(args, json.RawMessage(v.Text()))
	}
	return args, nil
}

// decodeValue reads one JSON value.
func decodeValue(dec *msgpack.Decoder) (value.Value, error) {
	code, err := dec.PeekCode()
	if err != nil {
		return value.Value{}, err
	}
	switch {
	case code == msgpcode.Nil:
		return value.Value{}, dec.DecodeNil()
	case code == msgpcode.True || code == msgpcode.False:
		b, err := dec.DecodeBool()
		return value.FromBool(b), err
	case code == msgpcode.Double || code == msgpcode.Float:
		f, err := dec.DecodeFloat64()
		return value.FromFloat(f), err
	case msgpcode.IsString(code):
		s, err := dec.DecodeString()
		return value.FromString(s), err
	case msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32:
		return decodeArray(dec)
	case msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32:
		return decodeObject(dec)
	case code == msgpcode.Uint64:
		n, err := dec.DecodeUint64()
		return value.FromUint(n), err
	}
	n, err := dec.DecodeInt64()
	return value.FromInt(n), err
}

func decodeArray(dec *msgpack.Decoder) (value.Value, error) {
	n, err := dec.DecodeArrayLen()
	if err != nil {
		return value.Value{}, err
	}
	elems := make([]value.Value, 0, max(n, 0))
	for range n {
		v, err := decodeValue(dec)
		if err != nil {
			return v, err
		}
		elems = append(elems, v)
	}
	return value.NewArray(elems...), nil
}

func decodeObject(dec *msgpack.Decoder) (value.Value, error) {
	n, err := dec.DecodeMapLen()
	if err != nil {
		return value.Value{}, err
	}
	members := make([]value.Member, 0, max(n, 0))
	for range n {
		name, err := dec.DecodeString()
		if err != nil {
			return value.Value{}, err
		}
		v, err := decodeValue(dec)
		if err != nil {
			return v, err
		}
		members = append(members, value.Member{Name: name, Value: v})
	}
	return value.NewObject(members...), nil
}

// decodeTetraplets reads one list of tetraplets per argument.
func decodeTetraplets(b []byte) ([][]air.Tetraplet, error) {
	var lists [][]struct {
		PeerPK       string `msgpack:"peer_pk"`
		ServiceID    string `msgpack:"service_id"`
		FunctionName string `msgpack:"function_name"`
		Lens         string `msgpack:"lens"`
	}
	if err := msgpack.Unmarshal(b, &lists); err != nil {
		return nil, err
	}
	all := make([][]air.Tetraplet, 0, len(lists))
	for _, list := range lists {
		ts := make([]air.Tetraplet, 0, len(list))
		for _, t := range list {
			ts = append(ts, air.Tetraplet(t))
		}
		all = append(all, ts)
	}
	return all, nil
}
