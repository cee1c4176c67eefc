// SPDX-License-Identifier: Apache-2.0

//go:build oracle && linux

package randomx

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Flags of the reference library.
const (
	libBest        = "-1" // what the library recommends here
	libInterpreter = "2"  // hardware AES, no compiler
	libArgon       = "66" // the same with its fastest Argon2
)

// oracle builds testdata/oracle.c against the system's librandomx.
func oracle(t testing.TB) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "oracle")
	cc := exec.Command("gcc", "-O2", "-o", bin, "testdata/oracle.c", "-lrandomx")
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("build the oracle (apt-get install gcc librandomx-dev): %v\n%s", err, out)
	}
	return bin
}

// TestAgreesWithReferenceLibrary hashes random inputs under random keys with both.
func TestAgreesWithReferenceLibrary(t *testing.T) {
	const keys, inputs = 5, 10
	bin := oracle(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	draw := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	var ask strings.Builder
	var got []string
	for range keys {
		key := draw(1 + r.IntN(MaxKeySize))
		c, err := NewCache(t.Context(), Stock(), key, Memory{})
		if err != nil {
			t.Fatal(err)
		}
		vm, err := NewVM(c, Memory{})
		if err != nil {
			t.Fatal(err)
		}
		for range inputs {
			in := draw(r.IntN(200))
			h, err := vm.Hash(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%x", in)
			if len(in) == 0 {
				text = "-"
			}
			fmt.Fprintf(&ask, "%x %s\n", key, text)
			got = append(got, fmt.Sprintf("%x", h))
		}
		_, _ = vm.Close(), c.Close()
	}
	cmd := exec.CommandContext(t.Context(), bin, libBest, "hash")
	cmd.Stdin = strings.NewReader(ask.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	want := strings.Fields(string(out))
	if len(want) != len(got) {
		t.Fatalf("oracle gave %d hashes, want %d", len(want), len(got))
	}
	asked := strings.Split(ask.String(), "\n")
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("key and input %s: hash %s, want %s", asked[i], got[i], want[i])
		}
	}
}

// cpuTime is the processor time of this thread in nanoseconds.
func cpuTime() float64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return float64(ts.Nano())
}

