// SPDX-License-Identifier: Apache-2.0

package randomx

func hasAES() bool { return false }

func aesFill1(s *aesState, out []uint64, key *aesState) { panic("randomx: no AES instructions") }

func aesHash1(s *aesState, in []uint64) { panic("randomx: no AES instructions") }
