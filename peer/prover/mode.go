// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// Mode says what searches compute with.
type Mode string

// The modes. Auto is Fast where it pays and fits, else Light.
const (
	Auto  Mode = "auto"
	Light Mode = "light" // a cache: 256 MiB per unit
	Fast  Mode = "fast"  // a dataset: 2 or 4 GiB per unit, built anew each epoch
)

// validate accepts the empty mode as Auto.
//
// Errors: ErrConfig.
func (m Mode) validate() error {
	switch m {
	case "", Auto, Light, Fast:
		return nil
	}
	return fmt.Errorf("%w: Mode is %q: want auto, light or fast", ErrConfig, string(m))
}

// Machine says what the machine can hold and do.
type Machine interface {
	// Available returns how many bytes of memory could be taken now; 0 when unknown.
	Available() uint64
	// Build returns how long one processor takes for one dataset item, 64 bytes.
	Build(p randomx.Params) time.Duration
	// Processors returns how many processors compute datasets.
	Processors() int
}

// buildShare is which part of an epoch the datasets of all units may take at most.
const buildShare = 10

// decide returns whether searches of that many units in an epoch of that length are
// to be fast, and why.
func decide(m Mode, p randomx.Params, units int, epoch time.Duration, on Machine) (fast bool, why string) {
	switch {
	case m == Light:
		return false, "light mode is configured"
	case m == Fast:
		return true, "fast mode is configured"
	case units == 0:
		return false, "no unit proves"
	}
	// while a dataset is built its cache is held too
	need := uint64(units)*(p.DatasetSize()+randomx.ScratchSize) + randomx.CacheSize
	have := on.Available()
	if have < need {
		return false, fmt.Sprintf("fast mode of %d units needs %d MiB, %d MiB are free", units, need>>20, have>>20)
	}
	build := on.Build(p) * time.Duration(p.Items()) * time.Duration(units) / time.Duration(max(on.Processors(), 1))
	if most := epoch / buildShare; build > most {
		return false, fmt.Sprintf("datasets of %d units take %s of an epoch of %s to build, more than a tenth", units, build.Round(time.Second), epoch)
	}
	return true, fmt.Sprintf("%d MiB are free, datasets of %d units take %s to build", have>>20, units, build.Round(time.Second))
}

// ThisMachine measures the machine it runs on.
type ThisMachine struct{}

// Available implements Machine from /proc/meminfo; other systems are unknown.
func (ThisMachine) Available() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "MemAvailable:")
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 44)
		if err != nil {
			return 0
		}
		return n << 10
	}
	return 0
}

// Build implements Machine from constants, half as long again as what
// docs/benchmarks/randomx.md measured: a measurement here would take a cache.
func (ThisMachine) Build(p randomx.Params) time.Duration {
	item := 1400 * time.Nanosecond // stock parameters, compiled engine
	if p == randomx.Fluence() {
		item = 2400 * time.Nanosecond
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" { // the portable engine
		item *= 3
	}
	return item * 3 / 2
}

// Processors implements Machine.
func (ThisMachine) Processors() int { return runtime.GOMAXPROCS(0) }