// TestSpeedAgainstReferenceLibrary measures both in turns, in processor time, and
// keeps the quickest of each. Its log is the source of docs/benchmarks/randomx.md.
func TestSpeedAgainstReferenceLibrary(t *testing.T) {
	if raceDetector {
		t.Log("not measured under the race detector")
		return
	}
	bin := oracle(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	lib := func(flags, what, count string) (cache, hash float64) {
		out, err := exec.CommandContext(t.Context(), bin, flags, what, count).Output()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fscan(bytes.NewReader(out), &cache, &hash); err != nil {
			t.Fatal(err)
		}
		return cache, hash
	}
	const never = 1e18
	ours, theirs, jit := [3]float64{never, never, never}, [2]float64{never, never}, [2]float64{never, never}
	for range 4 {
		c1, h1 := lib(libArgon, "time", "5")
		c2, h2 := lib(libBest, "time", "5")
		theirs = [2]float64{min(theirs[0], c1), min(theirs[1], h1)}
		jit = [2]float64{min(jit[0], c2), min(jit[1], h2)}
		start := cpuTime()
		c, err := NewCache(t.Context(), Stock(), []byte("fluenced randomx bench"), Memory{})
		if err != nil {
			t.Fatal(err)
		}
		ours[0] = min(ours[0], cpuTime()-start)
		for which, newVM := range []func(*Cache, Memory) (*VM, error){NewPortableVM, NewVM} {
			vm, err := newVM(c, Memory{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 5 {
				start := cpuTime()
				if _, err := vm.Hash(t.Context(), []byte{byte(i), 0, 0, 0}); err != nil {
					t.Fatal(err)
				}
				ours[1+which] = min(ours[1+which], cpuTime()-start)
			}
			_ = vm.Close()
		}
		_ = c.Close()
	}
	_, jitFast := lib(libBest, "fast", "50")
	_, slowFast := lib(libInterpreter, "fast", "20")
	fast := fastTimes(t)
	model, _ := os.ReadFile("/proc/cpuinfo")
	name := "unknown processor"
	for l := range strings.Lines(string(model)) {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == "model name" {
			name = strings.TrimSpace(v)
			break
		}
	}
	t.Logf("%s, %s, stock parameters, processor time of one thread:", name, runtime.Version())
	t.Logf("cache: ours %.0f ms, library %.0f ms, ratio %.2f", ours[0]/1e6, theirs[0]/1e6, theirs[0]/ours[0])
	t.Logf("light hash: portable engine %.1f ms, library's interpreter %.1f ms, ratio %.2f", ours[1]/1e6, theirs[1]/1e6, theirs[1]/ours[1])
	t.Logf("light hash: compiled engine %.1f ms, library's compiler %.1f ms, ratio %.2f", ours[2]/1e6, jit[1]/1e6, jit[1]/ours[2])
	t.Logf("fast hash: portable engine %.2f ms, library's interpreter %.2f ms, ratio %.2f", fast[0]/1e6, slowFast/1e6, slowFast/fast[0])
	t.Logf("fast hash: compiled engine %.2f ms, library's compiler %.2f ms, ratio %.2f", fast[1]/1e6, jitFast/1e6, jitFast/fast[1])
	if ratio := theirs[1] / ours[1]; ratio < 0.8 {
		t.Errorf("the portable engine has %.2f of the speed of the library's interpreter, want at least 0.8", ratio)
	}
}

// fastTimes measures a hash of the portable and of the compiled engine over a
// dataset of arbitrary content, in nanoseconds of processor time.
func fastTimes(t *testing.T) (best [2]float64) {
	d := arbitraryDataset(t, Stock())
	for which, newVM := range []func(*Dataset, Memory) (*VM, error){NewPortableFastVM, NewFastVM} {
		vm, err := newVM(d, Memory{})
		if err != nil {
			t.Fatal(err)
		}
		best[which] = 1e18
		for i := range 20 + 30*which {
			start := cpuTime()
			if _, err := vm.Hash(t.Context(), []byte{byte(i), 0, 0, 0}); err != nil {
				t.Fatal(err)
			}
			best[which] = min(best[which], cpuTime()-start)
		}
		_ = vm.Close()
	}
	return best
}

// TestWholeDatasetOfStock computes a whole dataset, about a minute of one
// processor, and hashes the vectors of its key in fast mode with both engines.
func TestWholeDatasetOfStock(t *testing.T) {
	const key = "test key 000"
	var percent uint64
	start := time.Now()
	d, err := NewDataset(t.Context(), testCache(t, Stock(), key), DatasetOptions{Progress: func(done, total uint64) {
		percent = done * 100 / total
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	t.Logf("dataset of %d MiB in %.1f s on %d processors", Stock().DatasetSize()>>20, time.Since(start).Seconds(), runtime.GOMAXPROCS(0))
	if percent != 100 {
		t.Errorf("progress ended at %d %%", percent)
	}
	if l, err := d.Item(30_000_000); err != nil || l[0] != 0x145a5091f7853099 {
		t.Errorf("item 30000000 begins with %x, %v", l[0], err)
	}
	for name, newVM := range map[string]func(*Dataset, Memory) (*VM, error){"auto": NewFastVM, "portable": NewPortableFastVM} {
		vm, err := newVM(d, Memory{})
		if err != nil {
			t.Fatal(err)
		}
		defer vm.Close()
		for _, v := range vectors(t) {
			if v.params != Stock() || v.key != key {
				continue
			}
			if got, err := vm.Hash(t.Context(), v.in); err != nil || !bytes.Equal(got[:], v.want) {
				t.Errorf("%s: Hash(%x) = %x, %v; want %x", name, v.in, got, err, v.want)
			}
		}
	}
}
