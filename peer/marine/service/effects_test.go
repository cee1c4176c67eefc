// SPDX-License-Identifier: Apache-2.0

package service_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/service"
)

// folder opens a new folder under a quota.
func folder(t *testing.T, quota *effects.Quota) (string, *effects.Folder) {
	t.Helper()
	dir := t.TempDir()
	f, err := effects.OpenFolder(dir, quota)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return dir, f
}

func mounted(t *testing.T, f *effects.Folder) *service.Service {
	return start(t, func(c *service.Config) { c.Modules[0].Folders = []effects.Mount{{Guest: "/storage", Folder: f}} })
}

func expect(t *testing.T, s *service.Service, fn, args, want string) {
	t.Helper()
	if got, err := call(t, s, fn, args); err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("%s%s = %s, %v; want %s…", fn, args, got, err, want)
	}
}

func TestFilesLiveInTheirFolder(t *testing.T) {
	quota := effects.NewQuota(1000, 3)
	dir, f := folder(t, quota)
	s := mounted(t, f)
	expect(t, s, "write", `["/storage/a.txt",[104,105]]`, `"ok"`)
	expect(t, s, "read", `["/storage/a.txt"]`, `"hi"`)
	expect(t, s, "link", `[3,"","/storage/sub"]`, `"ok"`)
	expect(t, s, "link", `[2,"/storage/a.txt","/storage/sub/b.txt"]`, `"ok"`)
	expect(t, s, "list", `["/storage"]`, `"sub\n"`)
	expect(t, s, "list", `["/storage/sub"]`, `"b.txt\n"`)
	expect(t, s, "read", `["/storage/a.txt"]`, `"error: open /storage/a.txt: No such file`)
	if b, err := os.ReadFile(filepath.Join(dir, "sub", "b.txt")); err != nil || string(b) != "hi" {
		t.Errorf("on the host: %q, %v", b, err)
	}
	expect(t, s, "remove", `["/storage/sub/b.txt"]`, `"ok"`)
	expect(t, s, "remove", `["/storage/sub"]`, `"ok"`)
	if b, n := quota.Used(); b != 0 || n != 0 {
		t.Errorf("quota: %d bytes, %d files are left", b, n)
	}
}

