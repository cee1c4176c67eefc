// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package air_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/air"
)

// BenchmarkSideBySide measures our interpreter and avm.wasm in wazero (compiled,
// warm, one instance reused) on the same inputs, in CPU time of the process.
func BenchmarkSideBySide(b *testing.B) {
	avm := newAVM(b)
	b.Run("ours", func(b *testing.B) { runCases(b, air.Invoke, cpuTime) })
	b.Run("ours_known_script", func(b *testing.B) { runCases(b, air.NewInterpreter(64<<20).Invoke, cpuTime) })
	b.Run("avm", func(b *testing.B) { runCases(b, avm.Invoke, cpuTime) })
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
