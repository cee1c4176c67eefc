// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math/rand/v2"
	"testing"
)

func TestFastBlockEqualsGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	fast := blockFunc()
	for range 200 {
		var a, b, x argonBlock
		for i := range a {
			a[i], b[i], x[i] = r.Uint64(), r.Uint64(), r.Uint64()
		}
		for _, keep := range []bool{false, true} {
			got, want := x, x
			fast(&got, &a, &b, keep)
			blockGeneric(&want, &a, &b, keep)
			if got != want {
				t.Fatalf("keep %v: blocks differ: %x, want %x", keep, got[:4], want[:4])
			}
		}
	}
}

func BenchmarkBlock(b *testing.B) {
	for name, f := range map[string]func(dst, a, b *argonBlock, keep bool){"generic": blockGeneric, "fast": blockFunc()} {
		b.Run(name, func(b *testing.B) {
			var x, y, z argonBlock
			b.SetBytes(blockWords * 8)
			for b.Loop() {
				f(&x, &y, &z, true)
			}
		})
	}
}
