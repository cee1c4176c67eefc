// SPDX-License-Identifier: Apache-2.0

package air

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/go-fluence/fluence/peer/air/data"
)

// codeResults is the code of a run whose call results cannot be read.
const codeResults = 5

// DecodeResults reads call results in AquaVM's wire form: the multicodec of
// MessagePack (0x81 0x04), then a map from the decimal number of the call to a
// map with ret_code and result. The results share the memory of b.
//
// Errors: *data.Error with code 5, for anything else, a number that is no u32 or
// comes twice, and bytes behind the end.
//
// Source: air.md 2.2.
func DecodeResults(b []byte) (map[uint32]Result, error) {
	r := packReader{b: b}
	if len(b) < 2 || b[0] != 0x81 || b[1] != 0x04 {
		return nil, badResults("multicodec of MessagePack is missing")
	}
	r.b = b[2:]
	n, err := r.mapLen()
	if err != nil {
		return nil, err
	}
	out := make(map[uint32]Result)
	for range n {
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		id, bad := strconv.ParseUint(string(key), 10, 32)
		if _, twice := out[uint32(id)]; bad != nil || twice {
			return nil, badResults("%q is no number of a call, or comes twice", key)
		}
		if out[uint32(id)], err = r.result(); err != nil {
			return nil, err
		}
	}
	if len(r.b) > 0 {
		return nil, badResults("%d bytes behind the end", len(r.b))
	}
	return out, nil
}

func badResults(format string, args ...any) error {
	return &data.Error{Code: codeResults, Msg: "error occurred while deserialize call results: " + fmt.Sprintf(format, args...) + "."}
}

// packReader reads the few MessagePack forms that call results have.
type packReader struct{ b []byte }

func (r *packReader) result() (res Result, err error) {
	n, err := r.mapLen()
	if err != nil {
		return res, err
	}
	seen := 0
	for range n {
		key, err := r.text()
		if err != nil {
			return res, err
		}
		switch string(key) {
		case "ret_code":
			res.Code, err = r.code()
			seen |= 1
		case "result":
			res.JSON, err = r.text()
			seen |= 2
		default:
			err = badResults("unknown field %q", key)
		}
		if err != nil {
			return res, err
		}
	}
	if n != 2 || seen != 3 {
		return res, badResults("a result has the fields ret_code and result, once each")
	}
	return res, nil
}

// take cuts n bytes off.
func (r *packReader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)) {
		return nil, badResults("%d bytes are announced, %d are there", n, len(r.b))
	}
	head := r.b[:n:n]
	r.b = r.b[n:]
	return head, nil
}

// head cuts a type byte off, and the big-endian number of size bytes behind it
// if sizes names the type.
func (r *packReader) head(sizes map[byte]int) (tag byte, n uint64, err error) {
	t, err := r.take(1)
	if err != nil {
		return 0, 0, err
	}
	size := sizes[t[0]]
	raw, err := r.take(uint64(size))
	if err != nil {
		return 0, 0, err
	}
	var wide [8]byte
	copy(wide[8-size:], raw)
	return t[0], binary.BigEndian.Uint64(wide[:]), nil
}

func (r *packReader) mapLen() (uint64, error) {
	tag, n, err := r.head(map[byte]int{0xde: 2, 0xdf: 4})
	switch {
	case err != nil:
		return 0, err
	case tag&0xf0 == 0x80:
		return uint64(tag & 0x0f), nil
	case tag == 0xde || tag == 0xdf:
		return n, nil
	}
	return 0, badResults("0x%02x is no map", tag)
}

func (r *packReader) text() ([]byte, error) {
	tag, n, err := r.head(map[byte]int{0xd9: 1, 0xda: 2, 0xdb: 4})
	switch {
	case err != nil:
		return nil, err
	case tag&0xe0 == 0xa0:
		return r.take(uint64(tag & 0x1f))
	case tag >= 0xd9 && tag <= 0xdb:
		return r.take(n)
	}
	return nil, badResults("0x%02x is no string", tag)
}

func (r *packReader) code() (int32, error) {
	tag, n, err := r.head(map[byte]int{0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8})
	if err != nil {
		return 0, err
	}
	v := int64(n)
	switch {
	case tag < 0x80:
		v = int64(tag)
	case tag >= 0xe0:
		v = int64(int8(tag))
	case tag == 0xd0:
		v = int64(int8(n))
	case tag == 0xd1:
		v = int64(int16(n))
	case tag == 0xd2:
		v = int64(int32(n))
	case tag < 0xcc || tag > 0xd3:
		return 0, badResults("0x%02x is no integer", tag)
	}
	if int64(int32(v)) != v || tag == 0xcf && n > 1<<31 {
		return 0, badResults("return code is outside 32 bits")
	}
	return int32(v), nil
}
