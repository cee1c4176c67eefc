// SPDX-License-Identifier: Apache-2.0

package supervise

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// detach puts cmd in a process group of its own, so that Ctrl-C reaches only the
// supervisor, and has the kernel stop it when the supervisor dies.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// applyLimits sets what the system lets us set; a refusal leaves the old limit.
func applyLimits(pid int, l Limits) {
	if l.MemoryBytes > 0 {
		lim := unix.Rlimit{Cur: l.MemoryBytes, Max: l.MemoryBytes}
		_ = unix.Prlimit(pid, unix.RLIMIT_DATA, &lim, nil)
	}
	if l.Files > 0 {
		lim := unix.Rlimit{Cur: l.Files, Max: l.Files}
		_ = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &lim, nil)
	}
	if l.Nice != 0 {
		_ = unix.Setpriority(unix.PRIO_PROCESS, pid, l.Nice)
	}
}
