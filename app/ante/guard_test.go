// SPDX-License-Identifier: Apache-2.0

package ante_test

import (
	"testing"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/ante"
)

func TestPanicOfACheckIsARefusalAndIsTold(t *testing.T) {
	var told any
	check := ante.Guarded(func(sdk.Context, sdk.Tx, bool) (sdk.Context, error) { panic("unforeseen") },
		func(cause any) { told = cause })
	_, err := check(sdk.Context{}, nil, false)
	require.ErrorIs(t, err, ante.ErrPanic)
	require.Equal(t, "unforeseen", told)
}
