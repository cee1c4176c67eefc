// SPDX-License-Identifier: Apache-2.0

package supervise_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/supervise"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// TestMain lets this test binary play the supervised processes.
func TestMain(m *testing.M) {
	switch os.Getenv("PLAY") {
	case "obedient": // runs until told to stop, then writes when it did
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("up")
		<-stop
		appendLine(os.Getenv("DIARY"), "stop "+os.Getenv("NAME"))
		os.Exit(0)
	case "orphan": // ends only with its supervisor
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("up")
		<-supervise.Follow(context.Background(), os.Stdin).Done()
		appendLine(os.Getenv("DIARY"), "orphan ended")
		os.Exit(0)
	case "misconfigured":
		os.Exit(term.Report(os.Stderr, term.Hint(errors.New("no port"), "give one")))
	case "brief":
		os.Exit(0)
	case "supervisor": // is killed by the test
		ctx := context.Background()
		_ = supervise.New(nil, os.Stdout, supervise.Process{Name: "a", Path: os.Args[0], Env: []string{"PLAY=orphan"}}).Run(ctx)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func appendLine(path, line string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, _ = fmt.Fprintln(f, line)
		_ = f.Close()
	}
}

// safe is a buffer that processes write to while the test reads.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func play(role, name, diary string) supervise.Process {
	self, _ := os.Executable()
	return supervise.Process{Name: name, Path: self, Env: []string{"PLAY=" + role, "NAME=" + name, "DIARY=" + diary}}
}

func TestProcessesStopInReverseAndTheirLinesAreJoined(t *testing.T) {
	dir := t.TempDir()
	diary := filepath.Join(dir, "diary")
	var joined safe
	a, b := play("obedient", "first", diary), play("obedient", "second", diary)
	a.Log = filepath.Join(dir, "logs", "first.log")
	up := func(ctx context.Context) error {
		if strings.Count(joined.String(), "up") == 0 {
			return errors.New("not yet")
		}
		return nil
	}
	a.Ready = up
	b.Ready = func(context.Context) error {
		if !strings.Contains(joined.String(), "second | up") {
			return errors.New("not yet")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := supervise.New(io.Discard, &joined, a, b)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-s.Ready()
	cancel()
	if err := <-done; err != nil {
		t.Fatalf("Run = %v, want nil", err)
	}
	if got, _ := os.ReadFile(diary); string(got) != "stop second\nstop first\n" {
		t.Errorf("order = %q, want second before first", got)
	}
	if !strings.Contains(joined.String(), "first  | up\n") {
		t.Errorf("joined = %q, want names before lines", joined.String())
	}
	if log, _ := os.ReadFile(a.Log); string(log) != "up\n" {
		t.Errorf("log file = %q, want its line", log)
	}
}

func TestAProcessThatDiesIsStartedAgain(t *testing.T) {
	p := play("obedient", "p", filepath.Join(t.TempDir(), "diary"))
	pids := make(chan int, 2)
	p.Started = func(pid int) { pids <- pid }
	ctx, cancel := context.WithCancel(t.Context())
	var notices safe
	done := make(chan error, 1)
	go func() { done <- supervise.New(&notices, nil, p).Run(ctx) }()
	first := <-pids
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if second := <-pids; second == first {
		t.Errorf("pid %d twice", first)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if !strings.Contains(notices.String(), "p died (signal: killed); starting it again in 1s") {
		t.Errorf("notices = %q", notices.String())
	}
}

func TestAProcessThatCannotRunStopsAllWithItsOwnWords(t *testing.T) {
	diary := filepath.Join(t.TempDir(), "diary")
	err := supervise.New(nil, nil, play("misconfigured", "bad", diary)).Run(t.Context())
	var he *term.HintError
	if !errors.Is(err, supervise.ErrNotRunning) || !errors.As(err, &he) || he.Hint != "give one" || !strings.Contains(err.Error(), "bad: process did not start: no port") {
		t.Errorf("Run = %v, %+v; want its error and its hint", err, he)
	}
	if err := supervise.New(nil, nil, supervise.Process{Name: "none", Path: "/no/such/file"}).Run(t.Context()); !errors.Is(err, supervise.ErrNotRunning) {
		t.Errorf("Run = %v, want ErrNotRunning", err)
	}
}

func TestAProcessThatEndsByItselfEndsAll(t *testing.T) {
	diary := filepath.Join(t.TempDir(), "diary")
	if err := supervise.New(nil, nil, play("obedient", "a", diary), play("brief", "b", diary)).Run(t.Context()); err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if got, _ := os.ReadFile(diary); string(got) != "stop a\n" && string(got) != "" {
		t.Errorf("diary = %q", got)
	}
}

func TestNothingOutlivesAKilledSupervisor(t *testing.T) {
	diary := filepath.Join(t.TempDir(), "diary")
	self, _ := os.Executable()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	proc, err := os.StartProcess(self, []string{self}, &os.ProcAttr{Env: append(os.Environ(), "PLAY=supervisor", "DIARY="+diary), Files: []*os.File{nil, w, w}})
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	buf := make([]byte, 8)
	if _, err := r.Read(buf); err != nil { // "a | up"
		t.Fatal(err)
	}
	if err := proc.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = proc.Wait()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		if got, _ := os.ReadFile(diary); strings.Contains(string(got), "orphan ended") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a process outlived its supervisor")
		}
	}
}
