// SPDX-License-Identifier: Apache-2.0

package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// EnvSupervised is set in the environment of a supervised process, whose standard
// input is then a pipe that ends when its supervisor does.
const EnvSupervised = "FLUENCED_SUPERVISED"

// probePause is the wait between two tries of a Probe.
const probePause = 200 * time.Millisecond

// Limits is what a process may use; zero means the system's own limit.
type Limits struct {
	MemoryBytes uint64 // private memory; the Go heap is told to stay 10 % below
	Files       uint64 // open files
	Nice        int    // priority, 0 to 19, higher is less urgent
}

// runOnce starts p once and waits for its end; stop asks it to end.
func (s *Supervisor) runOnce(stop context.Context, p Process, ready func()) error {
	last := &tail{}
	sinks := []io.Writer{last}
	if p.Log != "" {
		f, err := openLog(p.Log)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		sinks = append(sinks, f)
	}
	if s.joined != nil {
		sinks = append(sinks, s.joined.named(p.Name))
	}
	out := &lineWriter{w: io.MultiWriter(sinks...)}

	args := p.Args
	if p.Before != nil {
		more, err := p.Before(stop)
		if err != nil {
			return err
		}
		args = append(slices.Clone(args), more...)
	}
	cmd := exec.Command(p.Path, args...)
	cmd.Env = append(os.Environ(), append(p.Env, EnvSupervised+"=1")...)
	if p.Limits.MemoryBytes > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%d", p.Limits.MemoryBytes/10*9))
	}
	cmd.Stdout, cmd.Stderr = out, out
	// A process that outlives its pipes must not hold Wait forever.
	cmd.WaitDelay = time.Second
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer func() { _ = alive.Close() }()
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	applyLimits(cmd.Process.Pid, p.Limits)
	if p.Started != nil {
		p.Started(cmd.Process.Pid)
	}
	exit := s.await(stop, cmd, p, ready)
	out.flush()
	return died(p, exit, last)
}

// await waits for cmd, watching its readiness and stopping it when told.
func (s *Supervisor) await(stop context.Context, cmd *exec.Cmd, p Process, ready func()) error {
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	probing, cancel := context.WithCancel(stop)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		if probe(probing, p.Ready) == nil {
			ready()
		}
	}()
	defer func() { cancel(); <-probed }()
	select {
	case exit := <-done:
		return exit
	case <-stop.Done():
	}
	grace := p.Grace
	if grace == 0 {
		grace = defaultGrace
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case exit := <-done:
		return exit
	case <-time.After(grace):
		s.say("%s did not stop in %s and was killed", p.Name, grace)
		_ = cmd.Process.Kill()
		return <-done
	}
}

// probe repeats p until it is content.
func probe(ctx context.Context, p Probe) error {
	if p == nil {
		return nil
	}
	for {
		err := p(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(probePause):
		}
	}
}

// killed reports an end by a signal, which says nothing about the configuration.
func killed(err error) bool {
	var ee *exec.ExitError
	if !errors.As(err, &ee) {
		return false
	}
	ws, ok := ee.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled()
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// lineWriter passes whole lines on. Safe for concurrent use.
type lineWriter struct {
	mu  sync.Mutex // guards w and buf
	w   io.Writer
	buf []byte
}

// maxLine bounds how much of an unfinished line is held.
const maxLine = 64 << 10

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, b...)
	for {
		i := strings.IndexByte(string(l.buf), '\n')
		if i < 0 && len(l.buf) < maxLine {
			return len(b), nil
		}
		if i < 0 {
			i = len(l.buf) - 1
		}
		_, _ = l.w.Write(l.buf[:i+1])
		l.buf = append(l.buf[:0], l.buf[i+1:]...)
	}
}

func (l *lineWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) > 0 {
		_, _ = l.w.Write(append(l.buf, '\n'))
		l.buf = nil
	}
}

// prefixer joins the lines of several processes. Safe for concurrent use.
type prefixer struct {
	mu    sync.Mutex // guards w
	w     io.Writer
	width int
}

func (p *prefixer) named(name string) io.Writer { return prefixed{p, name} }

type prefixed struct {
	p    *prefixer
	name string
}

func (n prefixed) Write(b []byte) (int, error) {
	n.p.mu.Lock()
	defer n.p.mu.Unlock()
	if _, err := fmt.Fprintf(n.p.w, "%-*s | %s", n.p.width, n.name, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// tail remembers the last lines written. Not safe for concurrent use; a lineWriter guards it.
type tail struct{ lines []string }

// tailLines is how many lines are remembered.
const tailLines = 40

func (t *tail) Write(b []byte) (int, error) {
	t.lines = append(t.lines, strings.TrimRight(string(b), "\n"))
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
	return len(b), nil
}

// lastWords returns the error and hint the process printed as fluenced does.
func (t *tail) lastWords() (what, hint string) {
	for _, line := range t.lines {
		if s, ok := strings.CutPrefix(line, "fluenced: error: "); ok {
			what, hint = s, ""
		} else if s, ok := strings.CutPrefix(line, "fluenced: hint: "); ok {
			hint = s
		}
	}
	return what, hint
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
