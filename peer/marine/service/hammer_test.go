// SPDX-License-Identifier: Apache-2.0

package service_test

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/service"
)

// TestServicesAreSharedSafely starts, calls, breaks and ends services of one
// library from many goroutines.
func TestServicesAreSharedSafely(t *testing.T) {
	lib := library(t)
	wasm := evil(t, map[string]fn{"f": {none, none, ""}, "_start": {none, none, ""}}, "f()", nil)
	shared, err := service.New(t.Context(), lib, service.Config{Modules: []service.ModuleConfig{{Name: "m", Wasm: wasm}}})
	if err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			for i := range 50 {
				own, err := service.New(t.Context(), lib, service.Config{Modules: []service.ModuleConfig{{Name: "m", Wasm: wasm}}})
				if err != nil {
					return err
				}
				for _, s := range []*service.Service{own, shared} {
					gas := uint64(i % 2 * 1e6)
					if _, err := s.Call(t.Context(), service.Call{Function: "f", Args: []byte("[]"), Gas: gas}); err != nil {
						return err
					}
					if _, err := s.Call(t.Context(), service.Call{Function: "f", Args: []byte("[]"), Gas: 1}); !errors.Is(err, engine.ErrOutOfGas) {
						return errors.Join(errors.New("a call without gas went on"), err)
					}
				}
				if err := errors.Join(own.Close(t.Context()), own.Close(t.Context())); err != nil {
					return err
				}
				if _, err := own.Call(t.Context(), service.Call{Function: "f"}); !errors.Is(err, service.ErrClosed) {
					return errors.Join(errors.New("a closed service answered"), err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if err := shared.Close(context.WithoutCancel(t.Context())); err != nil || shared.MemoryUsed() != 0 {
		t.Errorf("Close = %v, %d bytes left", err, shared.MemoryUsed())
	}
}
