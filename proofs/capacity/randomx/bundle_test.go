// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// runPlain runs a superscalar program as the specification's table 6.1.1 reads.
func runPlain(ops []ssOp, r *line) {
	for _, op := range ops {
		d, s := &r[op.dst], r[op.src]
		switch op.code {
		case ssSub:
			*d -= s
		case ssXor:
			*d ^= s
		case ssAddShift:
			*d += s << op.shift
		case ssMul:
			*d *= s
		case ssRor:
			*d = bits.RotateLeft64(*d, -int(op.shift))
		case ssAddC:
			*d += op.imm
		case ssXorC:
			*d ^= op.imm
		case ssMulh:
			*d, _ = bits.Mul64(*d, s)
		case ssSmulh:
			*d = smulh(*d, s)
		case ssRcp:
			*d *= op.imm
		}
	}
}

func TestBundlesComputeWhatTheProgramSays(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		key := make([]byte, 1+rnd.IntN(MaxKeySize))
		for i := range key {
			key[i] = byte(rnd.Uint32())
		}
		gen := newSSGen(key)
		for range 4 {
			p := gen.program()
			var r pairs
			r[slotOne] = [2]uint64{1, 1}
			var want [2]line
			for i := range 8 {
				want[0][i], want[1][i] = rnd.Uint64(), rnd.Uint64()
				r[i] = [2]uint64{want[0][i], want[1][i]}
			}
			runPlain(p.ops, &want[0])
			runPlain(p.ops, &want[1])
			runPairs(p.bundles, &r)
			for i := range 8 {
				if r[i] != [2]uint64{want[0][i], want[1][i]} {
					t.Fatalf("key %x: r%d = %x, want %x and %x", key, i, r[i], want[0][i], want[1][i])
				}
			}
			if r[slotZero] != [2]uint64{} || r[slotOne] != [2]uint64{1, 1} {
				t.Fatalf("key %x: constant registers became %x", key, r[slotZero:])
			}
		}
	}
}

func TestProgramsStayWithinTheirBound(t *testing.T) {
	for i := range 200 {
		p := newSSGen([]byte{byte(i), 1}).program()
		if n := len(p.ops); n == 0 || n > ssMaxOps {
			t.Fatalf("key %d: %d instructions, want 1 to %d", i, n, ssMaxOps)
		}
		for _, op := range p.ops {
			if op.code == ssAddShift && op.dst == ssR5 {
				t.Fatalf("key %d: r5 is the destination of a shifted addition", i)
			}
		}
	}
}

func TestSignedHighHalf(t *testing.T) {
	for _, v := range [][3]int64{{-1, -1, 0}, {-1, 1, -1}, {1 << 62, 4, 1}, {-1 << 63, -1 << 63, 1 << 62}, {-1 << 63, 2, -1}} {
		if got := int64(smulh(uint64(v[0]), uint64(v[1]))); got != v[2] {
			t.Errorf("smulh(%d, %d) = %d, want %d", v[0], v[1], got, v[2])
		}
	}
}

func TestReciprocal(t *testing.T) {
	// Values of the reference library's tests.
	for d, want := range map[uint32]uint64{
		3: 12297829382473034410, 13: 11351842506898185609, 33: 17887751829051686415,
		65537: 18446462603027742720, 15000001: 10316166306300415204, 3845182035: 10302264209224146340, 0xffffffff: 9223372039002259456,
	} {
		if got := reciprocal(d); got != want {
			t.Errorf("reciprocal(%d) = %d, want %d", d, got, want)
		}
	}
}
