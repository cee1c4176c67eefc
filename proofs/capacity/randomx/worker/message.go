// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"encoding/binary"
	"fmt"
)

// version is the first byte of every payload.
const version = 1

// Kinds of payloads, the second byte.
const (
	kindHello   = 1 // worker to client, once: the parameter set
	kindRequest = 2 // client to worker: hash these nonces
	kindHash    = 3 // worker to client: one hash
	kindRefusal = 4 // worker to client: the request cannot be served
	kindRecheck = 5 // client to worker: hash these nonces again with the portable engine
)

// maxBatch is the most nonces of one request.
const maxBatch = 256

// request asks for the hashes of nonces under key, as kindRequest or kindRecheck.
//
//	0         1      2         10    42         44
//	| version | kind | id, u64 | key | n, u16 | n nonces of 32 bytes |
type request struct {
	id       uint64
	key      [32]byte
	nonces   [][32]byte
	portable bool // kindRecheck
}

func (r *request) encode() []byte {
	b := make([]byte, 0, 44+32*len(r.nonces))
	kind := byte(kindRequest)
	if r.portable {
		kind = kindRecheck
	}
	b = append(b, version, kind)
	b = binary.BigEndian.AppendUint64(b, r.id)
	b = append(b, r.key[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.nonces)))
	for i := range r.nonces {
		b = append(b, r.nonces[i][:]...)
	}
	return b
}

// parseRequest reads what encode writes, and nothing else.
func parseRequest(b []byte) (*request, error) {
	if len(b) < 44 || b[0] != version || b[1] != kindRequest && b[1] != kindRecheck {
		return nil, fmt.Errorf("%w: no request", ErrFrame)
	}
	r := &request{id: binary.BigEndian.Uint64(b[2:]), portable: b[1] == kindRecheck}
	copy(r.key[:], b[10:])
	n := int(binary.BigEndian.Uint16(b[42:]))
	if n == 0 || n > maxBatch || len(b) != 44+32*n {
		return nil, fmt.Errorf("%w: %d nonces in %d bytes", ErrFrame, n, len(b))
	}
	r.nonces = make([][32]byte, n)
	for i := range r.nonces {
		copy(r.nonces[i][:], b[44+32*i:])
	}
	return r, nil
}

// reply is what a worker says.
//
//	hello     | version | kind | length, u8 | name of the parameter set |
//	hash      | version | kind | id, u64 | index, u16 | hash, 32 bytes |
//	refusal   | version | kind | id, u64 | length, u8 | text |
type reply struct {
	kind  byte
	id    uint64
	index int
	hash  [32]byte
	text  string // name of a hello, reason of a refusal; at most 255 bytes
}

func (r *reply) encode() []byte {
	b := []byte{version, r.kind}
	if r.kind != kindHello {
		b = binary.BigEndian.AppendUint64(b, r.id)
	}
	if r.kind == kindHash {
		b = binary.BigEndian.AppendUint16(b, uint16(r.index))
		return append(b, r.hash[:]...)
	}
	text := r.text[:min(len(r.text), 255)]
	return append(append(b, byte(len(text))), text...)
}

// parseReply reads what encode writes, and nothing else.
func parseReply(b []byte) (*reply, error) {
	bad := fmt.Errorf("%w: no reply", ErrFrame)
	if len(b) < 3 || b[0] != version {
		return nil, bad
	}
	r := &reply{kind: b[1]}
	rest := b[2:]
	switch r.kind {
	case kindHello:
	case kindHash, kindRefusal:
		if len(rest) < 9 {
			return nil, bad
		}
		r.id = binary.BigEndian.Uint64(rest)
		rest = rest[8:]
	default:
		return nil, bad
	}
	if r.kind == kindHash {
		if len(rest) != 34 {
			return nil, bad
		}
		r.index = int(binary.BigEndian.Uint16(rest))
		copy(r.hash[:], rest[2:])
		return r, nil
	}
	if len(rest) != 1+int(rest[0]) {
		return nil, bad
	}
	r.text = string(rest[1:])
	return r, nil
}
