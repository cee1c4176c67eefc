// SPDX-License-Identifier: Apache-2.0

package system

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cosmos/cosmos-sdk/client"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterInterfaces registers the message, so that explorers and indexers can read it.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil), &MsgExecute{})
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}

// Encode returns the one transaction that carries m: no signature, no fee, no memo.
func Encode(cfg client.TxConfig, m *MsgExecute) ([]byte, error) {
	b := cfg.NewTxBuilder()
	if err := b.SetMsgs(m); err != nil {
		return nil, fmt.Errorf("set message: %w", err)
	}
	return cfg.TxEncoder()(b.GetTx())
}

// FromTx returns the system message of tx. It is found only if it is the only message.
func FromTx(tx sdk.Tx) (*MsgExecute, bool) {
	msgs := tx.GetMsgs()
	if len(msgs) != 1 {
		return nil, false
	}
	m, ok := msgs[0].(*MsgExecute)
	return m, ok
}

// Canonical checks that raw is what Encode gives for m.
//
// Errors: ErrEncoding.
func Canonical(cfg client.TxConfig, m *MsgExecute, raw []byte) error {
	want, err := Encode(cfg, m)
	if err != nil {
		return ErrEncoding.Wrap(err.Error())
	}
	if !bytes.Equal(want, raw) {
		return ErrEncoding.Wrapf("%d bytes, its message encodes to %d", len(raw), len(want))
	}
	return nil
}

type allowed struct{}

// Allow returns ctx with leave to execute a system message and a gas meter that asks for nothing: what the
// message may do is bounded by MaxPayloadBytes and by each module's budget, not by a fee nobody pays.
func Allow(ctx sdk.Context) sdk.Context {
	return ctx.WithGasMeter(freeMeter{storetypes.NewInfiniteGasMeter()}).WithValue(allowed{}, true)
}

type freeMeter struct{ storetypes.GasMeter }

// Limit is what the transaction asks for.
func (freeMeter) Limit() storetypes.Gas { return 0 }

// NewServer returns the message's handler over the sources.
func NewServer(s *Sources) MsgServer { return server{s} }

type server struct{ sources *Sources }

// Execute implements MsgServer.
//
// Errors: ErrOutside, and those of MsgExecute.ValidateFor.
func (s server) Execute(ctx context.Context, m *MsgExecute) (*MsgExecuteResponse, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	if ok, _ := sdkCtx.Value(allowed{}).(bool); !ok {
		return nil, ErrOutside
	}
	return &MsgExecuteResponse{}, s.sources.Execute(sdkCtx, m)
}
