// SPDX-License-Identifier: Apache-2.0

package randomx

// outcome is how issuing a macro-op ended.
type outcome int

const (
	issued outcome = iota
	retry          // the instruction was dropped, the slot is still free
	giveUp         // the decoder group is abandoned
)

// issue schedules the next macro-op of the current instruction, choosing its
// operands and recording its result when it is the one to do so.
func (g *ssGen) issue() outcome {
	top := g.cycle
	k := g.cur.kind
	op := &k.ops[g.at]
	when := g.schedule(op, g.cycle, g.ready, false)
	if when < 0 {
		g.full = true
		return giveUp
	}
	if g.at == k.srcAt && !g.wait(&when, g.chooseSrc) {
		return g.drop()
	}
	if g.at == k.dstAt && !g.wait(&when, g.chooseDst) {
		return g.drop()
	}
	g.dropped = 0
	if when = g.schedule(op, when, when, true); when < 0 {
		g.full = true
		return giveUp
	}
	g.ready = when + op.latency
	if g.at == k.writeAt {
		g.regs[g.cur.dst] = ssReg{ready: g.ready, group: k.group, par: g.cur.par}
	}
	g.at++
	if when >= superLatency {
		g.full = true
	}
	g.cycle = top
	if g.at == len(k.ops) {
		g.out = append(g.out, g.cur)
		if k.mul {
			g.muls++
		}
	}
	return issued
}

// wait tries choose for up to ssLookAhead cycles, moving both clocks on each
// time there was nothing to choose.
func (g *ssGen) wait(when *int, choose func(cycle int) bool) bool {
	for range ssLookAhead {
		if choose(*when) {
			return true
		}
		*when++
		g.cycle++
	}
	return false
}

// drop throws the current instruction away, for want of an operand. Its kind
// stays in view of chooseGroup unless the group is abandoned.
func (g *ssGen) drop() outcome {
	if g.dropped < ssMaxDropped {
		g.dropped++
		g.at = len(g.cur.kind.ops)
		return retry
	}
	g.cur = ssDraft{kind: &g.kinds[ssNone]}
	return giveUp
}

// schedule returns the first cycle from start at which op can run, or -1. With
// commit it takes the ports. A dependent op does not run before ready.
func (g *ssGen) schedule(op *macroOp, start, ready int, commit bool) int {
	if op.dependent {
		start = max(start, ready)
	}
	if len(op.ports) == 0 {
		return start
	}
	for c := start; c < ssCycles; c++ {
		taken, ok := uint8(0), true
		for _, want := range op.ports {
			free := want &^ g.busy[c]
			ok = ok && free != 0
			taken |= free & -free // the first in order of trial
		}
		if ok {
			if commit {
				g.busy[c] |= taken
			}
			return c
		}
	}
	return -1
}

// chooseSrc picks a source among the registers that are ready.
func (g *ssGen) chooseSrc(cycle int) bool {
	var list [8]int
	n := 0
	for r := range g.regs {
		if g.regs[r].ready <= cycle {
			list[n] = r
			n++
		}
	}
	var src int
	if n == 2 && g.cur.kind.code == ssAddShift && (list[0] == ssR5 || list[1] == ssR5) {
		src = ssR5 // it cannot be the destination, so the other one must be
	} else if r, ok := g.pick(list[:n]); ok {
		src = r
	} else {
		return false
	}
	g.cur.src = src
	if g.cur.kind.parIsSrc {
		g.cur.par = src
	}
	return true
}

// chooseDst picks a destination by the rules of chapter 6.3.4.
func (g *ssGen) chooseDst(cycle int) bool {
	var list [8]int
	n := 0
	d, k := &g.cur, g.cur.kind
	for r := range g.regs {
		reg := &g.regs[r]
		switch {
		case reg.ready > cycle,
			!k.reuse && r == d.src,
			g.dropped == 0 && k.group == ssMul && reg.group == ssMul,
			reg.group == k.group && reg.par == d.par,
			k.code == ssAddShift && r == ssR5:
		default:
			list[n] = r
			n++
		}
	}
	r, ok := g.pick(list[:n])
	if ok {
		d.dst = r
	}
	return ok
}

// pick draws one of list; randomness is spent only when there is a choice.
func (g *ssGen) pick(list []int) (int, bool) {
	switch len(list) {
	case 0:
		return 0, false
	case 1:
		return list[0], true
	default:
		return list[g.rand.uint32()%uint32(len(list))], true
	}
}
