// SPDX-License-Identifier: Apache-2.0

package randomx

import "math/bits"

// Execution ports of the reference CPU (specification, chapter 6.2), as bits in
// the order in which they are tried: P5, P0, P1.
const (
	portP5 = 1 << iota
	portP0
	portP1
)

const (
	ssMaxOps     = 3*superLatency + 2 // most instructions of a program
	ssCycles     = superLatency + 4   // cycles of which port use is kept
	ssLookAhead  = 4                  // cycles an operand may be waited for
	ssMaxDropped = 256                // instructions dropped in a row before a group is given up
	ssR5         = 5                  // never the destination of ssAddShift
)

// macroOp is what the reference CPU decodes an instruction into: no port means
// it costs nothing, two ports must both be free in one cycle.
type macroOp struct {
	latency   int
	ports     []uint8
	dependent bool // waits for the macro-op before it
}

// ssKind describes an instruction to the generator.
type ssKind struct {
	code, group           int // group: instructions that must not follow themselves
	ops                   []macroOp
	srcAt, dstAt, writeAt int // macro-ops at which operands are chosen, result written; srcAt -1: none
	parIsSrc, reuse, mul  bool
}

// ssKinds returns the table of kinds by code (specification, tables 6.1.1, 6.2.1).
func ssKinds() *[ssNone + 1]ssKind {
	const every = portP0 | portP1 | portP5
	one := func(latency int, port uint8) []macroOp { return []macroOp{{latency: latency, ports: []uint8{port}}} }
	wide := []macroOp{{}, {latency: 4, ports: []uint8{portP1, portP5}}, {}}
	rcp := []macroOp{{latency: 1, ports: []uint8{every}}, {latency: 3, ports: []uint8{portP1}, dependent: true}}
	return &[ssNone + 1]ssKind{
		ssSub:      {code: ssSub, group: ssAddShift, ops: one(1, every), parIsSrc: true},
		ssXor:      {code: ssXor, group: ssXor, ops: one(1, every), parIsSrc: true},
		ssAddShift: {code: ssAddShift, group: ssAddShift, ops: one(1, portP0|portP1), parIsSrc: true},
		ssMul:      {code: ssMul, group: ssMul, ops: one(3, portP1), parIsSrc: true, mul: true},
		ssRor:      {code: ssRor, group: ssRor, ops: one(1, portP0|portP5), srcAt: -1},
		ssAddC:     {code: ssAddC, group: ssAddC, ops: one(1, every), srcAt: -1},
		ssXorC:     {code: ssXorC, group: ssXorC, ops: one(1, every), srcAt: -1},
		ssMulh:     {code: ssMulh, group: ssMulh, ops: wide, srcAt: 1, writeAt: 1, reuse: true, mul: true},
		ssSmulh:    {code: ssSmulh, group: ssSmulh, ops: wide, srcAt: 1, writeAt: 1, reuse: true, mul: true},
		ssRcp:      {code: ssRcp, group: ssRcp, ops: rcp, srcAt: -1, dstAt: 1, writeAt: 1, mul: true},
		ssNone:     {code: ssNone, group: ssNone},
	}
}

// ssSlots are the decoder groups of the specification's table 6.3.1.
func ssSlots() *[6][]int {
	return &[6][]int{{4, 8, 4}, {7, 3, 3, 3}, {3, 7, 3, 3}, {4, 9, 3}, {4, 4, 4, 4}, {3, 3, 10}}
}

// ssDraft is an instruction while its operands are being chosen.
type ssDraft struct {
	kind     *ssKind
	src, dst int // -1: none yet
	par      int // what must differ from the last write by the same group
	mod      uint8
	imm      uint32
}

// ssReg is what the generator knows of a register.
type ssReg struct {
	ready      int // cycle from which its value can be used
	group, par int // of the last instruction that wrote it
}

// ssGen simulates the reference CPU to make programs. One ssGen makes all the
// programs of a key, in order.
type ssGen struct {
	rand  *blakeGenerator
	kinds *[ssNone + 1]ssKind
	slots *[6][]int

	busy    [ssCycles]uint8 // ports in use
	regs    [8]ssReg
	cur     ssDraft
	at      int // next macro-op of cur
	cycle   int
	ready   int // cycle at which the macro-op before is done
	muls    int
	dropped int
	full    bool // the ports are saturated: the program is complete
	out     []ssDraft
}

func newSSGen(key []byte) *ssGen {
	return &ssGen{rand: newBlakeGenerator(key), kinds: ssKinds(), slots: ssSlots()}
}

// program generates the next program.
func (g *ssGen) program() ssProgram {
	*g = ssGen{rand: g.rand, kinds: g.kinds, slots: g.slots, out: make([]ssDraft, 0, ssMaxOps)}
	for i := range g.regs {
		g.regs[i] = ssReg{group: -1, par: -1}
	}
	g.cur.kind = &g.kinds[ssNone]
	for decode := 0; decode < superLatency && !g.full && len(g.out) < ssMaxOps; decode++ {
		g.decodeGroup(g.chooseGroup(decode))
		g.cycle++
	}
	return finish(g.out)
}

// chooseGroup is the rule of chapter 6.3.1.
func (g *ssGen) chooseGroup(decode int) int {
	switch code := g.cur.kind.code; {
	case code == ssMulh || code == ssSmulh:
		return 5
	case g.muls <= decode:
		return 4
	case code == ssRcp:
		if g.rand.byte()&1 == 1 {
			return 0
		}
		return 3
	default:
		return int(g.rand.byte() & 3)
	}
}

// decodeGroup fills the slots of one decoder group with macro-ops.
func (g *ssGen) decodeGroup(group int) {
	sizes := g.slots[group]
	for slot := 0; slot < len(sizes); {
		if g.at >= len(g.cur.kind.ops) {
			if g.full || len(g.out) >= ssMaxOps {
				return
			}
			g.draft(sizes[slot], group, slot == len(sizes)-1)
		}
		switch g.issue() {
		case issued:
			slot++
		case retry: // the instruction was dropped: try another in the same slot
		case giveUp:
			return
		}
	}
}

// draft selects an instruction whose first macro-op fits the slot (table 6.3.2).
func (g *ssGen) draft(size, group int, last bool) {
	pick := func(codes ...int) int { return codes[int(g.rand.byte())&(len(codes)-1)] }
	var code int
	switch {
	case size == 3 && last:
		code = pick(ssSub, ssXor, ssMulh, ssSmulh)
	case size == 3:
		code = pick(ssSub, ssXor)
	case size == 4 && group == 4 && !last:
		code = ssMul
	case size == 4:
		code = pick(ssRor, ssAddShift)
	case size == 10:
		code = ssRcp
	default:
		code = pick(ssXorC, ssAddC)
	}
	d := ssDraft{kind: &g.kinds[code], src: -1, dst: -1, par: -1}
	switch code {
	case ssAddShift:
		d.mod = g.rand.byte()
	case ssRor:
		for d.imm == 0 {
			d.imm = uint32(g.rand.byte() & 63)
		}
	case ssAddC, ssXorC:
		d.imm = g.rand.uint32()
	case ssMulh, ssSmulh:
		d.par = int(int32(g.rand.uint32()))
	case ssRcp:
		for bits.OnesCount32(d.imm) < 2 {
			d.imm = g.rand.uint32()
		}
	}
	g.cur, g.at = d, 0
}
