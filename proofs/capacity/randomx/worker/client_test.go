// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// roleVar makes the test binary a worker instead of running tests.
const roleVar = "FLUENCED_TEST_WORKER"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		os.Exit(runRole(role))
	}
	os.Exit(m.Run())
}

// quick is a Hasher without RandomX: the hash is SHA-256 of key and nonce.
type quick struct{ role, mark string }

func quickHash(key, nonce [32]byte) [32]byte { return sha256.Sum256(append(key[:], nonce[:]...)) }

// Hash misbehaves on nonces that begin with 0xff: as the role says, once if there
// is a mark file to make, else always.
func (q quick) Hash(ctx context.Context, key, nonce [32]byte, portable bool) ([32]byte, error) {
	if q.role == "miscompiled" && !portable {
		return [32]byte{}, nil
	}
	if nonce[0] == 0xff {
		if q.mark != "" {
			f, err := os.OpenFile(q.mark, os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return quickHash(key, nonce), nil
			}
			_ = f.Close()
		}
		switch q.role {
		case "crash":
			os.Exit(3)
		case "stall":
			<-ctx.Done()
		case "refuse":
			return nonce, randomx.ErrNoMemory
		case "garbage":
			_, _ = os.Stdout.Write([]byte{0, 0, 0, 2, 9, 9})
		case "huge":
			_, _ = os.Stdout.Write([]byte{0xff, 0xff, 0xff, 0xff, 1})
		case "wrong index":
			r := reply{kind: kindHash, id: 1, index: 7}
			_ = writeFrame(os.Stdout, r.encode())
		}
	}
	return quickHash(key, nonce), nil
}

