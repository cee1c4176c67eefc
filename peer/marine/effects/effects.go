// SPDX-License-Identifier: Apache-2.0

// Package effects is what a Wasm module may do outside itself: read and write the
// folders it is given, run the host binaries it is allowed, read clocks and
// randomness as a policy says. Every effect is charged to the gas of the call
// that causes it, bounded, and reaches nothing but what it was given.
package effects

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental/sysfs"
	"github.com/tetratelabs/wazero/sys"
)

// Policy says which sources outside the call a module may read. The zero value
// is deterministic: random bytes are the same in every run, the clock shows the
// particle's timestamp, sleeping takes no time.
type Policy struct {
	Random bool // the system's randomness
	Clock  bool // the system's clocks; sleeping takes time
}

// Call is how effects see the call that is running. Charge and ChargeTime end
// the guest, by a panic that the engine recovers, when its gas does not suffice.
type Call interface {
	Context() context.Context
	Charge(bytes int)               // for the handling of that many bytes
	ChargeTime(time.Duration)       // for the time that a guest lets pass
	Timestamp() time.Time           // of the particle, for the deterministic clock
	Output(stream string, b []byte) // what the guest wrote to stdout or stderr
}

// Mount is a folder and where the guest sees it.
type Mount struct {
	Guest  string
	Folder *Folder
}

// Config returns the WASI surroundings of a module: no arguments, no standard
// input, its environment in the order of names given.
func (p Policy) Config(call Call, env [][2]string, mounts []Mount) wazero.ModuleConfig {
	c := wazero.NewModuleConfig().
		WithStdout(stream{call, "stdout"}).WithStderr(stream{call, "stderr"}).
		WithRandSource(&random{call: call, system: p.Random}).
		WithOsyield(func() { call.Charge(0) })
	start := time.Now()
	wall := func() (int64, int32) {
		t := call.Timestamp()
		if p.Clock {
			t = time.Now()
		}
		return t.Unix(), int32(t.Nanosecond())
	}
	ticks := int64(0)
	nano := func() int64 {
		if p.Clock {
			return int64(time.Since(start))
		}
		ticks += int64(time.Microsecond)
		return ticks
	}
	c = c.WithWalltime(wall, sys.ClockResolution(time.Millisecond)).WithNanotime(nano, sys.ClockResolution(time.Microsecond)).
		WithNanosleep(func(ns int64) {
			call.ChargeTime(time.Duration(max(ns, 0)))
			if p.Clock {
				wait(call.Context(), time.Duration(ns))
			} else {
				ticks += max(ns, 0)
			}
		})
	for _, kv := range env {
		c = c.WithEnv(kv[0], kv[1])
	}
	fs := wazero.NewFSConfig()
	for _, m := range mounts {
		fs = fs.(sysfs.FSConfig).WithSysFSMount(&guestFS{f: m.Folder, call: call}, m.Guest)
	}
	return c.WithFSConfig(fs)
}

// wait lets time pass until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// stream charges and passes on what a guest prints.
type stream struct {
	call Call
	name string
}

func (s stream) Write(b []byte) (int, error) {
	s.call.Charge(len(b))
	s.call.Output(s.name, b)
	return len(b), nil
}

// random charges what it gives. Its deterministic form is the SplitMix64
// sequence from 1: equal for all, and no source of secrets.
type random struct {
	call   Call
	system bool
	state  uint64
	rest   []byte
}

func (r *random) Read(b []byte) (int, error) {
	r.call.Charge(len(b))
	if r.system {
		return io.ReadFull(rand.Reader, b)
	}
	for i := range b {
		if len(r.rest) == 0 {
			r.state += 0x9e3779b97f4a7c15
			z := r.state
			z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
			z = (z ^ z>>27) * 0x94d049bb133111eb
			z ^= z >> 31
			for range 8 {
				r.rest = append(r.rest, byte(z))
				z >>= 8
			}
		}
		b[i], r.rest = r.rest[0], r.rest[1:]
	}
	return len(b), nil
}

// Errors of effects.
var (
	// ErrQuota says that a folder's bytes or files are used up.
	ErrQuota = errors.New("quota of the folder is used up")
	// ErrBinary says that a binary is not to be run as asked.
	ErrBinary = errors.New("binary refused")
)
