// SPDX-License-Identifier: Apache-2.0

package randomx

// calc computes dataset items from a filled cache.
type calc struct {
	mem   []line
	progs []ssProgram
	code  *itemCode // nil: the portable engine computes
}

// newCalc makes the programs of key over mem and compiles them where that is
// possible. Compiled code that does not agree with the portable engine on a few
// items is not used.
func newCalc(mem []line, key []byte, accesses int, m Memory) calc {
	c := calc{mem: mem}
	gen := newSSGen(key)
	for range accesses {
		c.progs = append(c.progs, gen.program())
	}
	code, err := compileItems(c.progs, m)
	if err != nil {
		return c
	}
	const step = 7_654_321
	for n := uint64(0); n < 4*step; n += step {
		var got line
		code.item(mem, n, &got)
		if want, _ := items(mem, c.progs, n, n); got != want {
			code.free()
			return c
		}
	}
	c.code = code
	return c
}

// portable returns c without compiled code.
func (c calc) portable() calc {
	c.code = nil
	return c
}

// two computes items a and b.
func (c *calc) two(a, b uint64, outA, outB *line) {
	if c.code == nil {
		*outA, *outB = items(c.mem, c.progs, a, b)
		return
	}
	c.code.item(c.mem, a, outA)
	c.code.item(c.mem, b, outB)
}
