// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
	"github.com/go-fluence/fluence/proofs/beacon"
	beacontypes "github.com/go-fluence/fluence/x/beacon/types"
)

func TestEveryEpochGetsAValueOfAllProposers(t *testing.T) {
	n := apptest.New(t, apptest.Config{Validators: 3})
	for range 40 {
		_, err := n.Step()
		require.NoError(t, err)
	}
	ctx, k := n.Context(), n.Apps[0].Beacon
	require.NoError(t, k.CheckInvariants(ctx))
	seen := map[[32]byte]bool{}
	for epoch := uint64(1); epoch <= 3; epoch++ {
		b, err := k.Beacon(ctx, epoch)
		require.NoError(t, err)
		require.EqualValues(t, beacontypes.LocalWindow, b.Outputs)
		nonce, err := k.Nonce(ctx, epoch)
		require.NoError(t, err)
		require.Equal(t, beacon.Nonce(params.ChainIDLocal, epoch, [32]byte(b.Value)), nonce)
		require.False(t, seen[nonce])
		seen[nonce] = true
		void, err := n.Apps[0].Epoch.Void(ctx, epoch)
		require.NoError(t, err)
		require.False(t, void)
	}
}

func TestProposalWithAForeignOutputIsRejected(t *testing.T) {
	tests := map[string]struct {
		payload func(n *apptest.Network, height int64) []byte
		ok      bool
	}{
		"nothing": {func(*apptest.Network, int64) []byte { return nil }, true},
		"the proposer's": {func(n *apptest.Network, h int64) []byte {
			return n.Validators[n.Proposer()].VRF.Prove(beacon.OutputAlpha(params.ChainIDLocal, h))
		}, true},
		"another validator's": {func(n *apptest.Network, h int64) []byte {
			return n.Validators[(n.Proposer()+1)%3].VRF.Prove(beacon.OutputAlpha(params.ChainIDLocal, h))
		}, false},
		"of another height": {func(n *apptest.Network, h int64) []byte {
			return n.Validators[n.Proposer()].VRF.Prove(beacon.OutputAlpha(params.ChainIDLocal, h+1))
		}, false},
		"one byte too many": {func(n *apptest.Network, h int64) []byte {
			return append(n.Validators[n.Proposer()].VRF.Prove(beacon.OutputAlpha(params.ChainIDLocal, h)), 0)
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := apptest.New(t, apptest.Config{Validators: 3})
			b, err := n.Propose()
			require.NoError(t, err)
			var entries []system.Entry
			if p := tt.payload(n, b.Height); p != nil {
				entries = append(entries, system.Entry{Kind: uint32(system.KindBeacon), Payload: p})
			}
			b.Txs[0], err = system.Encode(n.Apps[0].TxConfig(), system.NewMsg(b.Height, entries))
			require.NoError(t, err)
			ok, err := n.Judge(0, b)
			require.NoError(t, err)
			require.Equal(t, tt.ok, ok)
			if !tt.ok {
				require.EqualValues(t, 1, n.Apps[0].Rejections(app.ReasonSystem))
			}
		})
	}
}

func TestWithoutOutputsAnEpochIsVoid(t *testing.T) {
	n := apptest.New(t, apptest.Config{Options: noVRF{}})
	for range 20 {
		_, err := n.Step()
		require.NoError(t, err)
	}
	_, err := n.Apps[0].Beacon.Value(n.Context(), 1)
	require.ErrorIs(t, err, beacontypes.ErrVoid)
	void, err := n.Apps[0].Epoch.Void(n.Context(), 1)
	require.NoError(t, err)
	require.True(t, void)
}

// noVRF are the options of validators without a VRF key.
type noVRF struct{}

// Get implements servertypes.AppOptions.
func (noVRF) Get(name string) any {
	if name == app.OptionVRFKey {
		return "none"
	}
	return nil
}
