// SPDX-License-Identifier: Apache-2.0

package miner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// roleVar makes the test binary a child process.
const roleVar = "FLUENCED_TEST_MINER"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "":
		goleak.VerifyTestMain(m)
	case "serve":
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "crash":
		fmt.Fprintln(os.Stderr, "out of\norder")
		os.Exit(3)
	case "garbage":
		fmt.Println("garbage")
		forever()
	case "mute": // closes its output and lives on
		_ = os.Stdout.Close()
		forever()
	case "easy": // a hash that is not below the difficulty
		fmt.Println(`{"nonce":"` + strings.Repeat("00", 32) + `","hash":"` + strings.Repeat("ff", 32) + `"}`)
		forever()
	case "huge":
		fmt.Println(strings.Repeat("x", 10*maxLine))
		forever()
	}
}

// forever keeps a child alive whatever its parent does.
func forever() {
	for tick := time.Tick(time.Second); ; {
		<-tick
	}
}

// book keeps what a search tells and ends it after some proofs.
type book struct {
	want   int
	nonces [][32]byte
	hashes [][32]byte
	begun  bool
	rate   uint64
}

func (b *book) Found(nonce, hash [32]byte) bool {
	b.nonces, b.hashes = append(b.nonces, nonce), append(b.hashes, hash)
	return len(b.nonces) < b.want
}

func (b *book) Hashed(n uint64, _ float64) bool {
	b.begun = b.begun || n == 0
	b.rate += n
	return true
}

// spec is a search that one hash in four ends.
func spec() Spec {
	s := Spec{Params: "fluence", Key: [32]byte{1}, Start: [32]byte{2}, Processor: NoProcessor}
	for i := range s.Difficulty {
		s.Difficulty[i] = 0xff
	}
	s.Difficulty[0] = 0x3f
	return s
}

// verify hashes every proof again with an engine of its own.
func verify(t *testing.T, s Spec, b *book) {
	t.Helper()
	cache, err := randomx.NewCache(t.Context(), randomx.Fluence(), s.Key[:], randomx.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cache.Close() }()
	vm, err := randomx.NewVM(cache, randomx.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = vm.Close() }()
	for i, n := range b.nonces {
		h, err := vm.Hash(t.Context(), n[:])
		if err != nil || h != b.hashes[i] || !randomx.Below(h, s.Difficulty) {
			t.Errorf("proof %d: hash %x, found %x, error %v", i, h, b.hashes[i], err)
		}
	}
}

func TestSearchesFindProofs(t *testing.T) {
	for name, m := range map[string]Miner{"here": Local{}, "child": Process{Command: []string{os.Args[0]}}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(roleVar, "serve")
			s, b := spec(), &book{want: 2}
			if name == "child" {
				s.Nice = 5
				if p := Processors(); len(p) > 0 {
					s.Processor = p[len(p)-1]
				}
			}
			if err := m.Mine(t.Context(), s, b); err != nil {
				t.Fatal(err)
			}
			if len(b.nonces) != 2 || !b.begun {
				t.Fatalf("%d proofs, begun %t", len(b.nonces), b.begun)
			}
			verify(t, s, b)
		})
	}
}

func TestSearchEndsWithItsContext(t *testing.T) {
	for name, m := range map[string]Miner{"here": Local{}, "child": Process{Command: []string{os.Args[0]}}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(roleVar, "serve")
			ctx, cancel := context.WithCancel(t.Context())
			s := spec()
			s.Difficulty = [32]byte{} // never
			begun := make(chan struct{})
			ended := make(chan error, 1)
			go func() { ended <- m.Mine(ctx, s, startSignal{begun}) }()
			select {
			case <-begun:
			case err := <-ended:
				t.Fatalf("Mine = %v before it began", err)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Mine = %v, want nil", err)
			}
		})
	}
}

// startSignal is closed when hashing begins.
type startSignal struct{ c chan struct{} }

func (s startSignal) Found(_, _ [32]byte) bool { return true }

func (s startSignal) Hashed(n uint64, _ float64) bool {
	if n == 0 {
		select {
		case <-s.c:
		default:
			close(s.c)
		}
	}
	return true
}

func TestLostChildIsAnError(t *testing.T) {
	for role, words := range map[string]string{
		"crash": "out of order", "garbage": "answer of the miner", "easy": "not below the difficulty", "huge": "answer of the miner",
		"mute": "killed",
	} {
		t.Run(role, func(t *testing.T) {
			t.Setenv(roleVar, role)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			b := &book{want: 1}
			err := Process{Command: []string{os.Args[0]}}.Mine(ctx, spec(), b)
			if ctx.Err() != nil || err == nil || !strings.Contains(err.Error(), words) || len(b.nonces) > 0 {
				t.Errorf("Mine = %v with %d proofs, want an error that says %q", err, len(b.nonces), words)
			}
		})
	}
}

func TestBadSearchIsRefused(t *testing.T) {
	tests := map[string]func(*Spec){
		"unknown parameters": func(s *Spec) { s.Params = "other" },
		"processor -2":       func(s *Spec) { s.Processor = -2 },
		"processor 10^6":     func(s *Spec) { s.Processor = 1e6 },
		"nice -1":            func(s *Spec) { s.Nice = -1 },
		"nice 20":            func(s *Spec) { s.Nice = 20 },
		"builders -1":        func(s *Spec) { s.Builders = -1 },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			s := spec()
			edit(&s)
			for _, m := range []Miner{Local{}, Process{Command: []string{os.Args[0]}}} {
				if err := m.Mine(t.Context(), s, &book{want: 1}); !errors.Is(err, ErrSpec) {
					t.Errorf("%T: Mine = %v, want %v", m, err, ErrSpec)
				}
			}
			line, err := encodeSpec(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := Serve(t.Context(), bytes.NewReader(append(line, '\n')), &bytes.Buffer{}); !errors.Is(err, ErrSpec) {
				t.Errorf("Serve = %v, want %v", err, ErrSpec)
			}
		})
	}
	if err := (Process{}).Mine(t.Context(), spec(), &book{}); !errors.Is(err, ErrSpec) {
		t.Errorf("Mine without a command = %v, want %v", err, ErrSpec)
	}
}

func FuzzDecodeSpec(f *testing.F) {
	line, err := encodeSpec(spec())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"params":"stock","key":"00"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := decodeSpec(line)
		if err != nil {
			return
		}
		again, err := encodeSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeSpec(again); err != nil || back != s {
			t.Fatalf("%+v became %+v, %v", s, back, err)
		}
	})
}

func FuzzTell(f *testing.F) {
	f.Add([]byte(`{"hashes":3,"seconds":1.5}`))
	f.Add([]byte(`{"nonce":"` + strings.Repeat("00", 32) + `","hash":"` + strings.Repeat("00", 32) + `"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		b := &book{want: 2}
		if _, err := tell(line, spec().Difficulty, b); err != nil && len(b.nonces) > 0 {
			t.Fatal("a proof beside an error")
		}
	})
}
