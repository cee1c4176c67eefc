// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	esys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// guestFile is an open regular file.
type guestFile struct {
	seeker[int64]
	g      *guestFS
	f      *os.File
	quota  *Quota
	append bool
}

func (f *guestFile) Dev() (uint64, esys.Errno)       { return 0, 0 }
func (f *guestFile) Ino() (sys.Inode, esys.Errno)    { return 0, 0 }
func (f *guestFile) IsDir() (bool, esys.Errno)       { return false, 0 }
func (f *guestFile) IsAppend() bool                  { return f.append }
func (f *guestFile) SetAppend(on bool) esys.Errno    { f.append = on; return 0 }
func (f *guestFile) Close() esys.Errno               { return errno(f.f.Close()) }
func (f *guestFile) Sync() esys.Errno                { f.g.call.Charge(fileCost); return errno(f.f.Sync()) }
func (f *guestFile) Datasync() esys.Errno            { return f.Sync() }
func (f *guestFile) Utimens(int64, int64) esys.Errno { return 0 }

// Stat implements esys.File.
func (f *guestFile) Stat() (sys.Stat_t, esys.Errno) {
	f.g.call.Charge(0)
	info, err := f.f.Stat()
	if err != nil {
		return sys.Stat_t{}, errno(err)
	}
	return stat(info), 0
}

func done(n int, err error) (int, esys.Errno) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, errno(err)
}

// Read implements esys.File.
func (f *guestFile) Read(b []byte) (int, esys.Errno) {
	f.g.call.Charge(len(b))
	return done(f.f.Read(b))
}

// Pread implements esys.File.
func (f *guestFile) Pread(b []byte, off int64) (int, esys.Errno) {
	f.g.call.Charge(len(b))
	if off < 0 {
		return 0, esys.EINVAL
	}
	return done(f.f.ReadAt(b, off))
}

// Readdir implements esys.File.
func (f *guestFile) Readdir(int) ([]esys.Dirent, esys.Errno) { return nil, esys.ENOTDIR }

// seeker is the Seek of a file. It is generic for go vet, which takes a method
// Seek(int64, int) that does not return an error for a slip.
type seeker[I ~int64] struct {
	seek func(offset I, whence int) (I, esys.Errno)
}

// Seek implements esys.File.
func (s seeker[I]) Seek(offset I, whence int) (I, esys.Errno) { return s.seek(offset, whence) }

func (f *guestFile) seekTo(offset int64, whence int) (int64, esys.Errno) {
	if whence < io.SeekStart || whence > io.SeekEnd {
		return 0, esys.EINVAL
	}
	at, err := f.f.Seek(offset, whence)
	return at, errno(err)
}

// Write implements esys.File.
func (f *guestFile) Write(b []byte) (int, esys.Errno) {
	whence := io.SeekCurrent
	if f.append {
		whence = io.SeekEnd
	}
	at, err := f.f.Seek(0, whence)
	if err != nil {
		return 0, errno(err)
	}
	n, no := f.Pwrite(b, at)
	if n > 0 {
		if _, err := f.f.Seek(at+int64(n), io.SeekStart); err != nil {
			return n, errno(err)
		}
	}
	return n, no
}

// Pwrite implements esys.File. What lies beyond the end of the file is taken
// from the quota, a hole before it included.
func (f *guestFile) Pwrite(b []byte, off int64) (int, esys.Errno) {
	f.g.call.Charge(len(b))
	switch {
	case off < 0 || off > 1<<50:
		return 0, esys.EINVAL
	case f.g.f.ReadOnly:
		return 0, esys.EROFS
	}
	more, no := f.grow(off + int64(len(b)))
	if no != 0 {
		return 0, no
	}
	n, err := f.f.WriteAt(b, off)
	if err != nil {
		f.quota.take(-more, 0)
	}
	return n, errno(err)
}

// grow takes from the quota what a file of size bytes needs beyond what it has.
func (f *guestFile) grow(size int64) (int64, esys.Errno) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, errno(err)
	}
	more := max(size-info.Size(), 0)
	if !f.quota.take(more, 0) {
		return 0, enospc
	}
	return more, 0
}

// Truncate implements esys.File.
func (f *guestFile) Truncate(size int64) esys.Errno {
	f.g.call.Charge(fileCost)
	switch {
	case size < 0 || size > 1<<50:
		return esys.EINVAL
	case f.g.f.ReadOnly:
		return esys.EROFS
	}
	info, err := f.f.Stat()
	if err != nil {
		return errno(err)
	}
	more := size - info.Size()
	if more > 0 && !f.quota.take(more, 0) {
		return enospc
	}
	if err := f.f.Truncate(size); err != nil {
		f.quota.take(-max(more, 0), 0)
		return errno(err)
	}
	if more < 0 {
		f.quota.take(more, 0)
	}
	return 0
}

// guestDir is an open folder. Its entries are read at once, in the order of
// their names, so that every run sees the same.
type guestDir struct {
	seeker[int64]
	esys.DirFile
	g       *guestFS
	name    string
	info    fs.FileInfo
	entries []esys.Dirent
	read    bool
}

func (g *guestFS) openDir(p string, info fs.FileInfo) (esys.File, esys.Errno) {
	d := &guestDir{g: g, name: p, info: info}
	d.seek = d.rewind
	return d, 0
}

func (d *guestDir) Dev() (uint64, esys.Errno)       { return 0, 0 }
func (d *guestDir) Ino() (sys.Inode, esys.Errno)    { return 0, 0 }
func (d *guestDir) Stat() (sys.Stat_t, esys.Errno)  { return stat(d.info), 0 }
func (d *guestDir) Sync() esys.Errno                { return 0 }
func (d *guestDir) Datasync() esys.Errno            { return 0 }
func (d *guestDir) Utimens(int64, int64) esys.Errno { return 0 }
func (d *guestDir) Close() esys.Errno               { return 0 }

// rewind goes back to the first entry, and nowhere else.
func (d *guestDir) rewind(offset int64, whence int) (int64, esys.Errno) {
	if offset != 0 || whence != io.SeekStart {
		return 0, esys.EINVAL
	}
	d.entries, d.read = nil, false
	return 0, 0
}

// Readdir implements esys.File.
func (d *guestDir) Readdir(n int) ([]esys.Dirent, esys.Errno) {
	if !d.read {
		if no := d.load(); no != 0 {
			return nil, no
		}
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	out := d.entries[:n]
	d.entries = d.entries[n:]
	return out, 0
}

func (d *guestDir) load() esys.Errno {
	if d.g.f.Hidden && d.name == "." {
		return esys.EACCES
	}
	dir, err := d.g.f.root.Open(d.name)
	if err != nil {
		return errno(err)
	}
	defer func() { _ = dir.Close() }()
	for len(d.entries) < maxEntries {
		list, err := dir.ReadDir(512)
		for _, e := range list {
			d.g.call.Charge(len(e.Name()) + 64)
			d.entries = append(d.entries, esys.Dirent{Name: e.Name(), Type: e.Type()})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errno(err)
		}
	}
	slices.SortFunc(d.entries, func(a, b esys.Dirent) int { return strings.Compare(a.Name, b.Name) })
	d.read = true
	return 0
}
