// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"runtime"
	"testing"

	"github.com/go-fluence/fluence/peer/chain"
)

// TestMemoryOfManyWorkers states what a worker without a live instance costs. The
// bound is that of docs/spec/worker.md.
func TestMemoryOfManyWorkers(t *testing.T) {
	w := newWorld(t)
	app := w.pack(t, "hello", smallWasm(t), nil)
	const count = 20
	before := heap()
	var deals []chain.DealID
	for n := range byte(count) {
		deals = append(deals, w.rent(n+1, app))
	}
	for _, d := range deals {
		w.running(t, d)
	}
	each := (heap() - before) / count
	t.Logf("%d KiB of heap per worker without a live instance", each>>10)
	if each > 256<<10 {
		t.Errorf("%d bytes of heap per worker, at most 256 KiB", each)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
