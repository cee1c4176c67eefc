// SPDX-License-Identifier: Apache-2.0

// Package supervise runs processes of this program beside each other: it starts
// them in order, restarts what dies, joins their logs, and stops them in reverse.
// It ends no process it did not start, and leaves none of its own behind, not even
// when it is killed itself.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/internal/inorder"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// Waits of the supervisor.
const (
	// minBackoff and maxBackoff bound the wait before a restart, which doubles.
	minBackoff = time.Second
	maxBackoff = 30 * time.Second
	// healthyAfter is how long a process has to run to be forgiven earlier deaths.
	healthyAfter = time.Minute
	// firstTry is how soon after its very first start an exit counts as "it cannot
	// run here" instead of "it died".
	firstTry = 20 * time.Second
	// defaultGrace is the time between asking a process to stop and killing it.
	defaultGrace = 20 * time.Second
)

// ErrNotRunning reports a process that cannot run with what it was given.
var ErrNotRunning = errors.New("process did not start")

// Process is one process to keep running.
type Process struct {
	Name   string        // short, for the log prefix: "node", "peer"
	Path   string        // executable, absolute
	Args   []string      // without the executable
	Env    []string      // added to this process's environment, "KEY=value"
	Log    string        // file its output is appended to; "" for none
	Limits Limits        // what it may use
	Grace  time.Duration // time to stop in; zero for 20 s
	Ready  Probe         // nil: ready as soon as it is started
	// Before, when not nil, runs before every start and returns more arguments.
	Before func(ctx context.Context) ([]string, error)
	// Started, when not nil, is told the process id after every start.
	Started func(pid int)
}

// Probe returns nil once a process does its work; it is repeated until then.
type Probe func(ctx context.Context) error

// Supervisor runs processes. Make one with New.
type Supervisor struct {
	procs  []Process
	joined *prefixer // nil when logs are not joined
	notify io.Writer
	ready  chan struct{}
}

// New returns a supervisor of procs, which start in this order, each when the one
// before is ready, and stop in reverse. Lines of all of them are written to joined
// behind their names; nil leaves that out. What the supervisor itself has to say
// goes to notices.
func New(notices, joined io.Writer, procs ...Process) *Supervisor {
	s := &Supervisor{procs: procs, notify: notices, ready: make(chan struct{})}
	if joined != nil {
		s.joined = &prefixer{w: joined}
		for _, p := range procs {
			s.joined.width = max(s.joined.width, len(p.Name))
		}
	}
	return s
}

// Ready is closed when every process was ready once.
func (s *Supervisor) Ready() <-chan struct{} { return s.ready }

// Run starts the processes and returns when ctx has ended and all of them are gone
// (nil), or when one cannot run or ended by itself without a fault, after stopping
// the others.
//
// Errors: ErrNotRunning, with the process's own words and hint.
func (s *Supervisor) Run(ctx context.Context) error {
	units := make([]inorder.Unit, 0, len(s.procs)+1)
	for _, p := range s.procs {
		units = append(units, inorder.Unit{Run: func(stop context.Context, ready func()) error {
			return s.keep(stop, ctx, p, ready)
		}})
	}
	units = append(units, inorder.Unit{Run: func(stop context.Context, ready func()) error {
		close(s.ready)
		<-stop.Done()
		return nil
	}})
	return inorder.Run(ctx, units...)
}

// keep runs p again and again until stop ends. It returns nil when p ended with
// exit code 0. Once whole has ended, nothing is restarted.
func (s *Supervisor) keep(stop, whole context.Context, p Process, ready func()) error {
	wait, first := minBackoff, true
	for {
		begun := time.Now()
		err := s.runOnce(stop, p, ready)
		switch {
		case stop.Err() != nil || whole.Err() != nil:
			return nil
		case err == nil:
			s.say("%s ended", p.Name)
			return nil
		case first && time.Since(begun) < firstTry && !killed(err):
			return fmt.Errorf("%s: %w: %w", p.Name, ErrNotRunning, err)
		}
		first = false
		if time.Since(begun) > healthyAfter {
			wait = minBackoff
		}
		s.say("%s died (%v); starting it again in %s", p.Name, firstLine(err), wait)
		select {
		case <-stop.Done():
			return nil
		case <-whole.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, maxBackoff)
	}
}

func (s *Supervisor) say(format string, args ...any) {
	if s.notify != nil {
		_, _ = fmt.Fprintf(s.notify, "fluenced: "+format+"\n", args...)
	}
}

// died turns how a process ended and its last words into an error; nil for exit code 0.
func died(p Process, exit error, tail *tail) error {
	if exit == nil {
		return nil
	}
	what, hint := tail.lastWords()
	if what == "" {
		what = exit.Error()
	}
	err := fmt.Errorf("%s%w", what, hidden{exit})
	if hint == "" && p.Log != "" {
		hint = "its log is " + p.Log
	}
	if hint == "" {
		return err
	}
	return term.Hint(err, "%s", hint)
}

// hidden carries an error for errors.As without printing it.
type hidden struct{ error }

func (hidden) Error() string   { return "" }
func (h hidden) Unwrap() error { return h.error }
