// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
)

// The benchmarks of this file are the official load cases TC1, TC2 and TC5: 100
// clients and one relay, which runs in a process of its own, so that its CPU time
// can be told from that of the clients.
//
// Source: nox-load-testing@524e394 (what the cases do, facts only).

// relayEnv makes this test binary a relay in the named folder.
const relayEnv = "FLUENCE_TEST_RELAY"

// benchClients is the number of clients in the official cases.
const benchClients = 100

// relayMain runs a relay until standard input ends.
func relayMain(home string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	cfg := config.Default()
	cfg.ListenIP, cfg.TCPPort, cfg.WebsocketPort, cfg.HTTPPort = "127.0.0.1", 0, 0, -1
	cfg.AllowLocalAddresses, cfg.QUIC, cfg.Trace = true, false, os.Getenv(relayEnv+"_TRACE") != ""
	cfg.StoreSync = os.Getenv(relayEnv+"_NOSYNC") == ""
	cfg.PeerParticles, cfg.PeerBytes = 100_000, 4<<30
	p, err := peer.New(cfg, peer.Deps{Home: filepath.Join(home, "peer"), Version: "bench"})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	go func() {
		<-p.Ready()
		fmt.Println("ready")
	}()
	if file := os.Getenv(relayEnv + "_PROFILE"); file != "" {
		f, err := os.Create(file)
		if err != nil || pprof.StartCPUProfile(f) != nil {
			return 1
		}
		defer pprof.StopCPUProfile()
	}
	if err := p.Run(ctx); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// relayProcess is a relay in its own process.
type relayProcess struct {
	pid int
	ws  string
}

func startRelayProcess(b *testing.B) relayProcess {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	home := b.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), relayEnv+"="+home)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		b.Fatalf("relay says %q, %v", line, err)
	}
	raw, err := os.ReadFile(filepath.Join(home, "peer", peer.ReadyFile))
	if err != nil {
		b.Fatal(err)
	}
	var r peer.Ready
	if err := json.Unmarshal(raw, &r); err != nil {
		b.Fatal(err)
	}
	for _, a := range r.Multiaddrs {
		if strings.Contains(a, "/ws") {
			return relayProcess{pid: cmd.Process.Pid, ws: a}
		}
	}
	b.Fatalf("no WebSocket address in %v", r.Multiaddrs)
	return relayProcess{}
}

// cpu returns the CPU time the process has used; false where the system does not
// tell.
func (r relayProcess) cpu() (time.Duration, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.pid))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux we know
	return time.Duration(user+system) * tick, err1 == nil && err2 == nil
}

func (r relayProcess) memory() int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.pid))
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// benchClientsOf connects clients that share one interpreter.
func benchClientsOf(b *testing.B, r relayProcess, n int) []*client.Client {
	b.Helper()
	shared := air.NewInterpreter(1 << 20)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	b.Cleanup(func() { cancel(); wg.Wait() })
	clients := make([]*client.Client, n)
	for i := range clients {
		key, err := client.NewKey()
		if err != nil {
			b.Fatal(err)
		}
		c, err := client.New(client.Config{Key: key, Relay: r.ws, TTL: 30 * time.Second, Interpreter: shared})
		if err != nil {
			b.Fatal(err)
		}
		wg.Go(func() { _ = c.Run(ctx) })
		clients[i] = c
	}
	for _, c := range clients {
		select {
		case <-c.Ready():
		case <-time.After(30 * time.Second):
			b.Fatal("client cannot reach the relay")
		}
	}
	return clients
}

// measure runs one case b.N times over all clients and reports particles per
// CPU-second of the relay, latencies and losses.
func measure(b *testing.B, one func(c *client.Client) error) {
	r := startRelayProcess(b)
	clients := benchClientsOf(b, r, benchClients)
	if err := one(clients[0]); err != nil {
		b.Fatal(err)
	}
	latencies := make([]time.Duration, b.N)
	var next, lost atomic.Int64
	before, known := r.cpu()
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(b.N) {
					return
				}
				begin := time.Now()
				if err := one(c); err != nil {
					lost.Add(1)
					b.Log(err)
				}
				latencies[i] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	after, _ := r.cpu()
	slices.Sort(latencies)
	if known && after > before {
		b.ReportMetric(float64(b.N)/(after-before).Seconds(), "particles/cpu-s")
	}
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(lost.Load()), "lost")
	b.ReportMetric(float64(r.memory())/(1<<20), "relay-MiB")
}

// identityScript is op.identity on the relay and back, as the official case has it.
const identityScript = `(seq (seq (call %init_peer_id% ("getDataSrv" "-relay-") [] relay) (call %init_peer_id% ("getDataSrv" "x") [] x))
 (seq (call relay ("op" "identity") [x] y) (call %init_peer_id% ("callbackSrv" "response") [y])))`

// BenchmarkTC1 is op.identity on the relay and back.
func BenchmarkTC1(b *testing.B) {
	measure(b, func(c *client.Client) error {
		_, err := c.Execute(context.Background(), client.Script{AIR: identityScript, Args: map[string]any{"x": "hello"}})
		return err
	})
}

// BenchmarkTC2 is an ap and a canon on the relay that nobody waits for.
func BenchmarkTC2(b *testing.B) {
	const script = `(seq (call %init_peer_id% ("getDataSrv" "-relay-") [] relay) (seq (ap "x" $s) (canon relay $s #s)))`
	measure(b, func(c *client.Client) error {
		_, err := c.Send(context.Background(), client.Script{AIR: script})
		return err
	})
}

// BenchmarkTC5 is op.identity with a string of 2 MiB.
func BenchmarkTC5(b *testing.B) {
	text := make([]byte, 1<<20)
	if _, err := rand.Read(text); err != nil {
		b.Fatal(err)
	}
	x := fmt.Sprintf("%x", text)
	measure(b, func(c *client.Client) error {
		_, err := c.Execute(context.Background(), client.Script{AIR: identityScript, Args: map[string]any{"x": x}})
		return err
	})
}

// BenchmarkIdleClients tells what one idle client costs a relay in memory.
func BenchmarkIdleClients(b *testing.B) {
	for b.Loop() {
		r := startRelayProcess(b)
		runtime.GC()
		before := r.memory()
		const n = 100
		benchClientsOf(b, r, n)
		b.ReportMetric(float64(r.memory()-before)/n/1024, "KiB/client")
	}
}
