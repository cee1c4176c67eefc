// SPDX-License-Identifier: Apache-2.0

//go:build sim

package host_test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// idleClients is how many clients one relay holds in the test.
const idleClients = 1000

// TestIdleClientMemory runs the clients in a process of their own and reports
// what each costs the relay: heap and stacks after a collection.
func TestIdleClientMemory(t *testing.T) {
	if relay := os.Getenv("HOST_IDLE_RELAY"); relay != "" {
		idle(t, relay)
		return
	}
	b := start(t, nil)
	before := footprint()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestIdleClientMemory$")
	cmd.Env = append(os.Environ(), "HOST_IDLE_RELAY="+b.at(t, "/ws/").Addrs[0].String()+"/p2p/"+b.ID().String())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	end := time.After(3 * time.Minute)
	for settled := 0; settled < 50; {
		select {
		case <-tick.C:
			if len(b.Peers()) == idleClients {
				settled++
			}
		case <-end:
			t.Fatalf("%d of %d clients connected", len(b.Peers()), idleClients)
		}
	}
	each := (footprint() - before) / idleClients
	t.Logf("%d idle clients cost the relay %d bytes each, %d goroutines in all", idleClients, each, runtime.NumGoroutine())
	if each > 150_000 {
		t.Errorf("an idle client costs %d bytes, want at most 150 kB", each)
	}
}

// footprint is the live heap and the stacks.
func footprint() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// idle connects the clients and waits for the end of standard input.
func idle(t *testing.T, relay string) {
	info, err := peer.AddrInfoFromP2pAddr(ma.StringCast(relay))
	if err != nil {
		t.Fatal(err)
	}
	for range idleClients {
		if err := attacker(t, nil).Connect(t.Context(), *info); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}
