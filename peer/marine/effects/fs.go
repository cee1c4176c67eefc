// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	esys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// Bounds of names and of one listing.
const (
	maxPath    = 4096
	maxEntries = 100_000
	fileCost   = 2_000 // bytes that opening, removing or naming a file counts as
)

// guestFS is a folder as the guest of one call sees it. Symbolic and hard links
// are not made: nothing a guest does can name a file outside, or one file twice.
type guestFS struct {
	esys.UnimplementedFS
	f    *Folder
	call Call
}

// name checks and charges a path of the guest; "" is the folder itself.
func (g *guestFS) name(p string) (string, esys.Errno) {
	g.call.Charge(len(p) + fileCost)
	switch {
	case len(p) > maxPath:
		return "", esys.ENAMETOOLONG
	case strings.ContainsRune(p, 0):
		return "", esys.EINVAL
	case strings.HasPrefix(p, "/"):
		return "", esys.EPERM
	}
	p = path.Clean(p)
	if p == ".." || strings.HasPrefix(p, "../") {
		return "", esys.EPERM
	}
	return p, 0
}

// change is name for calls that write.
func (g *guestFS) change(p string) (string, esys.Errno) {
	p, errno := g.name(p)
	if errno == 0 && g.f.ReadOnly {
		errno = esys.EROFS
	}
	if errno == 0 && p == "." {
		errno = esys.EPERM
	}
	return p, errno
}

// errno names an error of the host without telling more than its kind.
func errno(err error) esys.Errno {
	var n syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.Is(err, fs.ErrNotExist):
		return esys.ENOENT
	case errors.Is(err, fs.ErrExist):
		return esys.EEXIST
	case errors.As(err, &n):
		switch n {
		case syscall.ENOTDIR:
			return esys.ENOTDIR
		case syscall.EISDIR:
			return esys.EISDIR
		case syscall.ENOTEMPTY:
			return esys.ENOTEMPTY
		case syscall.EINVAL:
			return esys.EINVAL
		case syscall.ENAMETOOLONG:
			return esys.ENAMETOOLONG
		case syscall.ELOOP:
			return esys.ELOOP
		}
	case errors.Is(err, fs.ErrClosed):
		return esys.EBADF
	}
	return esys.EPERM // a path that leaves the folder, among others
}

func stat(info fs.FileInfo) sys.Stat_t {
	t := info.ModTime().UnixNano()
	return sys.Stat_t{Mode: info.Mode(), Nlink: 1, Size: info.Size(), Atim: t, Mtim: t, Ctim: t}
}

// OpenFile implements esys.FS.
func (g *guestFS) OpenFile(p string, flag esys.Oflag, _ fs.FileMode) (esys.File, esys.Errno) {
	slash := strings.HasSuffix(p, "/")
	p, no := g.name(p)
	if no != 0 {
		return nil, no
	}
	mode := flag & (esys.O_RDWR | esys.O_WRONLY)
	writes := mode != esys.O_RDONLY || flag&(esys.O_CREAT|esys.O_TRUNC|esys.O_APPEND) != 0
	info, err := g.f.root.Lstat(p)
	switch {
	case err == nil && info.Mode()&fs.ModeSymlink != 0 && flag&esys.O_NOFOLLOW != 0:
		return nil, esys.ELOOP
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		info, err = g.f.root.Stat(p)
	}
	switch {
	case err == nil && flag&esys.O_EXCL != 0 && flag&esys.O_CREAT != 0:
		return nil, esys.EEXIST
	case err == nil && info.IsDir():
		if writes && mode != esys.O_RDONLY {
			return nil, esys.EISDIR
		}
		return g.openDir(p, info)
	case err == nil && (flag&esys.O_DIRECTORY != 0 || slash):
		return nil, esys.ENOTDIR
	case err == nil && !info.Mode().IsRegular():
		return nil, esys.EPERM // devices, pipes, sockets
	case err != nil && (!errors.Is(err, fs.ErrNotExist) || flag&esys.O_CREAT == 0 || flag&esys.O_DIRECTORY != 0 || slash):
		return nil, errno(err)
	case writes && g.f.ReadOnly:
		return nil, esys.EROFS
	}
	return g.openRegular(p, flag, mode, err != nil)
}

