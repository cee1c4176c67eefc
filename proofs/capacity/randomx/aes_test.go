// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

// TestKeysOfTheSpecification checks that the keys derived from texts are the
// bytes that chapter 3 prints.
func TestKeysOfTheSpecification(t *testing.T) {
	u := newAESUnit()
	for name, tt := range map[string]struct {
		got  []uint64
		want string
	}{
		"1R key0":   {u.gen1[0:2], "53a5ac6d096671622b55b5db1749f4b4"},
		"1R key3":   {u.gen1[6:8], "3581ef6a7c31bab1884c311654911649"},
		"4R key0":   {u.gen4[0][0:2], "ddaa2164db3d83d12b6d542f3fd2e599"},
		"4R key3":   {u.gen4[3][2:4], "63376285085d8fe7853767cd91d2ded8"},
		"4R key4":   {u.gen4[0][4:6], "736f82b5a6a7d6e36d8b513db4ff9e22"},
		"4R key7":   {u.gen4[3][6:8], "09d67c7ade395891fdd1060c2d76b0c0"},
		"1R state0": {u.start[0:2], "0d2cb592de56a89f47db82ccad3a98d7"},
		"1R xkey1":  {u.extra[1][4:6], "d163b2613ce0f451c64310ee9bf918ed"},
	} {
		b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, tt.got[0]), tt.got[1])
		if got := hex.EncodeToString(b); got != tt.want {
			t.Errorf("%s = %s, want %s", name, got, tt.want)
		}
	}
}

func TestDecryptionUndoesEncryption(t *testing.T) {
	// Without keys, a decryption round undoes an encryption round once the
	// columns are unmixed between them: FIPS 197 section 5.3.5 in both directions.
	u := newAESUnit()
	r := rand.New(rand.NewPCG(5, 6))
	unmix := func(x uint64) (y uint64) { // InvMixColumns on two columns
		sbox := func(b byte) byte { return byte(u.enc[b] >> 8) }
		var lo, hi uint32
		for i := range 4 {
			lo ^= rotl(u.dec[sbox(byte(x>>(8*i)))], 8*i)
			hi ^= rotl(u.dec[sbox(byte(x>>(32+8*i)))], 8*i)
		}
		return uint64(lo) | uint64(hi)<<32
	}
	for range 100 {
		a, b := r.Uint64(), r.Uint64()
		x, y := u.encrypt(a, b, 0, 0)
		x, y = u.decrypt(unmix(x), unmix(y), 0, 0)
		if unmix2 := [2]uint64{unmix(a), unmix(b)}; [2]uint64{x, y} != unmix2 {
			t.Fatalf("decrypt(encrypt(%x, %x)) = %x, %x; want %x", a, b, x, y, unmix2)
		}
	}
}

func rotl(x uint32, n int) uint32 { return x<<n | x>>((32-n)&31)&^(^uint32(0)<<n) }

func TestHardwareAESEqualsPortable(t *testing.T) {
	soft, hard := newAESUnit(), newAESUnit()
	soft.hardware = false
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{8, 16, 64, 4096} {
		var s1 aesState
		for i := range s1 {
			s1[i] = r.Uint64()
		}
		s2 := s1
		a, b := make([]uint64, n), make([]uint64, n)
		soft.fill1(&s1, a)
		hard.fill1(&s2, b)
		if s1 != s2 || string(bytesOf(a)) != string(bytesOf(b)) {
			t.Errorf("fill1 of %d words differs", n)
		}
		if x, y := soft.hash1(a), hard.hash1(a); x != y {
			t.Errorf("hash1 of %d words = %x, want %x", n, y, x)
		}
		soft.fill4(&s1, a)
		hard.fill4(&s2, b)
		if s1 != s2 || string(bytesOf(a)) != string(bytesOf(b)) {
			t.Errorf("fill4 of %d words differs", n)
		}
	}
}

func bytesOf(w []uint64) (b []byte) {
	for _, x := range w {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}
