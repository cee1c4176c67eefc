// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"errors"
	"testing"

	cmtlog "github.com/cometbft/cometbft/libs/log"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

func TestEndOfConsensusIsReportedOnce(t *testing.T) {
	failed := make(chan error, 1)
	l := listener{cmtlog.NewNopLogger(), failed}.With("module", "consensus")
	l.Error("some other line", "err", "x")
	require.Empty(t, failed)
	l.Error(consensusFailure, "err", errors.New("wrong app hash"))
	l.Error(consensusFailure, "err", errors.New("again"))
	err := <-failed
	require.ErrorIs(t, err, ErrConsensus)
	require.ErrorContains(t, err, "wrong app hash")
	require.Empty(t, failed)

	l.Error(consensusFailure, "err", `failed to apply block; error UPGRADE "next" NEEDED at height: 62: `, "stack", "...")
	err = <-failed
	require.ErrorIs(t, err, ErrUpgrade)
	require.ErrorContains(t, err, `plan "next" at height 62`)
	var hint *term.HintError
	require.ErrorAs(t, err, &hint)
	require.Contains(t, hint.Hint, "install the version")
}
