// SPDX-License-Identifier: Apache-2.0

package data

import (
	"crypto/sha256"

	"github.com/multiformats/go-multibase"
	"github.com/zeebo/blake3"
)

// CID is a content identifier in text form. Those made here are CIDv1, codec
// json (0x0200), BLAKE3-256 (0x1e), lower-case base32: 61 characters. Equal
// content may have another spelling on the wire, so equality of CIDs is that of
// their text.
type CID string

// The parts of a CID's binary form: version 1, codec json as an unsigned varint,
// hash, length of the digest.
const (
	codecJSON  = 0x0200
	hashSHA256 = 0x12
	hashBLAKE3 = 0x1e
	digestLen  = 32
	cidBytes   = 5 + digestLen
	cidText    = 1 + (cidBytes*8+4)/5
	cidTextMax = 1 + cidBytes*8 // in base 2
)

// base32Lower is the alphabet of multibase prefix b.
const base32Lower = "abcdefghijklmnopqrstuvwxyz234567"

// cidOf names content by its BLAKE3-256 digest.
func cidOf(content []byte) CID {
	digest := blake3.Sum256(content)
	text := textOf(&digest)
	return CID(text[:])
}

// textHead is how the text of every CID made here begins; of the next character
// one bit is fixed, too.
const textHead = "bagaaihr"

// head is eight characters of c as a number, which order CIDs made here as their
// text does, up to ties; other CIDs have none.
func (c CID) head() (uint64, bool) {
	if len(c) != cidText || c[:len(textHead)] != textHead {
		return 0, false
	}
	var h uint64
	for i := len(textHead); i < len(textHead)+8; i++ {
		h = h<<8 | uint64(c[i])
	}
	return h, true
}

// textOf spells the CID of a BLAKE3-256 digest: five bytes at a time are eight
// characters of base32, and the last two are four.
func textOf(digest *[digestLen]byte) (text [cidText]byte) {
	raw := [cidBytes]byte{0x01, 0x80, 0x04, hashBLAKE3, digestLen}
	copy(raw[5:], digest[:])
	text[0] = 'b'
	at := 1
	for i := 0; i < cidBytes-2; i += 5 {
		v := uint64(raw[i])<<32 | uint64(raw[i+1])<<24 | uint64(raw[i+2])<<16 | uint64(raw[i+3])<<8 | uint64(raw[i+4])
		for j := 7; j >= 0; j-- {
			text[at+j] = base32Lower[v&31]
			v >>= 5
		}
		at += 8
	}
	v := (uint32(raw[cidBytes-2])<<8 | uint32(raw[cidBytes-1])) << 4 // 16 bits and 4 of padding
	for j := 3; j >= 0; j-- {
		text[at+j] = base32Lower[v&31]
		v >>= 5
	}
	return text
}

// ValueCID names a value by its JSON text, which must be normalised for values
// made here. It also makes argument hashes: the value is then the array of the
// arguments.
func ValueCID(json string) CID { return cidOf([]byte(json)) }

// ValueCIDBytes is [ValueCID] for text in bytes, which it does not keep.
func ValueCIDBytes(json []byte) CID { return cidOf(json) }

// CID names t.
func (t *Tetraplet) CID() CID {
	var b [256]byte
	return cidOf(t.appendJSON(b[:0]))
}

// CID names r.
func (r *ServiceResult) CID() CID {
	var b [256]byte
	return cidOf(r.appendJSON(b[:0]))
}

// CID names e.
func (e *CanonElement) CID() CID {
	var b [320]byte
	return cidOf(e.appendJSON(b[:0]))
}

// CID names r.
func (r *CanonResult) CID() CID {
	return cidOf(r.appendJSON(make([]byte, 0, 100+len(r.Values)*(cidText+3))))
}

// names reports whether c is a CID of content. Its hash may be SHA-256 and its
// multibase another, as AquaVM allows, but the text must be the one that its base
// writes. AquaVM also takes mixed case and any text that ends in "/ipfs/" and a
// CID: then one content has names without number, each of which must be hashed.
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-cid/src/verify.rs.
func (c CID) names(content []byte) bool {
	digest := blake3.Sum256(content)
	if text := textOf(&digest); string(c) == string(text[:]) {
		return true
	}
	claimed, hash, ok := c.parse()
	switch {
	case !ok:
		return false
	case hash == hashBLAKE3:
		return claimed == digest
	default:
		return claimed == sha256.Sum256(content)
	}
}

// parse reads a CID in a spelling that is not ours.
func (c CID) parse() (digest [digestLen]byte, hash uint64, ok bool) {
	if len(c) > cidTextMax { // some bases take quadratic time
		return digest, 0, false
	}
	base, raw, err := multibase.Decode(string(c))
	if err != nil || base == multibase.Base256Emoji {
		return digest, 0, false
	}
	if text, err := multibase.Encode(base, raw); err != nil || text != string(c) {
		return digest, 0, false
	}
	if len(raw) != cidBytes || raw[0] != 1 || raw[1] != codecJSON&0x7f|0x80 || raw[2] != codecJSON>>7 || raw[4] != digestLen {
		return digest, 0, false
	}
	copy(digest[:], raw[5:])
	return digest, uint64(raw[3]), raw[3] == hashBLAKE3 || raw[3] == hashSHA256
}
