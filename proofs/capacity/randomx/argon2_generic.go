// SPDX-License-Identifier: Apache-2.0

package randomx

func blockFunc() func(dst, a, b *argonBlock, keep bool) { return blockGeneric }