func (g *guestFS) openRegular(p string, flag, mode esys.Oflag, fresh bool) (esys.File, esys.Errno) {
	how := map[esys.Oflag]int{esys.O_RDONLY: os.O_RDONLY, esys.O_RDWR: os.O_RDWR, esys.O_WRONLY: os.O_WRONLY}[mode]
	quota := g.f.quotaOf(p)
	if quota == nil {
		return nil, esys.EPERM
	}
	if fresh {
		if !quota.take(0, 1) {
			return nil, enospc
		}
		how |= os.O_CREATE | os.O_EXCL
	}
	file, err := g.f.root.OpenFile(p, how, 0o600)
	if err != nil {
		if fresh {
			quota.take(0, -1)
		}
		return nil, errno(err)
	}
	of := &guestFile{g: g, f: file, quota: quota, append: flag&esys.O_APPEND != 0}
	of.seek = of.seekTo
	if flag&esys.O_TRUNC != 0 && mode != esys.O_RDONLY {
		if no := of.Truncate(0); no != 0 {
			_ = file.Close()
			return nil, no
		}
	}
	return of, 0
}

// enospc is what a used-up quota looks like to the guest: wazero knows no ENOSPC.
const enospc = esys.EPERM

// Lstat implements esys.FS.
func (g *guestFS) Lstat(p string) (sys.Stat_t, esys.Errno) { return g.stat(p, g.f.root.Lstat) }

// Stat implements esys.FS.
func (g *guestFS) Stat(p string) (sys.Stat_t, esys.Errno) { return g.stat(p, g.f.root.Stat) }

func (g *guestFS) stat(p string, of func(string) (fs.FileInfo, error)) (sys.Stat_t, esys.Errno) {
	slash := strings.HasSuffix(p, "/")
	p, no := g.name(p)
	if no != 0 {
		return sys.Stat_t{}, no
	}
	info, err := of(p)
	if err != nil {
		return sys.Stat_t{}, errno(err)
	}
	if slash && !info.IsDir() {
		return sys.Stat_t{}, esys.ENOTDIR
	}
	return stat(info), 0
}

// Mkdir implements esys.FS.
func (g *guestFS) Mkdir(p string, _ fs.FileMode) esys.Errno {
	p, no := g.change(p)
	if no != 0 {
		return no
	}
	quota := g.f.quotaOf(p)
	if quota == nil || !quota.take(0, 1) {
		return enospc
	}
	err := g.f.root.Mkdir(p, 0o700)
	if err != nil {
		quota.take(0, -1)
	}
	return errno(err)
}

// Rename implements esys.FS. A regular file or a folder takes a free name, or the
// place of a regular file.
func (g *guestFS) Rename(from, to string) esys.Errno {
	slash := strings.HasSuffix(from, "/") || strings.HasSuffix(to, "/")
	from, no := g.change(from)
	if no != 0 {
		return no
	}
	if to, no = g.change(to); no != 0 {
		return no
	}
	quota := g.f.quotaOf(from)
	if quota == nil || quota != g.f.quotaOf(to) {
		return esys.EPERM
	}
	if info, err := g.f.root.Lstat(from); slash && err == nil && !info.IsDir() {
		return esys.ENOTDIR
	}
	old, err := g.f.root.Lstat(to)
	if err := g.f.root.Rename(from, to); err != nil {
		return errno(err)
	}
	if err == nil && from != to {
		quota.take(-old.Size(), -1)
	}
	return 0
}

// Unlink implements esys.FS.
func (g *guestFS) Unlink(p string) esys.Errno { return g.remove(p, false) }

// Rmdir implements esys.FS.
func (g *guestFS) Rmdir(p string) esys.Errno { return g.remove(p, true) }

func (g *guestFS) remove(p string, dir bool) esys.Errno {
	slash := strings.HasSuffix(p, "/")
	p, no := g.change(p)
	if no != 0 {
		return no
	}
	quota := g.f.quotaOf(p)
	if quota == nil {
		return esys.EPERM
	}
	info, err := g.f.root.Lstat(p)
	switch {
	case err != nil:
		return errno(err)
	case !info.IsDir() && (dir || slash):
		return esys.ENOTDIR
	case !dir && info.IsDir():
		return esys.EISDIR
	}
	if err := g.f.root.Remove(p); err != nil {
		return errno(err)
	}
	size := int64(0)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	quota.take(-size, -1)
	return 0
}

// Link implements esys.FS: links are not made.
func (g *guestFS) Link(string, string) esys.Errno { return esys.EPERM }

// Symlink implements esys.FS: links are not made.
func (g *guestFS) Symlink(string, string) esys.Errno { return esys.EPERM }

// Readlink implements esys.FS: what the host linked stays unnamed.
func (g *guestFS) Readlink(string) (string, esys.Errno) { return "", esys.EPERM }

// Chmod implements esys.FS: modes are the host's.
func (g *guestFS) Chmod(string, fs.FileMode) esys.Errno { return esys.EPERM }

// Utimens implements esys.FS.
func (g *guestFS) Utimens(p string, atim, mtim int64) esys.Errno {
	p, no := g.change(p)
	if no != 0 {
		return no
	}
	return errno(g.f.root.Chtimes(p, time.Unix(0, atim), time.Unix(0, mtim)))
}
