// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"cosmossdk.io/log/v2"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// outcome runs a self-test to its end and says whether consensus was let go and how
// the unit ended.
func outcome(t *testing.T, f selfTest) (ready bool, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := &node{logger: log.NewNopLogger()}
		done := make(chan error, 1)
		go func() { done <- n.runSelfTest(f)(ctx, func() { ready = true }) }()
		synctest.Wait()
		cancel()
		err = <-done
	})
	return ready, err
}

func TestWrongHashesKeepAValidatorFromConsensus(t *testing.T) {
	ready, err := outcome(t, func(context.Context) error { return fmt.Errorf("%w: hash is 00", randomx.ErrSelfTest) })
	if ready || !errors.Is(err, randomx.ErrSelfTest) {
		t.Errorf("ready %t, error %v, want not ready and %v", ready, err, randomx.ErrSelfTest)
	}
}

func TestRightHashesLetConsensusStart(t *testing.T) {
	if ready, err := outcome(t, func(context.Context) error { return nil }); !ready || err != nil {
		t.Errorf("ready %t, error %v, want ready and none", ready, err)
	}
}

func TestLackOfMemoryIsNoProofAgainstTheMachine(t *testing.T) {
	if ready, err := outcome(t, func(context.Context) error { return randomx.ErrNoMemory }); !ready || err != nil {
		t.Errorf("ready %t, error %v, want ready and none", ready, err)
	}
}

func TestASlowSelfTestRunsBesideConsensusAndStopsItWhenWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &node{logger: log.NewNopLogger()}
		started, wrong := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			done <- n.runSelfTest(func(context.Context) error {
				<-wrong
				return randomx.ErrSelfTest
			})(t.Context(), func() { close(started) })
		}()
		<-started // after selfTestWait of the bubble's time
		close(wrong)
		if err := <-done; !errors.Is(err, randomx.ErrSelfTest) {
			t.Errorf("error %v, want %v", err, randomx.ErrSelfTest)
		}
	})
}

func TestSelfTestOfThisMachinePasses(t *testing.T) {
	if err := knownHashes(t.Context()); err != nil {
		t.Fatal(err)
	}
}
