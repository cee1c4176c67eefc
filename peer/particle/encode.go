// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"encoding/binary"
	"math"
)

// Wire names of the fields, in the order in which they are written.
const (
	keyAction     = "action"
	keyID         = "id"
	keyInitPeerID = "init_peer_id"
	keyTimestamp  = "timestamp"
	keyTTL        = "ttl"
	keyScript     = "script"
	keySignature  = "signature"
	keyData       = "data"

	actionParticle = "Particle"
	fieldCount     = 8
)

// Encode returns the body of p's frame: the codec prefix and the map.
func Encode(p *Particle) []byte {
	return appendBody(make([]byte, 0, codecSize+encodedSize(p)), p)
}

func appendBody(b []byte, p *Particle) []byte {
	b = append(b, codecByte0, codecByte1, 0x80|fieldCount)
	b = appendText(appendText(b, keyAction), actionParticle)
	b = appendText(appendText(b, keyID), p.ID)
	b = appendText(appendText(b, keyInitPeerID), p.InitPeerID)
	b = append(appendText(b, keyTimestamp), 0xcf)
	b = binary.BigEndian.AppendUint64(b, p.Timestamp)
	b = appendUint(appendText(b, keyTTL), p.TTL)
	b = appendText(appendText(b, keyScript), p.Script)
	b = appendBinary(appendText(b, keySignature), p.Signature)
	return appendBinary(appendText(b, keyData), p.Data)
}

// encodedSize is the exact length of the map that appendBody writes.
func encodedSize(p *Particle) int {
	n := 1 + 9
	for _, key := range []string{keyAction, keyID, keyInitPeerID, keyTimestamp, keyTTL, keyScript, keySignature, keyData} {
		n += 1 + len(key)
	}
	n += textSize(actionParticle) + textSize(p.ID) + textSize(p.InitPeerID) + textSize(p.Script)
	n += len(appendUint(nil, p.TTL))
	return n + binarySize(p.Signature) + binarySize(p.Data)
}

func appendText(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, s...)
}

func textSize(s string) int {
	switch n := len(s); {
	case n < 32:
		return 1 + n
	case n <= math.MaxUint8:
		return 2 + n
	case n <= math.MaxUint16:
		return 3 + n
	default:
		return 5 + n
	}
}

func appendBinary(b, v []byte) []byte {
	switch n := len(v); {
	case n <= math.MaxUint8:
		b = append(b, 0xc4, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xc5), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xc6), uint32(n))
	}
	return append(b, v...)
}

func binarySize(v []byte) int {
	switch n := len(v); {
	case n <= math.MaxUint8:
		return 2 + n
	case n <= math.MaxUint16:
		return 3 + n
	default:
		return 5 + n
	}
}

func appendUint(b []byte, v uint32) []byte {
	switch {
	case v < 0x80:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, 0xcc, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(v))
	default:
		return binary.BigEndian.AppendUint32(append(b, 0xce), v)
	}
}
