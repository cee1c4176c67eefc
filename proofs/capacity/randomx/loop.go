// SPDX-License-Identifier: Apache-2.0

package randomx

import "math"

// run executes the program (specification, chapter 4.6) and reports false when
// it was asked to stop.
//
//go:norace
func (vm *VM) run() bool {
	p := &vm.prog
	ma, mx := p.ma, p.mx
	sp0, sp1 := mx, ma
	clear(vm.r[:])
	vm.items.reset()
	for range programLoops {
		if vm.stop.Load() {
			return false
		}
		x := vm.r[p.addr[0]&7] ^ vm.r[p.addr[1]&7]
		sp0 = (sp0 ^ uint32(x)) & maskLine
		sp1 = (sp1 ^ uint32(x>>32)) & maskLine
		in := (*line)(vm.pad[sp0/8:])
		for i, w := range in {
			vm.r[i] ^= w
		}
		vm.loadFloats((*line)(vm.pad[sp1/8:]))
		vm.execOnce()
		mx = (mx ^ uint32(vm.r[p.addr[2]&7]) ^ uint32(vm.r[p.addr[3]&7])) & vm.mask
		ma &= vm.mask
		item := vm.items.item((p.offset+uint64(ma))/ItemSize, (p.offset+uint64(mx))/ItemSize)
		for i, w := range item {
			vm.r[i] ^= w
		}
		ma, mx = mx, ma
		copy(vm.pad[sp1/8:], vm.r[:8])
		outLine := (*line)(vm.pad[sp0/8:])
		for i := range vm.f {
			for j := range 2 {
				w := math.Float64bits(vm.f[i][j]) ^ math.Float64bits(vm.e[i][j])
				vm.f[i][j] = math.Float64frombits(w)
				outLine[2*i+j] = w
			}
		}
		sp0, sp1 = 0, 0
	}
	return true
}

// loadFloats sets groups F and E from memory (chapters 4.3.1 and 4.3.2).
//
//go:norace
func (vm *VM) loadFloats(in *line) {
	m0, m1 := vm.prog.eMask[0], vm.prog.eMask[1]
	for i := range 4 {
		vm.f[i] = floats(in[i])
		vm.e[i] = floatsE(in[4+i], m0, m1)
	}
}

// floats converts two signed 32-bit integers.
func floats(w uint64) [2]float64 {
	return [2]float64{float64(int32(w)), float64(int32(w >> 32))}
}

// floatsE converts to the range of group E.
func floatsE(w, m0, m1 uint64) [2]float64 {
	lo, hi := math.Float64bits(float64(int32(w))), math.Float64bits(float64(int32(w>>32)))
	return [2]float64{math.Float64frombits(lo&keepE | m0), math.Float64frombits(hi&keepE | m1)}
}