func runRole(role string) int {
	ctx := context.Background()
	role, mark, _ := strings.Cut(role, "=")
	name, h := "fluence", Hasher(quick{role, mark})
	switch role {
	case "real":
		e, err := NewEngine(randomx.Fluence(), 1, randomx.Memory{})
		if err != nil {
			return 1
		}
		defer e.Close()
		h = e
	case "other":
		name = "stock"
	case "mute":
		<-ctx.Done()
	}
	if err := Serve(ctx, name, h, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// client starts a client whose workers play a role.
func client(t *testing.T, role string, edit func(*Config)) *Client {
	t.Helper()
	t.Setenv(roleVar, role)
	cfg := Config{
		Command: []string{os.Args[0]}, Params: randomx.Fluence(),
		Timeout: 30 * time.Second, Backoff: time.Millisecond,
	}
	if edit != nil {
		edit(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return c
}

// proofs makes n nonces with their right hashes; nonce number bad begins with 0xff.
func proofs(key [32]byte, n, bad int) (nonces, want [][32]byte) {
	for i := range n {
		nonce := [32]byte{1: byte(i), 2: byte(i >> 8)}
		if i == bad {
			nonce[0] = 0xff
		}
		nonces, want = append(nonces, nonce), append(want, quickHash(key, nonce))
	}
	return nonces, want
}

func TestVerdictsOfRandomX(t *testing.T) {
	c := client(t, "real", nil)
	// Made with an independent build of the reference library.
	key := [32]byte([]byte("\xe4\xfe\x16\xbf\x0c\xdb\xb1\x58\x75\xfe\x89\xd0\x97\xf5\xa7\xb4\x2d\xd3\xe8\xd1\xb8\xe6\x43\xf6\x91\x87\xca\xa1\x4f\xc3\x65\xfe"))
	nonce := [32]byte([]byte("\x7b\x86\x58\x5a\x84\x38\xae\x6a\xd0\xd9\x20\x3d\x1a\xc8\xb8\x06\x47\x50\x7c\xa9\xdd\xf3\xaa\x75\xc1\xf7\x4c\xea\x9e\x2e\x54\x4c"))
	hash := [32]byte([]byte("\xf6\x8e\x18\xd5\x0b\x38\x3c\x98\x22\x5a\xc8\x6a\x23\x03\x21\x5a\xf6\x58\xeb\x08\x2e\x43\xab\xb5\xf1\x76\xda\xf6\x06\x19\x98\x1f"))
	wrong := hash
	wrong[31]++
	got, err := c.Verify(t.Context(), key, [][32]byte{nonce, nonce}, [][32]byte{hash, wrong})
	if err != nil || len(got) != 2 || got[0] != capacity.Valid || got[1] != capacity.Invalid {
		t.Errorf("Verify = %v, %v; want valid and invalid", got, err)
	}
}

// TestLostWorkerDelaysAVerdict loses a worker once in the middle of a batch, in
// each way a worker can be lost.
func TestLostWorkerDelaysAVerdict(t *testing.T) {
	for _, role := range []string{"crash", "stall", "refuse", "garbage", "huge", "wrong index"} {
		t.Run(role, func(t *testing.T) {
			c := client(t, role+"="+filepath.Join(t.TempDir(), "mark"), func(cfg *Config) {
				if role == "stall" {
					cfg.Timeout = 300 * time.Millisecond
				}
			})
			key := [32]byte{1}
			nonces, want := proofs(key, 20, 9)
			want[15][0]++
			got, err := c.Verify(t.Context(), key, nonces, want)
			if err != nil {
				t.Fatalf("Verify = %v", err)
			}
			for i, v := range got {
				if (v == capacity.Valid) != (i != 15) || v == capacity.Unknown {
					t.Errorf("proof %d is %v", i, v)
				}
			}
		})
	}
}

// TestProofThatAlwaysLosesTheWorkerIsUnknown: no verdict is never "invalid", and
// the other proofs get theirs.
func TestProofThatAlwaysLosesTheWorkerIsUnknown(t *testing.T) {
	for _, role := range []string{"crash", "garbage"} {
		t.Run(role, func(t *testing.T) {
			c := client(t, role, nil)
			key := [32]byte{2}
			nonces, want := proofs(key, 12, 4)
			got, err := c.Verify(t.Context(), key, nonces, want)
			if !errors.Is(err, capacity.ErrUnavailable) {
				t.Errorf("Verify = %v, want ErrUnavailable", err)
			}
			for i, v := range got {
				if (v == capacity.Unknown) != (i == 4) || v == capacity.Invalid {
					t.Errorf("proof %d is %v", i, v)
				}
			}
		})
	}
	t.Run("refusal", func(t *testing.T) {
		c := client(t, "refuse", nil)
		nonces, want := proofs([32]byte{2}, 3, 0)
		got, err := c.Verify(t.Context(), [32]byte{2}, nonces, want)
		if !errors.Is(err, capacity.ErrUnavailable) || got[0] != capacity.Unknown {
			t.Errorf("Verify = %v, %v; want unknown and ErrUnavailable", got, err)
		}
	})
}

// TestPortableEngineHasTheLastWord lets the compiled engine err on every hash.
func TestPortableEngineHasTheLastWord(t *testing.T) {
	c := client(t, "miscompiled", nil)
	nonces, want := proofs([32]byte{3}, 8, -1)
	want[5][0]++
	got, err := c.Verify(t.Context(), [32]byte{3}, nonces, want)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if (v == capacity.Valid) != (i != 5) || v == capacity.Unknown {
			t.Errorf("proof %d is %v", i, v)
		}
	}
}

func TestWorkerWithOtherParametersGivesNoVerdict(t *testing.T) {
	for _, role := range []string{"other", "mute"} {
		c := client(t, role, func(cfg *Config) { cfg.Timeout = 200 * time.Millisecond })
		ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
		defer cancel()
		got, err := c.Verify(ctx, [32]byte{}, make([][32]byte, 2), make([][32]byte, 2))
		if !errors.Is(err, context.DeadlineExceeded) || got[0] != capacity.Unknown || got[1] != capacity.Unknown {
			t.Errorf("%s: Verify = %v, %v; want unknown until the deadline", role, got, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	c, err := New(Config{Command: []string{"x"}, Params: randomx.Stock(), Queue: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(t.Context(), [32]byte{}, make([][32]byte, 2), make([][32]byte, 1)); !errors.Is(err, capacity.ErrLengths) {
		t.Errorf("Verify of unequal lengths = %v, want ErrLengths", err)
	}
	if got, err := c.Verify(t.Context(), [32]byte{}, nil, nil); err != nil || len(got) != 0 {
		t.Errorf("Verify of nothing = %v, %v; want nothing", got, err)
	}
	if got, err := c.Verify(t.Context(), [32]byte{}, make([][32]byte, 5), make([][32]byte, 5)); !errors.Is(err, ErrQueueFull) || !errors.Is(err, capacity.ErrUnavailable) || len(got) != 5 {
		t.Errorf("Verify of too many = %v, %v; want ErrQueueFull", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Verify(ctx, [32]byte{}, make([][32]byte, 4), make([][32]byte, 4)); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify with an ended context = %v, want context.Canceled", err)
	}
	if c.queue.size != 0 || len(c.queue.order) != 0 {
		t.Errorf("%d proofs still queued, want none", c.queue.size)
	}
	if err := c.Run(ctx); err != nil {
		t.Errorf("Run with an ended context = %v", err)
	}
	if _, err := c.Verify(t.Context(), [32]byte{}, make([][32]byte, 1), make([][32]byte, 1)); !errors.Is(err, ErrStopped) {
		t.Errorf("Verify after Run = %v, want ErrStopped", err)
	}
}

func TestConfigRefuses(t *testing.T) {
	ok := Config{Command: []string{"x"}, Params: randomx.Stock()}
	for name, edit := range map[string]func(*Config){
		"no command":       func(c *Config) { c.Command = nil },
		"no parameters":    func(c *Config) { c.Params = randomx.Params{} },
		"negative workers": func(c *Config) { c.Workers = -1 },
		"negative caches":  func(c *Config) { c.Caches = -1 },
		"negative timeout": func(c *Config) { c.Timeout = -1 },
	} {
		cfg := ok
		edit(&cfg)
		if _, err := New(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: New = %v, want ErrConfig", name, err)
		}
	}
}

// TestVerifyHammer has many callers share workers that crash now and then.
func TestVerifyHammer(t *testing.T) {
	c := client(t, "crash="+filepath.Join(t.TempDir(), "mark"), func(cfg *Config) { cfg.Workers = 3 })
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			key := [32]byte{byte(i % 3)}
			nonces, want := proofs(key, 30+10*i, i)
			got, err := c.Verify(t.Context(), key, nonces, want)
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
			for j, v := range got {
				if v != capacity.Valid {
					t.Errorf("caller %d: proof %d is %v", i, j, v)
				}
			}
		})
	}
	group.Wait()
}
