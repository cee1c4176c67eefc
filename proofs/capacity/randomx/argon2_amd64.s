// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// Shuffle that rotates each 64-bit word right by 24, and by 16, bits.
DATA rot24<>+0x00(SB)/8, $0x0201000706050403
DATA rot24<>+0x08(SB)/8, $0x0a09080f0e0d0c0b
DATA rot24<>+0x10(SB)/8, $0x0201000706050403
DATA rot24<>+0x18(SB)/8, $0x0a09080f0e0d0c0b
GLOBL rot24<>(SB), RODATA|NOPTR, $32

DATA rot16<>+0x00(SB)/8, $0x0100070605040302
DATA rot16<>+0x08(SB)/8, $0x09080f0e0d0c0b0a
DATA rot16<>+0x10(SB)/8, $0x0100070605040302
DATA rot16<>+0x18(SB)/8, $0x09080f0e0d0c0b0a
GLOBL rot16<>(SB), RODATA|NOPTR, $32

// MULADD: a += b + 2*lo(a)*lo(b), for two vectors.
#define MULADD(a0, b0, a1, b1, t0, t1) \
	VPMULUDQ b0, a0, t0; \
	VPMULUDQ b1, a1, t1; \
	VPADDQ   b0, a0, a0; \
	VPADDQ   b1, a1, a1; \
	VPADDQ   t0, t0, t0; \
	VPADDQ   t1, t1, t1; \
	VPADDQ   t0, a0, a0; \
	VPADDQ   t1, a1, a1

// MIX: argonMix on two sets of four lanes. Y14 and Y15 hold rot24 and rot16,
// Y8 and Y9 are overwritten.
#define MIX(a0, b0, c0, d0, a1, b1, c1, d1) \
	MULADD(a0, b0, a1, b1, Y8, Y9); \
	VPXOR   a0, d0, d0; \
	VPXOR   a1, d1, d1; \
	VPSHUFD $0xb1, d0, d0; \
	VPSHUFD $0xb1, d1, d1; \
	MULADD(c0, d0, c1, d1, Y8, Y9); \
	VPXOR   c0, b0, b0; \
	VPXOR   c1, b1, b1; \
	VPSHUFB Y14, b0, b0; \
	VPSHUFB Y14, b1, b1; \
	MULADD(a0, b0, a1, b1, Y8, Y9); \
	VPXOR   a0, d0, d0; \
	VPXOR   a1, d1, d1; \
	VPSHUFB Y15, d0, d0; \
	VPSHUFB Y15, d1, d1; \
	MULADD(c0, d0, c1, d1, Y8, Y9); \
	VPXOR   c0, b0, b0; \
	VPXOR   c1, b1, b1; \
	VPADDQ  b0, b0, Y8; \
	VPADDQ  b1, b1, Y9; \
	VPSRLQ  $63, b0, b0; \
	VPSRLQ  $63, b1, b1; \
	VPXOR   Y8, b0, b0; \
	VPXOR   Y9, b1, b1

// ROWS: argonRound on sixteen words that lie together, twice: rows a..d of the
// two sets are Y0..Y3 and Y4..Y7. Diagonals come from rotating the rows b, c, d.
#define ROWS \
	MIX(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7); \
	VPERMQ $0x39, Y1, Y1; \
	VPERMQ $0x4e, Y2, Y2; \
	VPERMQ $0x93, Y3, Y3; \
	VPERMQ $0x39, Y5, Y5; \
	VPERMQ $0x4e, Y6, Y6; \
	VPERMQ $0x93, Y7, Y7; \
	MIX(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7); \
	VPERMQ $0x93, Y1, Y1; \
	VPERMQ $0x4e, Y2, Y2; \
	VPERMQ $0x39, Y3, Y3; \
	VPERMQ $0x93, Y5, Y5; \
	VPERMQ $0x4e, Y6, Y6; \
	VPERMQ $0x39, Y7, Y7

// PAIR loads two 16-byte pieces as one vector.
#define LOADPAIR(lo, hi, x, y) \
	VMOVDQU     lo, x; \
	VINSERTI128 $1, hi, y, y

#define STOREPAIR(x, y, lo, hi) \
	VMOVDQU      x, lo; \
	VEXTRACTI128 $1, y, hi

// PERMUTE runs P over the rows and then the columns of the block at R8.
#define PERMUTE(rows, columns) \
	MOVQ $4, CX; \
	MOVQ R8, R9; \
