// SPDX-License-Identifier: Apache-2.0

package params_test

import (
	"errors"
	"testing"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app/params"
)

func TestCheckEVMChainID(t *testing.T) {
	tests := map[string]struct {
		chainID    string
		configured uint64
		want       error
	}{
		"of the network":  {params.ChainIDLocal, params.EVMChainIDLocal, nil},
		"not configured":  {params.ChainIDLocal, 0, nil},
		"of another":      {params.ChainIDLocal, 262144, params.ErrEVMChainIDMismatch},
		"unknown network": {"fluence-local-2", params.EVMChainIDLocal, params.ErrUnknownNetwork},
		"no network":      {"", 0, params.ErrUnknownNetwork},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := params.CheckEVMChainID(tt.chainID, tt.configured); !errors.Is(err, tt.want) {
				t.Errorf("CheckEVMChainID(%q, %d) = %v, want %v", tt.chainID, tt.configured, err, tt.want)
			}
		})
	}
}

func TestSetSDKConfigTwice(t *testing.T) {
	params.SetSDKConfig()
	params.SetSDKConfig()
	if got := sdk.AccAddress(make([]byte, 20)).String(); got[:8] != "fluence1" {
		t.Errorf("address %s, want prefix fluence1", got)
	}
}
