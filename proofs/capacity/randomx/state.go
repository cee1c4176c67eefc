// SPDX-License-Identifier: Apache-2.0

package randomx

// state is the registers of a VM and the constants that compiled programs need
// beside them.
type state struct {
	r     [16]uint64 // r0 to r7, zeroReg; the rest pads for the mask of an index
	f, e  [4][2]float64
	a     [4][2]float64
	keep  [2]uint64 // what group E keeps of a converted integer
	or    [2]uint64 // and what it adds: program.eMask
	flip  [2]uint64 // what FSCAL_R changes
	mode  uint32    // fprc while compiled code runs
	mxcsr [4]uint32 // the processor's control word for each mode
}

// Bits of group E and of FSCAL_R.
const (
	keepE      = 1<<56 - 1
	scalFlip   = 0x80f0000000000000
	mxcsrGo    = 0x1f80 // the control word that Go programs run with
	mxcsrFlags = 0x3f   // its bits that only record what happened
)

// setConstants prepares the constants that never change.
func (s *state) setConstants() {
	s.keep = [2]uint64{keepE, keepE}
	s.flip = [2]uint64{scalFlip, scalFlip}
	for mode := range s.mxcsr {
		s.mxcsr[mode] = mxcsrGo | uint32(mode)<<13
	}
}