rows: \
	VMOVDQU (R9), Y0; \
	VMOVDQU 32(R9), Y1; \
	VMOVDQU 64(R9), Y2; \
	VMOVDQU 96(R9), Y3; \
	VMOVDQU 128(R9), Y4; \
	VMOVDQU 160(R9), Y5; \
	VMOVDQU 192(R9), Y6; \
	VMOVDQU 224(R9), Y7; \
	ROWS; \
	VMOVDQU Y0, (R9); \
	VMOVDQU Y1, 32(R9); \
	VMOVDQU Y2, 64(R9); \
	VMOVDQU Y3, 96(R9); \
	VMOVDQU Y4, 128(R9); \
	VMOVDQU Y5, 160(R9); \
	VMOVDQU Y6, 192(R9); \
	VMOVDQU Y7, 224(R9); \
	ADDQ $256, R9; \
	DECQ CX; \
	JNZ  rows; \
	MOVQ $4, CX; \
	MOVQ R8, R9; \
columns: \
	LOADPAIR(0(R9), 128(R9), X0, Y0); \
	LOADPAIR(256(R9), 384(R9), X1, Y1); \
	LOADPAIR(512(R9), 640(R9), X2, Y2); \
	LOADPAIR(768(R9), 896(R9), X3, Y3); \
	LOADPAIR(16(R9), 144(R9), X4, Y4); \
	LOADPAIR(272(R9), 400(R9), X5, Y5); \
	LOADPAIR(528(R9), 656(R9), X6, Y6); \
	LOADPAIR(784(R9), 912(R9), X7, Y7); \
	ROWS; \
	STOREPAIR(X0, Y0, 0(R9), 128(R9)); \
	STOREPAIR(X1, Y1, 256(R9), 384(R9)); \
	STOREPAIR(X2, Y2, 512(R9), 640(R9)); \
	STOREPAIR(X3, Y3, 768(R9), 896(R9)); \
	STOREPAIR(X4, Y4, 16(R9), 144(R9)); \
	STOREPAIR(X5, Y5, 272(R9), 400(R9)); \
	STOREPAIR(X6, Y6, 528(R9), 656(R9)); \
	STOREPAIR(X7, Y7, 784(R9), 912(R9)); \
	ADDQ $32, R9; \
	DECQ CX; \
	JNZ  columns

// START loads the arguments and sets scratch to a XOR b.
#define START(label) \
	MOVQ    dst+0(FP), DI; \
	MOVQ    a+8(FP), SI; \
	MOVQ    b+16(FP), DX; \
	MOVQ    scratch+24(FP), R8; \
	VMOVDQU rot24<>(SB), Y14; \
	VMOVDQU rot16<>(SB), Y15; \
	XORQ    R9, R9; \
label: \
	VMOVDQU (SI)(R9*1), Y0; \
	VMOVDQU 32(SI)(R9*1), Y1; \
	VPXOR   (DX)(R9*1), Y0, Y0; \
	VPXOR   32(DX)(R9*1), Y1, Y1; \
	VMOVDQU Y0, (R8)(R9*1); \
	VMOVDQU Y1, 32(R8)(R9*1); \
	ADDQ    $64, R9; \
	CMPQ    R9, $1024; \
	JNE     label; \

// func argonSetAVX2(dst, a, b, scratch *argonBlock)
TEXT ·argonSetAVX2(SB), NOSPLIT, $0-32
	START(start)
	PERMUTE(rows, columns)
	XORQ R9, R9

finish:
	VMOVDQU (SI)(R9*1), Y0
	VMOVDQU 32(SI)(R9*1), Y1
	VPXOR   (DX)(R9*1), Y0, Y0
	VPXOR   32(DX)(R9*1), Y1, Y1
	VPXOR   (R8)(R9*1), Y0, Y0
	VPXOR   32(R8)(R9*1), Y1, Y1
	VMOVDQU Y0, (DI)(R9*1)
	VMOVDQU Y1, 32(DI)(R9*1)
	ADDQ    $64, R9
	CMPQ    R9, $1024
	JNE     finish
	VZEROUPPER
	RET

// func argonXorAVX2(dst, a, b, scratch *argonBlock)
TEXT ·argonXorAVX2(SB), NOSPLIT, $0-32
	START(start)
	PERMUTE(rows, columns)
	XORQ R9, R9

finish:
	VMOVDQU (SI)(R9*1), Y0
	VMOVDQU 32(SI)(R9*1), Y1
	VPXOR   (DX)(R9*1), Y0, Y0
	VPXOR   32(DX)(R9*1), Y1, Y1
	VPXOR   (R8)(R9*1), Y0, Y0
	VPXOR   32(R8)(R9*1), Y1, Y1
	VPXOR   (DI)(R9*1), Y0, Y0
	VPXOR   32(DI)(R9*1), Y1, Y1
	VMOVDQU Y0, (DI)(R9*1)
	VMOVDQU Y1, 32(DI)(R9*1)
	ADDQ    $64, R9
	CMPQ    R9, $1024
	JNE     finish
	VZEROUPPER
	RET
