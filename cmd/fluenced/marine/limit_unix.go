// SPDX-License-Identifier: Apache-2.0

//go:build unix

package marine

import "syscall"

// limit bounds this process; 0 leaves a resource as it is.
func limit(memory, seconds uint64) error {
	for what, n := range map[int]uint64{syscall.RLIMIT_AS: memory, syscall.RLIMIT_CPU: seconds} {
		if n == 0 {
			continue
		}
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	return nil
}
