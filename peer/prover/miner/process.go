// SPDX-License-Identifier: Apache-2.0

package miner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Process searches in a child process for each search.
type Process struct {
	// Command is the program and arguments of a child that calls Serve:
	// {"fluenced", "randomx", "mine"}.
	Command []string
}

// endWait is how long a child that was killed may keep its pipes open.
const endWait = 2 * time.Second

// errEnough ends a search that the listener does not want to go on with.
var errEnough = errors.New("enough")

// Mine implements Miner. The child is killed when ctx ends: it keeps nothing.
func (p Process) Mine(ctx context.Context, s Spec, l Listener) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if len(p.Command) == 0 {
		return fmt.Errorf("%w: no command of a child process", ErrSpec)
	}
	line, err := encodeSpec(s)
	if err != nil {
		return err
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(run, p.Command[0], p.Command[1:]...)
	cmd.WaitDelay = endWait
	var said tail
	cmd.Stderr = &said
	in, err := cmd.StdinPipe() // stays open: its end ends the child, also when this process is killed
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start miner: %w", err)
	}
	_, err = in.Write(append(line, '\n'))
	answers := lines(out)
	for err == nil && answers.Scan() {
		goOn, fault := tell(answers.Bytes(), s.Difficulty, l)
		if err = fault; err == nil && !goOn {
			err = errEnough
		}
	}
	if fault := answers.Err(); err == nil && fault != nil && ctx.Err() == nil {
		err = fmt.Errorf("answer of the miner: %w", fault)
	}
	if err != nil {
		stop(err)
	}
	_ = in.Close() // a child that has only closed its output ends with its input, or is killed
	kill := time.AfterFunc(endWait, func() { stop(nil) })
	ended := cmd.Wait()
	kill.Stop()
	switch {
	case ctx.Err() != nil, errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	case ended != nil:
		return fmt.Errorf("miner: %w: %s", ended, said.text())
	}
	return errors.New("miner ended by itself")
}

// tail keeps the last bytes of what a child says about its end.
type tail struct{ b []byte }

// tailBytes is how much of it is kept.
const tailBytes = 1024

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if n := len(t.b) - tailBytes; n > 0 {
		t.b = t.b[n:]
	}
	return len(b), nil
}

func (t *tail) text() string {
	return strings.Join(strings.Fields(string(bytes.ToValidUTF8(t.b, []byte("?")))), " ")
}
