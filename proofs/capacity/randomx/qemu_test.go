// SPDX-License-Identifier: Apache-2.0

//go:build oracle && linux

package randomx

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestOtherArchitectures runs the fast tests and two vectors for each parameter
// set on emulated processors: arm64, and big-endian s390x.
func TestOtherArchitectures(t *testing.T) {
	for arch, qemu := range map[string]string{"arm64": "qemu-aarch64", "s390x": "qemu-s390x"} {
		t.Run(arch, func(t *testing.T) {
			bin := filepath.Join(t.TempDir(), "randomx.test")
			build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", bin, ".")
			build.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("build for %s: %v\n%s", arch, err, out)
			}
			const tests = "Rounding|Bundles|Program|Reciprocal|Keys|Decryption|HardwareAES|FastBlock|Vectors/.*/(639183aa|300a0adb|624b43f2|b28c2e21)"
			run := exec.CommandContext(t.Context(), qemu, bin, "-test.run", tests, "-test.v")
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("%s (apt-get install qemu-user): %v\n%s", qemu, err, out)
			}
			if n := bytes.Count(out, []byte("    --- PASS: TestVectors/")); n != 8 {
				t.Errorf("%d vectors passed, want 4 by two names:\n%s", n, out)
			}
		})
	}
}
