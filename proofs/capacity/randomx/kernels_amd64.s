// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// func aesFill1(s *aesState, out []uint64, key *aesState)
TEXT ·aesFill1(SB), NOSPLIT, $0-40
	MOVQ  s+0(FP), SI
	MOVQ  out_base+8(FP), DI
	MOVQ  out_len+16(FP), CX
	MOVQ  key+32(FP), DX
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3
	MOVOU (DX), X4
	MOVOU 16(DX), X5
	MOVOU 32(DX), X6
	MOVOU 48(DX), X7
	SHRQ  $3, CX
	JZ    done

loop:
	AESDEC X4, X0
	AESENC X5, X1
	AESDEC X6, X2
	AESENC X7, X3
	MOVOU  X0, (DI)
	MOVOU  X1, 16(DI)
	MOVOU  X2, 32(DI)
	MOVOU  X3, 48(DI)
	ADDQ   $64, DI
	DECQ   CX
	JNZ    loop

done:
	MOVOU X0, (SI)
	MOVOU X1, 16(SI)
	MOVOU X2, 32(SI)
	MOVOU X3, 48(SI)
	RET

// func aesHash1(s *aesState, in []uint64)
TEXT ·aesHash1(SB), NOSPLIT, $0-32
	MOVQ  s+0(FP), SI
	MOVQ  in_base+8(FP), DI
	MOVQ  in_len+16(FP), CX
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3
	SHRQ  $3, CX
	JZ    done

loop:
	MOVOU  (DI), X4
	MOVOU  16(DI), X5
	MOVOU  32(DI), X6
	MOVOU  48(DI), X7
	AESENC X4, X0
	AESDEC X5, X1
	AESENC X6, X2
	AESDEC X7, X3
	ADDQ   $64, DI
	DECQ   CX
	JNZ    loop

done:
	MOVOU X0, (SI)
	MOVOU X1, 16(SI)
	MOVOU X2, 32(SI)
	MOVOU X3, 48(SI)
	RET

// func prefetch(l *line)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVQ        l+0(FP), AX
	PREFETCHNTA (AX)
	RET
