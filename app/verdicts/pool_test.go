// SPDX-License-Identifier: Apache-2.0

package verdicts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-fluence/fluence/app/verdicts"
	"github.com/go-fluence/fluence/proofs/capacity"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// batch returns a batch of n proofs of key k.
func batch(k byte, n int) capacitytypes.Batch {
	b := capacitytypes.Batch{Seq: uint64(k), Key: make([]byte, 32)}
	b.Key[0] = k
	for i := range n {
		claim := make([]byte, 64)
		claim[0], claim[32] = byte(i), byte(i%2) // every second hash is false to quick
		b.Claims = append(b.Claims, claim...)
	}
	return b
}

// verifier is a function that verifies.
type verifier func(ctx context.Context, key [32]byte, n int) ([]capacity.Verdict, error)

func (f verifier) Verify(ctx context.Context, key [32]byte, nonces, _ [][32]byte) ([]capacity.Verdict, error) {
	return f(ctx, key, len(nonces))
}

func valid(n int) []capacity.Verdict { return slices.Repeat([]capacity.Verdict{capacity.Valid}, n) }

func await(t *testing.T, p *verdicts.Pool, d time.Duration, batches ...capacitytypes.Batch) [][]capacity.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return p.Await(ctx, batches)
}

func TestFollowedBatchesAreVerifiedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, quick{}, verdicts.Config{})
		a, b := batch(1, 2), batch(2, 3)
		p.Follow([]capacitytypes.Batch{a, b})
		synctest.Wait()
		for _, x := range []capacitytypes.Batch{a, b} {
			if v, ok := p.Lookup(x); !ok || len(v) != x.Len() || v[0] != capacity.Valid || v[1] != capacity.Invalid {
				t.Errorf("Lookup = %v, %v", v, ok)
			}
		}
		if _, ok := p.Lookup(batch(3, 1)); ok {
			t.Error("a verdict on what nobody asked for")
		}
	})
}

func TestAwaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, verifier(func(ctx context.Context, _ [32]byte, _ int) ([]capacity.Verdict, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), verdicts.Config{})
		start := time.Now()
		if got := await(t, p, 3*time.Second, batch(1, 1)); got[0] != nil {
			t.Errorf("Await = %v", got)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("Await took %v", took)
		}
	})
}

// TestWhatIsJudgedGoesFirst: a block waits for its verdicts, whatever else is named.
func TestWhatIsJudgedGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []byte
		p := newPool(t, verifier(func(_ context.Context, key [32]byte, n int) ([]capacity.Verdict, error) {
			<-time.After(time.Second) // of the bubble's clock
			order = append(order, key[0])
			return valid(n), nil
		}), verdicts.Config{Parallel: 1})
		p.Follow([]capacitytypes.Batch{batch(1, 1), batch(2, 1), batch(3, 1)})
		synctest.Wait()
		if got := await(t, p, 10*time.Second, batch(3, 1)); got[0] == nil {
			t.Fatal("no verdict")
		}
		if !slices.Equal(order, []byte{1, 3}) {
			t.Errorf("verified in the order %v, want 1 3", order)
		}
	})
}

// TestUnknownIsTriedAgain: a verifier that is lost delays a verdict; part of a batch
// is no verdict.
func TestUnknownIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		p := newPool(t, verifier(func(_ context.Context, _ [32]byte, n int) ([]capacity.Verdict, error) {
			switch tries++; tries {
			case 1:
				return make([]capacity.Verdict, n), capacity.ErrUnavailable
			case 2:
				return []capacity.Verdict{capacity.Valid, capacity.Unknown}, errors.New("lost half way")
			case 3:
				return nil, nil
			default:
				return valid(n), nil
			}
		}), verdicts.Config{Pause: time.Second})
		start := time.Now()
		if got := await(t, p, time.Minute, batch(1, 2)); got[0] == nil {
			t.Fatal("no verdict")
		}
		if took := time.Since(start); tries != 4 || took != 3*time.Second {
			t.Errorf("%d tries in %v, want 4 in 3 s", tries, took)
		}
	})
}

func TestPoolIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, quick{}, verdicts.Config{Kept: 10, Ahead: 10})
		for i := range 100 {
			p.Follow([]capacitytypes.Batch{batch(byte(i), 1)})
			synctest.Wait()
		}
		kept := 0
		for i := range 100 {
			if _, ok := p.Lookup(batch(byte(i), 1)); ok {
				kept++
				if i < 90 {
					t.Errorf("batch %d is kept, newer ones are not", i)
				}
			}
		}
		if kept != 10 {
			t.Errorf("%d kept, want 10", kept)
		}
	})
}

func TestBadConfigIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		v   capacity.Verifier
		cfg verdicts.Config
	}{
		"no verifier":     {nil, verdicts.Config{}},
		"negative":        {quick{}, verdicts.Config{Parallel: -1}},
		"negative wait":   {quick{}, verdicts.Config{Wait: -1}},
		"fewer than used": {quick{}, verdicts.Config{Kept: 1, Ahead: 2}},
	} {
		if _, err := verdicts.New(tt.v, tt.cfg); !errors.Is(err, verdicts.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPoolHammer has many goroutines name, await and look up batches; run with -race.
func TestPoolHammer(t *testing.T) {
	p := newPool(t, quick{}, verdicts.Config{Parallel: 4, Kept: 64, Ahead: 32})
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				b := batch(byte(g*50+i), 2)
				p.Follow([]capacitytypes.Batch{b, batch(byte(i), 1)})
				if got := await(t, p, time.Minute, b); got[0] == nil {
					errs <- fmt.Errorf("batch %d of %d has no verdict", i, g)
					return
				}
				p.Lookup(b)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}
