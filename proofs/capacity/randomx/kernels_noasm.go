// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package randomx

func hasAES() bool { return false }

func aesFill1(*aesState, []uint64, *aesState) { panic("randomx: no AES instructions") }

func aesHash1(*aesState, []uint64) { panic("randomx: no AES instructions") }

// blockFunc returns the fastest form of Argon2's compression function.
func blockFunc() func(dst, a, b *argonBlock, keep bool) { return blockGeneric }

func prefetch(*line) {}
