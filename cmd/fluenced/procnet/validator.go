// SPDX-License-Identifier: Apache-2.0

package procnet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/supervise"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
)

// Validator is one validator process of a Net.
type Validator struct {
	Index    int
	Home     home.Dir
	Operator network.Account
	Ports    network.Ports
	Env      []string // added at the next Start, "KEY=value"

	net   *Net
	cmd   *exec.Cmd // nil while it does not run
	alive io.Closer // its standard input: closing it stops the process
	done  chan error
}

// RPC returns the address of the validator's CometBFT RPC, tcp://HOST:PORT.
func (v *Validator) RPC() string { return fmt.Sprintf("tcp://127.0.0.1:%d", v.Ports.RPC) }

// Start starts the process; WaitHeight tells when it works.
func (v *Validator) Start() {
	v.net.t.Helper()
	if v.cmd != nil {
		v.net.t.Fatalf("validator %d runs already", v.Index)
	}
	if err := v.start(); err != nil {
		v.net.t.Fatal(err)
	}
}

func (v *Validator) start() error {
	if err := os.MkdirAll(v.Home.Join("logs"), 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(v.Home.Log("node"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(v.net.Binary, "node", "run", "--home", string(v.Home))
	cmd.Env = append(append(os.Environ(), supervise.EnvSupervised+"=1"), v.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	if v.alive, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	v.cmd, v.done = cmd, make(chan error, 1)
	go func(done chan<- error) { done <- cmd.Wait() }(v.done)
	return nil
}

// Kill ends the process at once, as a power cut would.
func (v *Validator) Kill() {
	v.net.t.Helper()
	if err := v.signal(syscall.SIGKILL); err != nil {
		v.net.t.Fatal(err)
	}
	v.wait()
}

// Stop asks the process to end and returns how it did.
func (v *Validator) Stop() error {
	v.net.t.Helper()
	if err := v.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-v.done:
		v.cmd = nil
		return err
	case <-time.After(stopWithin):
		v.Kill()
		return fmt.Errorf("validator %d did not stop within %s", v.Index, stopWithin)
	}
}

// Wait waits for a process that is expected to end by itself.
func (v *Validator) Wait(ctx context.Context) error {
	select {
	case err := <-v.done:
		v.cmd = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause halts the process without its noticing; Resume lets it go on.
func (v *Validator) Pause() { v.must(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (v *Validator) Resume() { v.must(syscall.SIGCONT) }

func (v *Validator) must(sig syscall.Signal) {
	v.net.t.Helper()
	if err := v.signal(sig); err != nil {
		v.net.t.Fatal(err)
	}
}

func (v *Validator) signal(sig syscall.Signal) error {
	if v.cmd == nil {
		return fmt.Errorf("validator %d does not run", v.Index)
	}
	return v.cmd.Process.Signal(sig)
}

func (v *Validator) wait() {
	<-v.done
	v.cmd = nil
}

// cleanUp ends what the test left running.
func (v *Validator) cleanUp() {
	if v.cmd == nil {
		return
	}
	if v.net.t.Failed() {
		v.net.t.Logf("validator %d, last lines of its log:\n%s", v.Index, v.Log(15))
	}
	_ = v.cmd.Process.Kill()
	v.wait()
}

// Status asks the validator how it is doing.
func (v *Validator) Status(ctx context.Context) (validator.Status, error) {
	return validator.LocalStatus(ctx, v.Home)
}

// Log returns the last lines of the validator's log.
func (v *Validator) Log(lines int) string {
	text, err := os.ReadFile(v.Home.Log("node"))
	if err != nil {
		return err.Error()
	}
	return lastLines(text, lines)
}

// Run executes one command of the program on this validator's home.
func (v *Validator) Run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, v.net.Binary, append(args, "--home", string(v.Home))...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("fluenced %v: %w\n%s", args, err, errOut.String())
	}
	return out.String(), nil
}
