// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running opens a journal in dir and runs it until stop is called.
func running(t testing.TB, s *Store, opts JournalOptions) (j *Journal, stop func()) {
	t.Helper()
	j, err := s.Journal("particles", opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return j, stop
}

func put(t *testing.T, j *Journal, key, value string, expiry time.Time) {
	t.Helper()
	if err := j.Put(t.Context(), key, []byte(value), expiry); err != nil {
		t.Fatalf("Put(%s) = %v", key, err)
	}
}

func wantValue(t *testing.T, j *Journal, key, want string) {
	t.Helper()
	got, err := j.Get(key)
	if want == "" {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%s) = %q, %v; want ErrNotFound", key, got, err)
		}
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("Get(%s) = %q, %v; want %q", key, got, err, want)
	}
}

func TestJournalSurvivesRestart(t *testing.T) {
	s := open(t, t.TempDir())
	later := time.Now().Add(time.Hour)
	j, stop := running(t, s, JournalOptions{})
	since := j.Since()
	put(t, j, "a", "1", later)
	put(t, j, "b", "1", later)
	put(t, j, "a", "2", later)
	put(t, j, "old", "1", time.Now().Add(-time.Second))
	stop()
	j, stop = running(t, s, JournalOptions{})
	wantValue(t, j, "a", "2")
	wantValue(t, j, "b", "1")
	wantValue(t, j, "old", "")
	if !j.Since().Equal(since) {
		t.Errorf("Since = %v after a clean restart, want %v", j.Since(), since)
	}
	put(t, j, "c", "1", later)
	stop()
	j, _ = running(t, s, JournalOptions{})
	wantValue(t, j, "a", "2")
	wantValue(t, j, "c", "1")
}

