// SPDX-License-Identifier: Apache-2.0

package randomx

// A superscalar program has about 450 instructions, and a dataset item runs 8 or
// 16 programs in the same order every time. One indirect jump for each of them
// overflows the branch predictor and costs far more than the work itself. So
// programs are rearranged, once for each key, into bundles of fixed shape, with
// every instruction expressed as one of three forms that need no choice at run
// time. Only instructions that do not depend on each other change places.

const (
	slotZero  = 8  // a register that is always zero
	slotOne   = 9  // a register that is always one
	slotIdle  = 10 // what an empty place of a bundle writes to
	slotCount = 12
	slotBytes = 16 // of one register in a pairs file
)

// pairs is the register file of two items side by side, with the constant
// registers behind r0 to r7.
type pairs [slotCount][2]uint64

// mulAdd is dst = dst*x + s*k: subtraction, additions and multiplications.
// Registers are byte offsets into pairs.
type mulAdd struct {
	dst, x, s uint8
	k         uint64
}

// xorRot is dst = (dst ^ s ^ imm) rotated right by n.
type xorRot struct {
	dst, s, n uint8
	imm       uint64
}

// high is dst = the high half of dst*s; signed is all ones for signed numbers.
type high struct {
	used   bool
	dst, s uint8
	signed uint64
}

// bundle is run in the order m[0], m[1], x[0], m[2], m[3], x[1], h.
type bundle struct {
	m [4]mulAdd
	x [2]xorRot
	h high
}

// place is a position in a bundle, in the order of running.
type place struct {
	form, index int
}

const (
	formMulAdd = iota
	formXorRot
	formHigh
)

// forms gives the form of each superscalar instruction.
func formOf(code uint8) int {
	switch code {
	case ssXor, ssXorC, ssRor:
		return formXorRot
	case ssMulh, ssSmulh:
		return formHigh
	default:
		return formMulAdd
	}
}

// put writes op into the place.
func (b *bundle) put(at place, op *ssOp) {
	d, s := op.dst*slotBytes, op.src*slotBytes
	switch at.form {
	case formMulAdd:
		m := mulAdd{dst: d, x: slotOne * slotBytes, s: s}
		switch op.code {
		case ssSub:
			m.k = ^uint64(0)
		case ssAddShift:
			m.k = 1 << op.shift
		case ssAddC:
			m.s, m.k = slotOne*slotBytes, op.imm
		case ssMul:
			m.x, m.s = s, slotZero*slotBytes
		case ssRcp:
			m.x, m.s, m.k = slotZero*slotBytes, d, op.imm
		}
		b.m[at.index] = m
	case formXorRot:
		x := xorRot{dst: d, s: slotZero * slotBytes}
		switch op.code {
		case ssXor:
			x.s = s
		case ssXorC:
			x.imm = op.imm
		case ssRor:
			x.n = op.shift
		}
		b.x[at.index] = x
	case formHigh:
		b.h = high{used: true, dst: d, s: s}
		if op.code == ssSmulh {
			b.h.signed = ^uint64(0)
		}
	}
}

// newBundle is a bundle of empty places.
func newBundle() (b bundle) {
	for i := range b.m {
		b.m[i] = mulAdd{dst: slotIdle * slotBytes, x: slotOne * slotBytes, s: slotZero * slotBytes}
	}
	for i := range b.x {
		b.x[i] = xorRot{dst: slotIdle * slotBytes, s: slotZero * slotBytes}
	}
	return b
}

// arrange packs a program into bundles. At each place it takes, of the
// instructions of that form whose predecessors are placed, the one with the
// longest chain of instructions waiting for it.
func arrange(ops []ssOp) (out []bundle) {
	places := [...]place{
		{formMulAdd, 0},
		{formMulAdd, 1},
		{formXorRot, 0},
		{formMulAdd, 2},
		{formMulAdd, 3},
		{formXorRot, 1},
		{formHigh, 0},
	}
	g := dependencies(ops)
	for left := len(ops); left > 0; {
		b := newBundle()
		for _, at := range places {
			best := -1
			for i := range ops {
				if g.missing[i] == 0 && formOf(ops[i].code) == at.form && (best < 0 || g.height[i] > g.height[best]) {
					best = i
				}
			}
			if best < 0 {
				continue
			}
			b.put(at, &ops[best])
			g.place(best)
			left--
		}
		out = append(out, b)
	}
	return out
}

// graph is the order that a program's instructions must keep.
type graph struct {
	next    [][]int // instructions that must come after
	missing []int   // number of predecessors not placed yet, -1 once placed
	height  []int   // longest chain of instructions after this one
}

// place marks instruction i as placed.
func (g *graph) place(i int) {
	g.missing[i] = -1
	for _, j := range g.next[i] {
		g.missing[j]--
	}
}

// dependencies finds which instruction must stay behind which: a reader behind
// the last writer of each of its registers, a writer behind the readers of what
// it overwrites.
func dependencies(ops []ssOp) *graph {
	n := len(ops)
	g := &graph{next: make([][]int, n), missing: make([]int, n), height: make([]int, n)}
	var writer [8]int
	var readers [8][]int
	for r := range writer {
		writer[r] = -1
	}
	edge := func(i, j int) {
		if i >= 0 && i != j {
			g.next[i] = append(g.next[i], j)
			g.missing[j]++
		}
	}
	for j := range ops {
		d, s := ops[j].dst, ops[j].src
		edge(writer[d], j)
		if s != d {
			edge(writer[s], j)
			readers[s] = append(readers[s], j)
		}
		for _, i := range readers[d] {
			edge(i, j)
		}
		writer[d], readers[d] = j, nil
	}
	for i := n - 1; i >= 0; i-- {
		for _, j := range g.next[i] {
			g.height[i] = max(g.height[i], g.height[j]+1)
		}
	}
	return g
}
