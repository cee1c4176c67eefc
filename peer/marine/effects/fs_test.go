// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	esys "github.com/tetratelabs/wazero/experimental/sys"
)

// paid is a call that counts what it is charged.
type paid struct{ bytes int }

func (p *paid) Context() context.Context { return context.Background() }
func (p *paid) Charge(n int)             { p.bytes += n }
func (p *paid) ChargeTime(time.Duration) {}
func (p *paid) Timestamp() time.Time     { return time.Time{} }
func (p *paid) Output(string, []byte)    {}

// open returns a folder with a file a, a folder d and links that lead outside.
func open(t testing.TB) (*guestFS, *paid) {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "in")
	for _, err := range []error{
		os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(base, "secret"), []byte("s"), 0o600), os.Mkdir(filepath.Join(dir, "d"), 0o700),
		os.WriteFile(filepath.Join(dir, "a"), []byte("abc"), 0o600), os.Symlink("../secret", filepath.Join(dir, "l")), os.Symlink(base, filepath.Join(dir, "up")),
		os.Symlink("a", filepath.Join(dir, "ok")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenFolder(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	p := &paid{}
	return &guestFS{f: f, call: p}, p
}

// TestPathsOfAGuest names files as no well-behaved guest would.
func TestPathsOfAGuest(t *testing.T) {
	g, p := open(t)
	for _, name := range []string{"..", "../secret", "d/../../secret", "/etc/passwd", "l", "up/secret", "up", "l/", "a/", "a/..//../secret", "d/\x00", strings.Repeat("x/", 4000), "up/in/a"} {
		for _, flag := range []esys.Oflag{esys.O_RDONLY, esys.O_RDWR, esys.O_WRONLY | esys.O_CREAT, esys.O_WRONLY | esys.O_TRUNC, esys.O_CREAT | esys.O_EXCL | esys.O_RDWR, esys.O_DIRECTORY} {
			if f, errno := g.OpenFile(name, flag, 0); errno == 0 {
				t.Errorf("OpenFile(%q, %#x) gave %v", name, flag, f)
			}
		}
		if name != "l/" && name != "l" && name != "up" { // a link itself may move inside the folder
			if errno := g.Rename(name, "new"); errno == 0 {
				t.Errorf("rename of %q was done", name)
			}
		}
		for what, errno := range map[string]esys.Errno{
			"mkdir": g.Mkdir(name, 0), "rmdir": g.Rmdir(name), "rename to": g.Rename("a", name+"/x"),
			"link": g.Link("a", name), "symlink": g.Symlink(name, "new"), "chmod": g.Chmod(name, 0o777),
		} {
			if errno == 0 {
				t.Errorf("%s of %q was done", what, name)
			}
		}
	}
	if p.bytes < 13*6*fileCost {
		t.Errorf("%d bytes charged", p.bytes)
	}
	if f, errno := g.OpenFile("ok", esys.O_RDONLY, 0); errno != 0 {
		t.Errorf("a link that stays inside: %v", errno)
	} else if b := make([]byte, 9); f != nil {
		if n, errno := f.Read(b); errno != 0 || string(b[:n]) != "abc" {
			t.Errorf("Read = %q, %v", b[:n], errno)
		}
	}
}

// FuzzPaths asks that no name reaches the file beside the folder.
func FuzzPaths(f *testing.F) {
	for _, s := range []string{"../secret", "up/secret", "l", "d/../../secret", "./up/./secret", "up//secret", "ok"} {
		f.Add(s)
	}
	g, _ := open(f)
	f.Fuzz(func(t *testing.T, name string) {
		file, errno := g.OpenFile(name, esys.O_RDONLY, 0)
		if errno != 0 {
			return
		}
		b := make([]byte, 9)
		if n, _ := file.Read(b); string(b[:n]) == "s" {
			t.Fatalf("%q reached the file outside", name)
		}
		_ = file.Close()
	})
}