func TestJournalAfterACrash(t *testing.T) {
	later := time.Now().Add(time.Hour)
	tests := map[string]struct {
		damage func(t *testing.T, dir string, files []string)
		a, b   string
		whole  bool
	}{
		"nothing lost": {func(*testing.T, string, []string) {}, "first", "second", true},
		"torn tail": {func(t *testing.T, dir string, files []string) {
			appendTo(t, files[0], newWrite("a", make([]byte, 100), 1).record)
		}, "first", "second", true},
		"flipped bit": {func(t *testing.T, dir string, files []string) {
			raw, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			raw[len(raw)-1] ^= 1
			if err := os.WriteFile(files[0], raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "first", "", false},
		"zeroed page":      {func(t *testing.T, dir string, files []string) { appendTo(t, files[0], make([]byte, 4096)) }, "first", "second", false},
		"size of 4 GiB":    {func(t *testing.T, dir string, files []string) { appendTo(t, files[0], bytes.Repeat([]byte{255}, 64)) }, "first", "second", false},
		"file removed":     {func(t *testing.T, dir string, files []string) { remove(t, files[0]) }, "", "", false},
		"manifest removed": {func(t *testing.T, dir string, _ []string) { remove(t, filepath.Join(dir, manifestName)) }, "", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			s := open(t, path)
			j, stop := running(t, s, JournalOptions{})
			put(t, j, "a", "first", later)
			put(t, j, "b", "second", later)
			stop()
			dir := filepath.Join(path, "particles")
			files, err := filepath.Glob(filepath.Join(dir, "*.log"))
			if err != nil || len(files) != 1 {
				t.Fatalf("files = %v, %v", files, err)
			}
			tt.damage(t, dir, files)
			before := j.Since()
			j, _ = running(t, s, JournalOptions{})
			wantValue(t, j, "a", tt.a)
			wantValue(t, j, "b", tt.b)
			if whole := j.Since().Equal(before); whole != tt.whole {
				t.Errorf("Since moved from %v to %v, want whole = %v", before, j.Since(), tt.whole)
			}
			put(t, j, "b", "third", later)
			wantValue(t, j, "b", "third")
		})
	}
}

func appendTo(t *testing.T, file string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func TestJournalQuotaRefusesAndTidyMakesRoom(t *testing.T) {
	s := open(t, t.TempDir())
	j, err := s.Journal("particles", JournalOptions{Quota: 3000, SegmentBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	write := func(key string, expiry time.Time) error {
		w := newWrite(key, make([]byte, 900), expiry.UnixMilli())
		if err := j.enqueue(w); err != nil {
			return err
		}
		return errors.Join(j.flush(), <-w.err)
	}
	for i := range 3 {
		if err := write(fmt.Sprint("k", i), start.Add(time.Duration(i+1)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if err := write("k3", start.Add(time.Hour)); !errors.Is(err, ErrQuota) {
		t.Fatalf("fourth write = %v, want ErrQuota", err)
	}
	if err := j.tidy(start.Add(3 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := write("k3", start.Add(time.Hour)); err != nil {
		t.Errorf("write after tidy = %v", err)
	}
	if j.Len() != 1 || j.Bytes() > 2000 {
		t.Errorf("kept %d values in %d bytes", j.Len(), j.Bytes())
	}
	if err := j.finish(); err != nil {
		t.Fatal(err)
	}
}

func TestTidyMovesTheLastLivingValue(t *testing.T) {
	s := open(t, t.TempDir())
	j, err := s.Journal("particles", JournalOptions{SegmentBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	batch := []*write{newWrite("keep", []byte("me"), start.Add(time.Hour).UnixMilli())}
	for i := range 8 {
		batch = append(batch, newWrite(fmt.Sprint(i), make([]byte, 200), start.Add(time.Second).UnixMilli()))
	}
	if err := j.writeBatch(batch); err != nil {
		t.Fatal(err)
	}
	if err := j.writeBatch([]*write{newWrite("x", nil, start.Add(time.Second).UnixMilli())}); err != nil {
		t.Fatal(err)
	}
	if err := j.tidy(start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if len(j.segs) != 1 {
		t.Errorf("%d files left, want 1", len(j.segs))
	}
	wantValue(t, j, "keep", "me")
	if err := j.finish(); err != nil {
		t.Fatal(err)
	}
	j, _ = running(t, s, JournalOptions{})
	wantValue(t, j, "keep", "me")
}

func TestJournalHammer(t *testing.T) {
	s := open(t, t.TempDir())
	j, stop := running(t, s, JournalOptions{SegmentBytes: 4 << 10, NoSync: true})
	later := time.Now().Add(time.Hour)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			key := fmt.Sprint("k", g)
			for i := range 200 {
				value := bytes.Repeat([]byte{byte(i)}, i)
				if err := j.Put(t.Context(), key, value, later); err != nil {
					t.Errorf("Put = %v", err)
					return
				}
				if got, err := j.Get(key); err != nil || !bytes.Equal(got, value) {
					t.Errorf("Get = %d bytes, %v; want %d", len(got), err, len(value))
					return
				}
			}
			if g%2 == 0 {
				j.Delete(key)
			}
		})
	}
	wg.Wait()
	stop()
	if err := j.Put(t.Context(), "late", nil, later); !errors.Is(err, ErrClosed) {
		t.Errorf("Put after the end = %v, want ErrClosed", err)
	}
}

func FuzzScan(f *testing.F) {
	w := newWrite("key", []byte("value"), 7)
	whole := append(bytes.Clone(w.record), w.data...)
	f.Add(whole)
	f.Add(append(bytes.Clone(whole), whole[:9]...))
	f.Add([]byte{255, 255, 255, 127, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		var sum int64
		end, _, err := scan(bytes.NewReader(in), func(r scanned) {
			if r.offset != sum {
				t.Fatalf("record at %d, want %d", r.offset, sum)
			}
			sum += r.size
		})
		if end != sum || end > int64(len(in)) {
			t.Fatalf("end = %d after %d of %d bytes", end, sum, len(in))
		}
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("scan = %v", err)
		}
	})
}

func BenchmarkJournalPut(b *testing.B) {
	for name, noSync := range map[string]bool{"sync": false, "nosync": true} {
		b.Run(name, func(b *testing.B) {
			s, err := Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			j, stop := running(b, s, JournalOptions{NoSync: noSync})
			data := make([]byte, 2048)
			b.SetParallelism(32)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				key := fmt.Sprintf("%p", pb)
				for pb.Next() {
					if err := j.Put(b.Context(), key, data, time.Now().Add(time.Second)); err != nil {
						b.Error(err)
					}
				}
			})
			b.StopTimer()
			stop()
			_ = s.Close()
		})
	}
}
