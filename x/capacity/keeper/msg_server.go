// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"github.com/go-fluence/fluence/x/capacity/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// account returns an address in bytes and in its one spelling.
func (k *Keeper) account(field, name string) ([]byte, string, error) {
	b, err := k.addresses.StringToBytes(name)
	if err != nil {
		return nil, "", types.ErrInvalidAddress.Wrapf("%s %q: %v", field, name, err)
	}
	name, err = k.addresses.BytesToString(b)
	return b, name, err
}

// bytes returns an address in bytes, nil of an empty one.
func (k *Keeper) bytes(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return k.addresses.StringToBytes(name)
}
