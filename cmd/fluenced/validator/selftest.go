// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cosmossdk.io/log/v2"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// selfTestWait is how long consensus waits for the self-test. A slower machine
// begins without its result, and stops if it fails later.
const selfTestWait = 3 * time.Second

// selfTest computes known RandomX hashes. Every verdict on a capacity proof comes
// from this code on this machine: one that computes something else must not vote.
type selfTest func(ctx context.Context) error

// knownHashes is the test that validators run.
func knownHashes(ctx context.Context) error {
	return randomx.SelfTest(ctx, randomx.Fluence(), randomx.Memory{})
}

// runSelfTest runs f beside its successors and fails when the hashes are wrong.
func (n *node) runSelfTest(f selfTest) func(ctx context.Context, ready func()) error {
	return func(ctx context.Context, ready func()) error {
		testing, stop := context.WithCancel(ctx)
		defer stop()
		result := make(chan error, 1)
		begin := time.Now()
		go func() { result <- f(testing) }()
		wait := time.NewTimer(selfTestWait)
		defer wait.Stop()
		for {
			select {
			case err := <-result:
				if err := n.judgeSelfTest(err, time.Since(begin)); err != nil {
					return err
				}
				ready()
				<-ctx.Done()
				return nil
			case <-wait.C:
				n.log().Info("the RandomX self-test takes long; consensus starts beside it")
				ready()
			case <-ctx.Done():
				stop()
				<-result
				return nil
			}
		}
	}
}

// judgeSelfTest returns an error only for wrong hashes: what could not be computed
// for lack of memory is no proof against the machine.
func (n *node) judgeSelfTest(err error, took time.Duration) error {
	switch {
	case errors.Is(err, randomx.ErrSelfTest):
		return term.Hint(fmt.Errorf("this machine must not validate: %w", err),
			"its processor or memory is faulty, or this build is wrong for it; check with: fluenced randomx selftest")
	case err != nil:
		n.log().Error("the RandomX self-test could not run", "err", err)
	default:
		n.log().Info("the RandomX self-test passed", "took", took.Round(time.Millisecond).String())
	}
	return nil
}

// log is the logger of what this package says itself; log_level knows it as server.
func (n *node) log() log.Logger { return n.logger.With("module", "server") }
