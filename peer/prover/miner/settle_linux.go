// SPDX-License-Identifier: Apache-2.0

package miner

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// settle pins the calling thread and lowers the priority of all threads there are.
// The runtime starts others from an unpinned one, so that those that compute a
// dataset use every processor.
func settle(s Spec) error {
	if err := lower(s.Nice); err != nil {
		return err
	}
	if s.Processor == NoProcessor {
		return nil
	}
	var set unix.CPUSet
	set.Set(s.Processor)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("%w: processor %d: %w; name processors this process may use", ErrSpec, s.Processor, err)
	}
	return nil
}

// lower sets the niceness of every thread: on this system it is a thread's own.
func lower(nice int) error {
	if nice == 0 {
		return nil
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, nice); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("lower the priority to %d: %w", nice, err)
		}
	}
	return nil
}

// Processors returns the processors this process may use, ascending.
func Processors() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	var list []int
	for i := 0; len(list) < set.Count() && i <= maxProcessor; i++ {
		if set.IsSet(i) {
			list = append(list, i)
		}
	}
	return list
}
