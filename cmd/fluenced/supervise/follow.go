// SPDX-License-Identifier: Apache-2.0

package supervise

import (
	"context"
	"io"
	"os"
)

// Follow returns a context that ends with ctx and, in a supervised process, when
// its supervisor is gone: in then ends. In any other process it is ctx. The
// goroutine it starts lives until in ends, which is as long as the process. The
// mark of supervision is taken out of the environment: the children of this process
// have an input of their own, which they must be left to read.
func Follow(ctx context.Context, in io.Reader) context.Context {
	if os.Getenv(EnvSupervised) == "" {
		return ctx
	}
	_ = os.Unsetenv(EnvSupervised)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx
}
