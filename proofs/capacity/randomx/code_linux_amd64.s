// SPDX-License-Identifier: Apache-2.0

#include "go_asm.h"
#include "textflag.h"

// func callItem(code unsafe.Pointer, out, mem *line, at uint64)
//
// The code uses AX, BX, DX, DI, SI and R8 to R15, one word of stack, and returns.
// Go restores R14 and R15 behind every assembly function; BP and SP stay.
TEXT ·callItem(SB), $16-32
	MOVQ code+0(FP), AX
	MOVQ out+8(FP), DI
	MOVQ mem+16(FP), SI
	MOVQ at+24(FP), BX
	ADDQ SI, BX
	CALL AX
	RET

// func callProgram(code unsafe.Pointer, s *state, pad *[scratchWords]uint64)
TEXT ·callProgram(SB), $16-24
	MOVQ    code+0(FP), AX
	MOVQ    s+8(FP), DI
	MOVQ    pad+16(FP), SI
	STMXCSR mxcsr-4(SP)
	MOVL    state_mode(DI), CX
	LDMXCSR state_mxcsr(DI)(CX*4)
	MOVQ    (state_r+0)(DI), R8
	MOVQ    (state_r+8)(DI), R9
	MOVQ    (state_r+16)(DI), R10
	MOVQ    (state_r+24)(DI), R11
	MOVQ    (state_r+32)(DI), R12
	MOVQ    (state_r+40)(DI), R13
	MOVQ    (state_r+48)(DI), R14
	MOVQ    (state_r+56)(DI), R15
	MOVUPS  (state_f+0)(DI), X0
	MOVUPS  (state_f+16)(DI), X1
	MOVUPS  (state_f+32)(DI), X2
	MOVUPS  (state_f+48)(DI), X3
	MOVUPS  (state_e+0)(DI), X4
	MOVUPS  (state_e+16)(DI), X5
	MOVUPS  (state_e+32)(DI), X6
	MOVUPS  (state_e+48)(DI), X7
	MOVUPS  (state_a+0)(DI), X8
	MOVUPS  (state_a+16)(DI), X9
	MOVUPS  (state_a+32)(DI), X10
	MOVUPS  (state_a+48)(DI), X11
	MOVUPS  state_keep(DI), X13
	MOVUPS  state_or(DI), X14
	MOVUPS  state_flip(DI), X15
	CALL    AX
	MOVQ    R8, (state_r+0)(DI)
	MOVQ    R9, (state_r+8)(DI)
	MOVQ    R10, (state_r+16)(DI)
	MOVQ    R11, (state_r+24)(DI)
	MOVQ    R12, (state_r+32)(DI)
	MOVQ    R13, (state_r+40)(DI)
	MOVQ    R14, (state_r+48)(DI)
	MOVQ    R15, (state_r+56)(DI)
	MOVUPS  X0, (state_f+0)(DI)
	MOVUPS  X1, (state_f+16)(DI)
	MOVUPS  X2, (state_f+32)(DI)
	MOVUPS  X3, (state_f+48)(DI)
	MOVUPS  X4, (state_e+0)(DI)
	MOVUPS  X5, (state_e+16)(DI)
	MOVUPS  X6, (state_e+32)(DI)
	MOVUPS  X7, (state_e+48)(DI)
	LDMXCSR mxcsr-4(SP)
	RET

// func controlWord() uint32
TEXT ·controlWord(SB), NOSPLIT, $0-4
	STMXCSR ret+0(FP)
	RET
