// SPDX-License-Identifier: Apache-2.0

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
