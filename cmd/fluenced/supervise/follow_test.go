// SPDX-License-Identifier: Apache-2.0

package supervise_test

import (
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/cmd/fluenced/supervise"
)

func TestChildrenOfASupervisedProcessKeepTheirInput(t *testing.T) {
	t.Setenv(supervise.EnvSupervised, "1")
	in, out := io.Pipe()
	ctx := supervise.Follow(t.Context(), in)
	_, marked := os.LookupEnv(supervise.EnvSupervised)
	require.False(t, marked, "a child would swallow its own input")
	require.NoError(t, ctx.Err())
	require.NoError(t, out.Close())
	<-ctx.Done()

	require.Equal(t, t.Context(), supervise.Follow(t.Context(), nil), "a process that nobody supervises has no watcher")
}
