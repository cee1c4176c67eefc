// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/binary"
	"math"
	"math/big"
	"testing"
)

// TestOpcodesAreDealtOut counts the table's opcodes against the specification's
// frequencies.
func TestOpcodesAreDealtOut(t *testing.T) {
	sum := 0
	for _, n := range opFrequency() {
		sum += n
	}
	if sum != 256 {
		t.Fatalf("frequencies add up to %d, want 256", sum)
	}
	table := opTable()
	for opcode, want := range map[int]uint8{
		0: opAddShift, 15: opAddShift, 16: opAddM, 75: opSmulhM, 76: opRcp, 119: opSwap, 120: opFSwap,
		172: opFMul, 213: opFSqrt, 214: opBranch, 238: opBranch, 239: opRound, 240: opStore, 255: opStore,
	} {
		if got := table[opcode]; got != want {
			t.Errorf("opcode %d is instruction %d, want %d", opcode, got, want)
		}
	}
}

// TestBranchGoesBehindTheLastChange decodes a program of a few instructions and
// looks at the targets (specification, chapter 5.4.2).
func TestBranchGoesBehindTheLastChange(t *testing.T) {
	table := opTable()
	word := func(opcode, dst, src, mod uint8, imm uint32) uint64 {
		return uint64(opcode) | uint64(dst)<<8 | uint64(src)<<16 | uint64(mod)<<24 | uint64(imm)<<32
	}
	const sub, rcp, swap, branch, store = 23, 76, 116, 214, 240
	steps := []struct {
		word   uint64
		target uint32 // of a branch
	}{
		{word(branch, 0, 0, 0, 0), 0},     // nothing changed yet
		{word(sub, 3, 1, 0, 0), 0},        // 1 changes r3
		{word(branch, 3, 0, 0, 0), 2},     // behind 1
		{word(branch, 5, 0, 0, 0), 3},     // a branch changes all: behind 2
		{word(rcp, 2, 0, 0, 64), 0},       // a power of two changes nothing
		{word(store, 2, 2, 0, 0), 0},      // a store neither
		{word(branch, 2, 0, 0, 0), 4},     // behind 3
		{word(rcp, 2, 0, 0, 65), 0},       // 7 changes r2
		{word(branch, 2, 0, 0, 0), 8},     // behind 7
		{word(swap, 6, 7, 0, 0), 0},       // 9 changes r6 and r7
		{word(swap, 1, 1, 0, 0), 0},       // nothing
		{word(branch, 7, 0, 0xf0, 0), 10}, // behind 9
	}
	var after [8]uint32
	for i, s := range steps {
		op := decodeOp(s.word, &table, uint32(i), &after)
		if op.code == opBranch && op.mask != s.target {
			t.Errorf("instruction %d goes to %d, want %d", i, op.mask, s.target)
		}
		if op.code == opBranch && (op.imm>>op.shift&1 != 1 || op.imm>>(op.shift-1)&1 != 0) {
			t.Errorf("instruction %d adds %x, want bit %d set and the one below clear", i, op.imm, op.shift)
		}
	}
}

// FuzzExec runs any program once from any registers in every rounding mode.
func FuzzExec(f *testing.F) {
	f.Add([]byte("seed of a program"), uint64(1))
	f.Add([]byte{240, 255, 214, 0, 76, 120}, uint64(1<<63))
	pad := new([scratchWords]uint64)
	table := opTable()
	f.Fuzz(func(t *testing.T, code []byte, start uint64) {
		if len(code) == 0 {
			return
		}
		var raw [programWords * 8]byte
		for i := range raw {
			raw[i] = code[i%len(code)] + byte(i/len(code))*7
		}
		var words [programWords]uint64
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(raw[8*i:])
		}
		vm := &VM{pad: pad}
		vm.prog.decode(&words, &table)
		for mode := range uint8(4) {
			for i := range 8 {
				vm.r[i] = start * uint64(i+1)
			}
			in := line{start, ^start, start << 7, 0, start >> 9, start, 1, ^uint64(0)}
			vm.loadFloats(&in)
			vm.fprc = mode
			vm.exec()
			if vm.r[zeroReg] != 0 {
				t.Errorf("the zero register became %x", vm.r[zeroReg])
			}
			for i := range vm.e {
				for j := range 2 {
					if e := vm.e[i][j]; !(e > 0) {
						t.Errorf("e%d[%d] = %v, want a positive number", i, j, e)
					}
					if x := vm.f[i][j]; math.IsNaN(x) || math.Abs(x) > 0x1p60 {
						t.Errorf("f%d[%d] = %v, want a small number", i, j, x)
					}
				}
			}
		}
	})
}

// FuzzRound compares the four modes with exact arithmetic.
func FuzzRound(f *testing.F) {
	f.Add(uint64(0x3ff0000000000000), uint64(1))
	f.Add(uint64(0x7fefffffffffffff), uint64(0x0010000000000000))
	f.Fuzz(func(t *testing.T, x, y uint64) {
		if !plain(x) || !plain(y) {
			return
		}
		a, b := math.Float64frombits(x), math.Float64frombits(y)
		sum, product, ratio := new(big.Float).SetPrec(4000).Add(exact(a), exact(b)), exact(a).Mul(exact(a), exact(b)), quotient(a, b)
		for mode := uint8(down); mode <= toZero; mode++ {
			same := func(op string, got float64, want *big.Float) {
				if w := roundBig(want, mode); math.Float64bits(got) != math.Float64bits(w) {
					t.Errorf("%s(%x, %x) mode %d = %x, want %x", op, a, b, mode, got, w)
				}
			}
			if sum.Sign() != 0 {
				same("add", addMode(a, b, mode), sum)
			}
			same("mul", mulMode(a, b, mode), product)
			same("div", divMode(a, b, mode), ratio)
		}
	})
}
