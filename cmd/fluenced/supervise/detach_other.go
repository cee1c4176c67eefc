// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package supervise

import (
	"os/exec"
	"syscall"
)

// detach puts cmd in a process group of its own, so that Ctrl-C reaches only the
// supervisor. Its death is noticed by the end of standard input.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// applyLimits sets the priority; other limits of a running process cannot be set here.
func applyLimits(pid int, l Limits) {
	if l.Nice != 0 {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, l.Nice)
	}
}
