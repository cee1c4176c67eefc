// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/binary"
	"math/bits"

	"golang.org/x/crypto/blake2b"
)

// aesState is the 64-byte state of the generators and of the hash: four AES
// states of two words each.
type aesState = [8]uint64

// aesUnit holds the keys of the generators and of the hash (specification,
// chapter 3) and the tables of the portable rounds. Read-only once made.
type aesUnit struct {
	enc, dec [256]uint32 // one column of MixColumns after SubBytes, and their inverses
	gen1     aesState    // AesGenerator1R: one key for each state
	gen4     [4]aesState // AesGenerator4R: for each round, one key for each state
	start    aesState    // AesHash1R: initial state
	extra    [2]aesState // AesHash1R: the two closing rounds
	hardware bool
}

func newAESUnit() *aesUnit {
	u := &aesUnit{
		gen1:  blakeWords("RandomX AesGenerator1R keys"),
		start: blakeWords("RandomX AesHash1R state"),
	}
	low, high := blakeWords("RandomX AesGenerator4R keys 0-3"), blakeWords("RandomX AesGenerator4R keys 4-7")
	for i := range u.gen4 {
		a, b := low[2*i:2*i+2], high[2*i:2*i+2]
		u.gen4[i] = aesState{a[0], a[1], a[0], a[1], b[0], b[1], b[0], b[1]}
	}
	x := blake2b.Sum256([]byte("RandomX AesHash1R xkeys"))
	for i := range u.extra {
		a, b := binary.LittleEndian.Uint64(x[16*i:]), binary.LittleEndian.Uint64(x[16*i+8:])
		u.extra[i] = aesState{a, b, a, b, a, b, a, b}
	}
	u.fillTables()
	u.hardware = hasAES()
	return u
}

// blakeWords is Hash512 of a text as words.
func blakeWords(text string) (s aesState) {
	h := blake2b.Sum512([]byte(text))
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(h[8*i:])
	}
	return s
}

// fillTables computes the S-box (FIPS 197, section 5.1.1) and from it the tables.
func (u *aesUnit) fillTables() {
	double := func(a uint8) uint8 { return a<<1 ^ uint8(int8(a)>>7)&0x1b }
	times := func(a uint8, n int) (p uint32) {
		for ; n > 0; n >>= 1 {
			if n&1 == 1 {
				p ^= uint32(a)
			}
			a = double(a)
		}
		return p
	}
	p, q := uint8(1), uint8(1) // q is always the inverse of p
	for i := 0; i < 256; i++ {
		in, s := p, q^bits.RotateLeft8(q, 1)^bits.RotateLeft8(q, 2)^bits.RotateLeft8(q, 3)^bits.RotateLeft8(q, 4)^0x63
		if i == 255 {
			in, s = 0, 0x63 // zero has no inverse
		}
		u.enc[in] = times(s, 2) | times(s, 1)<<8 | times(s, 1)<<16 | times(s, 3)<<24
		u.dec[s] = times(in, 14) | times(in, 9)<<8 | times(in, 13)<<16 | times(in, 11)<<24
		p ^= double(p) // times 3, a generator of the field
		q ^= q << 1    // divided by 3
		q ^= q << 2
		q ^= q << 4
		if q&0x80 != 0 {
			q ^= 0x09
		}
	}
}

// encrypt does one AES encryption round on the state of two words.
func (u *aesUnit) encrypt(lo, hi, k0, k1 uint64) (uint64, uint64) {
	a, b, c, d := uint32(lo), uint32(lo>>32), uint32(hi), uint32(hi>>32)
	return uint64(column(&u.enc, a, b, c, d)) | uint64(column(&u.enc, b, c, d, a))<<32 ^ k0,
		uint64(column(&u.enc, c, d, a, b)) | uint64(column(&u.enc, d, a, b, c))<<32 ^ k1
}

// decrypt does one AES decryption round on the state of two words.
func (u *aesUnit) decrypt(lo, hi, k0, k1 uint64) (uint64, uint64) {
	a, b, c, d := uint32(lo), uint32(lo>>32), uint32(hi), uint32(hi>>32)
	return uint64(column(&u.dec, a, d, c, b)) | uint64(column(&u.dec, b, a, d, c))<<32 ^ k0,
		uint64(column(&u.dec, c, b, a, d)) | uint64(column(&u.dec, d, c, b, a))<<32 ^ k1
}

// column is one output column from rows 0 to 3 of the given input columns.
func column(t *[256]uint32, a, b, c, d uint32) uint32 {
	return t[uint8(a)] ^ bits.RotateLeft32(t[uint8(b>>8)], 8) ^
		bits.RotateLeft32(t[uint8(c>>16)], 16) ^ bits.RotateLeft32(t[uint8(d>>24)], 24)
}

// round runs one round over all four states: decryption on the states whose
// number has the parity of dec, encryption on the others.
func (u *aesUnit) round(s, key *aesState, dec int) {
	for i := 0; i < 8; i += 2 {
		f := u.encrypt
		if i/2&1 == dec {
			f = u.decrypt
		}
		s[i], s[i+1] = f(s[i], s[i+1], key[i], key[i+1])
	}
}

// fill1 is AesGenerator1R: it fills out, whole states, and leaves s as the last.
func (u *aesUnit) fill1(s *aesState, out []uint64) {
	if u.hardware {
		aesFill1(s, out, &u.gen1)
		return
	}
	for ; len(out) >= 8; out = out[8:] {
		u.round(s, &u.gen1, 0)
		copy(out, s[:])
	}
}

// fill4 is AesGenerator4R.
func (u *aesUnit) fill4(s *aesState, out []uint64) {
	for ; len(out) >= 8; out = out[8:] {
		for i := range u.gen4 {
			u.round(s, &u.gen4[i], 0)
		}
		copy(out, s[:])
	}
}

// hash1 is AesHash1R over in, whole states.
func (u *aesUnit) hash1(in []uint64) aesState {
	s := u.start
	if u.hardware {
		aesHash1(&s, in)
	} else {
		for ; len(in) >= 8; in = in[8:] {
			u.round(&s, (*aesState)(in), 1)
		}
	}
	u.round(&s, &u.extra[0], 1)
	u.round(&s, &u.extra[1], 1)
	return s
}
