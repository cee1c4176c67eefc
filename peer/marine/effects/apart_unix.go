// SPDX-License-Identifier: Apache-2.0

//go:build unix

package effects

import (
	"os/exec"
	"syscall"
)

// apart puts a program into a process group of its own, which is killed as one.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