// TestPathsDoNotEscape is W05.
func TestPathsDoNotEscape(t *testing.T) {
	dir, f := folder(t, nil)
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"abs": secret, "dir": outside, "rel": "../" + filepath.Base(outside) + "/secret", "self": "self"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil { // as an older host or another tool may have left it
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mounted(t, f)
	for _, p := range []string{
		"/storage/abs", "/storage/dir/secret", "/storage/rel", "/storage/self", "/storage/../" + secret, secret, "/storage/dir/", "/etc/passwd",
		"/storage/dir/../../../../../../.." + secret, "/storage/abs/", "/storage/./dir/./secret", "/storage//dir//secret",
	} {
		expect(t, s, "read", fmt.Sprintf("[%q]", p), `"error: `)
		expect(t, s, "write", fmt.Sprintf("[%q,[1]]", p), `"error: `)
	}
	for _, args := range []string{
		`[0,"/etc","/storage/l"]`, `[0,"file","/storage/l"]`, `[1,"/storage/file","/storage/l"]`, `[1,"/storage/abs","/storage/l"]`,
		`[2,"/storage/file","/storage/dir/x"]`, `[2,"/storage/dir/secret","/storage/x"]`, `[3,"","/storage/dir/x"]`, `[4,"","/storage/abs"]`, `[2,"/storage","/storage/x"]`,
	} {
		expect(t, s, "link", args, `"error: `)
	}
	expect(t, s, "read", `["/storage/file/"]`, `"error: `)
	if b, err := os.ReadFile(secret); err != nil || string(b) != "secret" {
		t.Errorf("the file outside: %q, %v", b, err)
	}
	if list, err := os.ReadDir(outside); err != nil || len(list) != 1 {
		t.Errorf("outside: %v, %v", list, err)
	}
}

func TestReadOnlyAndHiddenFolders(t *testing.T) {
	dir, f := folder(t, nil)
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.ReadOnly, f.Hidden = true, true
	s := mounted(t, f)
	expect(t, s, "read", `["/storage/a"]`, `"x"`)
	expect(t, s, "list", `["/storage"]`, `"error: `)
	expect(t, s, "write", `["/storage/a",[1]]`, `"error: `)
	expect(t, s, "write", `["/storage/b",[1]]`, `"error: `)
	expect(t, s, "remove", `["/storage/a"]`, `"error: `)
	expect(t, s, "link", `[2,"/storage/a","/storage/b"]`, `"error: `)
	expect(t, s, "link", `[3,"","/storage/b"]`, `"error: `)
	expect(t, s, "link", `[4,"","/storage/a"]`, `"error: `)
	if b, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(b) != "x" {
		t.Errorf("the file: %q, %v", b, err)
	}
}

// TestQuotasHold is W06: bytes and files end, and what is there is counted.
func TestQuotasHold(t *testing.T) {
	quota := effects.NewQuota(10, 2)
	dir, f := folder(t, quota)
	s := mounted(t, f)
	expect(t, s, "write", `["/storage/a",[1,2,3,4,5,6]]`, `"ok"`)
	expect(t, s, "write", `["/storage/b",[1,2,3,4,5]]`, `"error: `)
	expect(t, s, "write", `["/storage/b",[1,2,3,4]]`, `"ok"`)
	expect(t, s, "write", `["/storage/c",[]]`, `"error: `)
	expect(t, s, "link", `[3,"","/storage/d"]`, `"error: `)
	expect(t, s, "link", `[4,"","/storage/a"]`, `"error: `) // 1 MiB
	expect(t, s, "write", `["/storage/a",[1]]`, `"ok"`)
	if b, n := quota.Used(); b != 5 || n != 2 {
		t.Errorf("quota: %d bytes, %d files; want 5 and 2", b, n)
	}
	expect(t, s, "link", `[2,"/storage/a","/storage/b"]`, `"ok"`)
	if b, n := quota.Used(); b != 1 || n != 1 {
		t.Errorf("after rename: %d bytes, %d files; want 1 and 1", b, n)
	}
	if _, err := effects.OpenFolder(dir, effects.NewQuota(0, 9)); !errors.Is(err, effects.ErrQuota) {
		t.Errorf("OpenFolder = %v, want ErrQuota", err)
	}
}

// TestServicesDoNotSeeEachOther is W06: a folder is what its service was given.
func TestServicesDoNotSeeEachOther(t *testing.T) {
	_, f := folder(t, nil)
	_, g := folder(t, nil)
	a, b := mounted(t, f), mounted(t, g)
	expect(t, a, "write", `["/storage/a",[65]]`, `"ok"`)
	expect(t, b, "read", `["/storage/a"]`, `"error: `)
	expect(t, b, "list", `["/storage"]`, `""`)
}

// TestSurroundingsAreDeterministic is W07: clock, randomness, environment.
func TestSurroundingsAreDeterministic(t *testing.T) {
	t.Setenv("SECRET", "host")
	seen := map[string]bool{}
	for range 2 {
		s := start(t, func(c *service.Config) { c.Modules[0].Envs = map[string]string{"A": "b"} })
		res, err := s.Call(t.Context(), service.Call{Function: "now", Args: []byte("[]"), Params: service.Params{Particle: service.Particle{Timestamp: 1700000000123}}})
		if err != nil || string(res.JSON) != "1700000000123" {
			t.Errorf("now = %s, %v", res.JSON, err)
		}
		random, err := call(t, s, "random", "[]")
		if err != nil {
			t.Fatal(err)
		}
		seen[random] = true
		expect(t, s, "env", `["SECRET"]`, `""`)
		expect(t, s, "env", `["A"]`, `"b"`)
		expect(t, s, "env", `["service_id"]`, `"svc"`)
	}
	if len(seen) != 1 {
		t.Errorf("random bytes of two services: %v", seen)
	}
	s := start(t, func(c *service.Config) { c.Policy = effects.Policy{Random: true, Clock: true} })
	random, err := call(t, s, "random", "[]")
	if err != nil || seen[random] {
		t.Errorf("system's randomness gave %s, %v", random, err)
	}
	if res, err := s.Call(t.Context(), service.Call{Function: "now", Args: []byte("[]")}); err != nil || len(res.JSON) < 13 || string(res.JSON) < "1700000000123" {
		t.Errorf("system's clock = %s, %v", res.JSON, err)
	}
}

// TestSleepIsPaid is W01: a guest that sleeps pays a unit for each nanosecond.
func TestSleepIsPaid(t *testing.T) {
	for _, clock := range []bool{false, true} {
		s := start(t, func(c *service.Config) { c.Policy.Clock = clock })
		_, err := s.Call(t.Context(), service.Call{Function: "sleep", Args: []byte("[100000000]"), Gas: 1e9})
		if !errors.Is(err, engine.ErrOutOfGas) {
			t.Errorf("clock %v: sleep = %v, want ErrOutOfGas", clock, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err = s.Call(ctx, service.Call{Function: "sleep", Args: []byte("[1000000]"), Gas: 1e18})
		cancel()
		if clock && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sleep past the deadline = %v", err)
		}
	}
}

// TestBinaries is W11.
func TestBinaries(t *testing.T) {
	dir := t.TempDir()
	script := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return p
	}
	run := func(b effects.Binary, args string) string {
		t.Helper()
		s := start(t, func(c *service.Config) { c.Modules[0].Binaries = map[string]effects.Binary{"cat": b} })
		got, err := call(t, s, "run_cat", args)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	tests := map[string]struct {
		bin        effects.Binary
		args, want string
	}{
		"arguments reach it as they are": {effects.Binary{Path: script("args", `printf %s "$1$2"`)}, `[["$(id);","|x&"]]`, `{"ret_code":0,"error":"","stdout":[36,40,105,100,41,59,124,120,38],"stderr":[]}`},
		"its code and errors return":     {effects.Binary{Path: script("fail", `echo -n e >&2; exit 3`)}, `[[]]`, `{"ret_code":3,"error":"","stdout":[],"stderr":[101]}`},
		"it sees no environment":         {effects.Binary{Path: script("env", `printf %s "$HOME$USER"`)}, `[[]]`, `{"ret_code":0,"error":"","stdout":[],"stderr":[]}`},
		"one that hangs is killed":       {effects.Binary{Path: script("hang", `while :; do /bin/sleep 100; done`), Timeout: 50 * time.Millisecond}, `[[]]`, `{"ret_code":100000,"error":"killed at its deadline"`},
		"one that floods is killed":      {effects.Binary{Path: script("flood", `while :; do echo aaaaaaaa; done`), MaxOutput: 3}, `[[]]`, `{"ret_code":100000,"error":"more output than allowed","stdout":[97,97,97]`},
		"too many arguments":             {effects.Binary{Path: script("many", ``), MaxArgs: 3}, `[["abcd"]]`, `{"ret_code":100001,"error":"binary refused: 5 bytes of arguments: at most 3"`},
		"zero bytes":                     {effects.Binary{Path: script("zero", ``)}, `[["a\u0000b"]]`, `{"ret_code":100001,"error":"binary refused: an argument holds a zero byte"`},
		"one that is not there":          {effects.Binary{Path: filepath.Join(dir, "absent")}, `[[]]`, `{"ret_code":100001,"error":"`},
		"a relative path":                {effects.Binary{Path: "sh"}, `[[]]`, `{"ret_code":100001,"error":"binary refused: path \"sh\" is not absolute"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := run(tt.bin, tt.args); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s…", got, tt.want)
			}
		})
	}
}

// TestEffectsCostGas is W04 for effects: what the host does is paid.
func TestEffectsCostGas(t *testing.T) {
	_, f := folder(t, nil)
	s := mounted(t, f)
	cost := func(fn, args string) uint64 {
		t.Helper()
		res, err := s.Call(t.Context(), service.Call{Function: fn, Args: []byte(args)})
		if err != nil {
			t.Fatal(err)
		}
		return res.Gas
	}
	cost("flood", "[0]")
	if less, more := cost("flood", "[0]"), cost("flood", "[1000]"); more-less < 1000*512 {
		t.Errorf("1000 logs of 1 KiB cost %d, without %d", more, less)
	}
	if _, err := s.Call(t.Context(), service.Call{Function: "flood", Args: []byte("[10000000]"), Gas: 1e7}); !errors.Is(err, engine.ErrOutOfGas) {
		t.Errorf("10 000 000 logs: %v, want ErrOutOfGas", err)
	}
}
