// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// callTimeout is far above what any single operation of the driver needs.
const callTimeout = 90 * time.Second

// driver is one Node process that runs the official packages.
type driver struct {
	in  io.WriteCloser
	cmd *exec.Cmd

	mu      sync.Mutex // guards the fields below
	last    int
	waiting map[int]chan answer
	closed  error
}

type answer struct {
	ID    int             `json:"id"`
	OK    json.RawMessage `json:"ok"`
	Error *string         `json:"error"`
}

// object is one operation's input.
type object map[string]any

// startDriver starts Node with the preload; it ends with the test.
func startDriver(t testing.TB, env ...string) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "node", "--no-warnings", "--import", "./preload.mjs", "driver.mjs")
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = testWriter{t}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start node: %v; install Node 20 or newer", err)
	}
	d := &driver{in: in, cmd: cmd, waiting: make(map[int]chan answer)}
	ready := d.expect(0)
	done := make(chan struct{})
	go func() { defer close(done); d.read(out) }()
	t.Cleanup(func() {
		_ = in.Close()
		timer := time.AfterFunc(5*time.Second, cancel)
		<-done
		_ = cmd.Wait()
		timer.Stop()
		cancel()
	})
	select {
	case <-ready:
	case <-done:
		t.Fatal("node ended before it was ready; run make npm")
	case <-time.After(callTimeout):
		t.Fatal("node is not ready in time")
	}
	return d
}

func (d *driver) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			d.mu.Lock()
			d.closed = errors.New("node process ended")
			for id, c := range d.waiting {
				close(c)
				delete(d.waiting, id)
			}
			d.mu.Unlock()
			return
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			continue
		}
		d.mu.Lock()
		if c, ok := d.waiting[a.ID]; ok {
			c <- a
			delete(d.waiting, a.ID)
		}
		d.mu.Unlock()
	}
}

func (d *driver) expect(id int) chan answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := make(chan answer, 1)
	d.waiting[id] = c
	return c
}

// try runs one operation and returns its answer or its error text.
func (d *driver) try(op string, input object) (json.RawMessage, error) {
	d.mu.Lock()
	if d.closed != nil {
		d.mu.Unlock()
		return nil, d.closed
	}
	d.last++
	id := d.last
	d.mu.Unlock()
	line := object{"id": id, "op": op}
	for k, v := range input {
		line[k] = v
	}
	text, err := json.Marshal(line)
	if err != nil {
		return nil, err
	}
	c := d.expect(id)
	d.mu.Lock()
	_, err = d.in.Write(append(text, '\n'))
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a, ok := <-c:
		switch {
		case !ok:
			return nil, errors.New("node process ended")
		case a.Error != nil:
			return nil, errors.New(*a.Error)
		}
		return a.OK, nil
	case <-time.After(callTimeout):
		return nil, fmt.Errorf("%s: no answer in %v", op, callTimeout)
	}
}

// do runs one operation that must succeed and decodes its answer into out,
// which may be nil.
func (d *driver) do(t testing.TB, op string, input object, out any) {
	t.Helper()
	ok, err := d.try(op, input)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(ok, out); err != nil {
		t.Fatalf("%s answered %.200s: %v", op, ok, err)
	}
}

// eventually waits until cond holds.
func eventually(t testing.TB, what string, limit time.Duration, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(limit)
	for !cond() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// testWriter puts a process's diagnostics into the test's log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	if len(b) > 0 && os.Getenv("INTEROP_VERBOSE") != "" {
		w.t.Logf("node: %s", b)
	}
	return len(b), nil
}
