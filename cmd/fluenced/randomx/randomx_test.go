// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
	"github.com/go-fluence/fluence/proofs/capacity/randomx/worker"
)

// asWorker makes the test binary behave as "fluenced randomx".
const asWorker = "FLUENCED_TEST_RANDOMX"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) != "" {
		cmd := Command()
		cmd.SetArgs(os.Args[1:])
		os.Exit(term.Report(os.Stderr, cmd.ExecuteContext(context.Background())))
	}
	os.Exit(m.Run())
}

// run executes the command with its streams caught.
func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut strings.Builder
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

func TestHash(t *testing.T) {
	const want = "43ef5412f7085db63dfbb799435457da870ef9a31fbe0f5a393c508a25b67a23"
	out, _, err := run(t, "hash", "--params", "fluence", "--key-hex", "01020304050607", "--input-hex", "020304050607")
	if err != nil || out != want+"\n" {
		t.Errorf("hash = %q, %v; want %s", out, err, want)
	}
	out, _, err = run(t, "hash", "--engine", "portable", "--key-hex", "01020304050607", "--input-hex", "020304050607", "--json")
	var doc map[string]string
	if err != nil || json.Unmarshal([]byte(out), &doc) != nil || doc["hash"] != want || doc["engine"] != "portable" {
		t.Errorf("hash --json = %q, %v", out, err)
	}
}

func TestMisuseIsRefused(t *testing.T) {
	hash := []string{"hash", "--key-hex", "01", "--input-hex", "02"}
	tests := map[string]struct {
		args []string
		code int
	}{
		"no key":         {[]string{"hash", "--input-hex", "02"}, term.ExitUsage},
		"no input":       {[]string{"hash", "--key-hex", "01"}, term.ExitUsage},
		"odd digits":     {[]string{"hash", "--key-hex", "0", "--input-hex", "02"}, term.ExitUsage},
		"long key":       {[]string{"hash", "--key-hex", strings.Repeat("00", 61), "--input-hex", ""}, term.ExitUsage},
		"parameters":     {append(hash, "--params", "v2"), term.ExitUsage},
		"mode":           {append(hash, "--mode", "turbo"), term.ExitUsage},
		"engine":         {append(hash, "--engine", "gpu"), term.ExitUsage},
		"bench seconds":  {[]string{"bench", "--seconds", "0"}, term.ExitUsage},
		"bench threads":  {[]string{"bench", "--threads", "-1"}, term.ExitUsage},
		"worker caches":  {[]string{"worker", "--caches", "0"}, term.ExitUsage},
		"selftest of v2": {[]string{"selftest", "--params", "v2"}, term.ExitUsage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, _, err := run(t, tt.args...)
			var he *term.HintError
			if !errors.As(err, &he) || he.Code != tt.code || he.Hint == "" || out != "" {
				t.Errorf("%v = %q, %v; want exit %d with a hint and no output", tt.args, out, err, tt.code)
			}
		})
	}
}

func TestSelftestAndBench(t *testing.T) {
	if out, _, err := run(t, "selftest", "--params", "stock"); err != nil || out != "stock    ok\n" {
		t.Errorf("selftest = %q, %v", out, err)
	}
	out, _, err := run(t, "bench", "--params", "stock", "--seconds", "1", "--json")
	var r benchResult
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || r.Hashes == 0 || r.HashesPerS <= 0 || r.MemoryBytes < randomx.CacheSize+randomx.ScratchSize {
		t.Errorf("bench --json = %q, %v", out, err)
	}
}

// TestWorkerVerifies runs the command as the child of a client.
func TestWorkerVerifies(t *testing.T) {
	t.Setenv(asWorker, "1")
	c, err := worker.New(worker.Config{Command: []string{os.Args[0], "worker"}, Params: randomx.Fluence()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	unhex := func(s string) (a [32]byte) {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		copy(a[:], b)
		return a
	}
	got, err := c.Verify(ctx,
		unhex("e4fe16bf0cdbb15875fe89d097f5a7b42dd3e8d1b8e643f69187caa14fc365fe"),
		[][32]byte{unhex("7b86585a8438ae6ad0d9203d1ac8b80647507ca9ddf3aa75c1f74cea9e2e544c")},
		[][32]byte{unhex("f68e18d50b383c98225ac86a2303215af658eb082e43abb5f176daf60619981f")})
	if err != nil || got[0] != capacity.Valid {
		t.Errorf("Verify = %v, %v; want valid", got, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}
