// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math"
	"math/big"
	"math/rand/v2"
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

// engines is two VMs with the same program and scratchpad, one compiled where
// that is possible, one portable.
type engines struct {
	fast, slow *VM
	opcodes    [256]uint8
	seen       [opESwap + 1]bool // instructions decoded
}

func newEngines(t testing.TB) *engines {
	t.Helper()
	g := &engines{opcodes: opTable()}
	for _, vm := range []**VM{&g.fast, &g.slow} {
		*vm = &VM{pad: new([scratchWords]uint64), owned: new(vmMemory)}
		(*vm).setConstants()
	}
	g.fast.compiled(Memory{})
	if code := g.fast.code; code != nil {
		t.Cleanup(code.free)
	}
	r := rand.New(rand.NewPCG(13, 14))
	for i := range g.fast.pad {
		g.fast.pad[i] = r.Uint64() >> (i % 3 * 17) // small numbers among them
	}
	*g.slow.pad = *g.fast.pad
	return g
}

// run runs a program once in both engines and compares everything.
func (g *engines) run(t testing.TB, words *[programWords]uint64, in *line, mode uint8) {
	t.Helper()
	for _, vm := range []*VM{g.fast, g.slow} {
		vm.prog.decode(words, &g.opcodes)
		vm.load()
		clear(vm.r[:])
		copy(vm.r[:8], in[:])
		vm.loadFloats(in)
		vm.fprc = mode
		vm.execOnce()
	}
	for i := range g.slow.prog.ops {
		g.seen[g.slow.prog.ops[i].code] = true
	}
	bits := func(x [4][2]float64) (w line) {
		for i := range w {
			w[i] = math.Float64bits(x[i/2][i%2])
		}
		return w
	}
	if g.fast.r != g.slow.r || bits(g.fast.f) != bits(g.slow.f) || bits(g.fast.e) != bits(g.slow.e) || g.fast.fprc != g.slow.fprc {
		t.Errorf("mode %d: engines differ:\ncompiled r %x f %x e %x mode %d\nportable r %x f %x e %x mode %d", mode,
			g.fast.r, g.fast.f, g.fast.e, g.fast.fprc, g.slow.r, g.slow.f, g.slow.e, g.slow.fprc)
	}
	if *g.fast.pad != *g.slow.pad {
		t.Errorf("mode %d: scratchpads differ", mode)
	}
	if c := controlWord() &^ mxcsrFlags; c != mxcsrGo {
		t.Fatalf("control word of the processor is %x, want %x", c, mxcsrGo)
	}
	if g.slow.r[zeroReg] != 0 {
		t.Errorf("the zero register became %x", g.slow.r[zeroReg])
	}
	for i := range g.slow.e {
		for j := range 2 {
			if e := g.slow.e[i][j]; !(e > 0) {
				t.Errorf("e%d[%d] = %v, want a positive number", i, j, e)
			}
			if x := g.slow.f[i][j]; math.IsNaN(x) || math.Abs(x) > 0x1p60 {
				t.Errorf("f%d[%d] = %v, want a small number", i, j, x)
			}
		}
	}
}

// TestCompiledProgramsAgreeWithPortable runs random programs in all modes.
func TestCompiledProgramsAgreeWithPortable(t *testing.T) {
	g := newEngines(t)
	r := rand.New(rand.NewPCG(15, 16))
	n := 400
	if raceDetector {
		n = 40
	}
	for i := range n {
		var words [programWords]uint64
		for j := range words {
			words[j] = r.Uint64()
		}
		var in line
		for j := range in {
			in[j] = r.Uint64() >> r.IntN(64)
		}
		g.run(t, &words, &in, uint8(i%4))
		if t.Failed() {
			t.Fatalf("program %d", i)
		}
	}
	for code, seen := range g.seen {
		// A reciprocal decodes to a product or to nothing.
		if !seen && code != opRcp {
			t.Errorf("no program had instruction %d", code)
		}
	}
}

// FuzzExec runs any program once from any registers in every rounding mode, in
// both engines.
func FuzzExec(f *testing.F) {
	f.Add([]byte("seed of a program"), uint64(1))
	f.Add([]byte{240, 255, 214, 0, 76, 120}, uint64(1<<63))
	g := newEngines(f)
	f.Fuzz(func(t *testing.T, code []byte, start uint64) {
		if len(code) == 0 {
			return
		}
		var words [programWords]uint64
		for i := range words {
			for j := range 8 {
				k := 8*i + j
				words[i] |= uint64(code[k%len(code)]+byte(k/len(code))*7) << (8 * j)
			}
		}
		in := line{start, ^start, start << 7, 0, start >> 9, start * 3, 1, ^uint64(0)}
		for mode := range uint8(4) {
			g.run(t, &words, &in, mode)
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
