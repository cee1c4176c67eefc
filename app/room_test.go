// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"errors"
	"testing"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// oneMessage is a transaction of one message.
type oneMessage struct{ msg sdk.Msg }

func (o oneMessage) GetMsgs() []sdk.Msg                { return []sdk.Msg{o.msg} }
func (oneMessage) GetMsgsV2() ([]proto.Message, error) { return nil, nil }
func (oneMessage) ValidateBasic() error                { return nil }
func (oneMessage) GetReflectMessages() ([]any, error)  { return nil, nil }

// wanting returns the wire form of a transaction with a gas limit and padding; kind is its body.
func wanting(kind string, gas uint64, size int) []byte {
	field := func(num protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
	}
	fee := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), gas)
	raw := append(field(1, []byte(kind)), field(2, field(2, fee))...)
	if pad := size - len(raw); pad > 8 {
		raw = append(raw, field(3, make([]byte, pad))...)
	}
	return raw
}

func TestRoomForProofs(t *testing.T) {
	a := &App{decode: func(raw []byte) (sdk.Tx, error) {
		switch {
		case bytes.HasPrefix(raw[2:], []byte("proof")):
			return oneMessage{&capacitytypes.MsgOpenProofs{}}, nil
		case bytes.HasPrefix(raw[2:], []byte("other")):
			return oneMessage{&banktypes.MsgSend{}}, nil
		}
		return nil, errors.New("undecodable")
	}}
	const gas, size = MaxBlockGas / 12, MaxBlockBytes / 12
	for name, tt := range map[string]struct {
		txs  [][]byte
		full bool
	}{
		"empty":                   {nil, false},
		"proofs' lane half full":  {[][]byte{wanting("proof", 3*gas, 0)}, false},
		"room for one more":       {[][]byte{wanting("proof", 5*gas, 0)}, false},
		"proofs' lane full":       {[][]byte{wanting("proof", 6*gas, 0)}, true},
		"in bytes":                {[][]byte{wanting("proof", 1, 6*size)}, true},
		"others fill their share": {[][]byte{wanting("other", 10*gas, 0)}, false},
		"others and proofs":       {[][]byte{wanting("other", 10*gas, 0), wanting("proof", 2*gas, 0)}, true},
		"others and few proofs":   {[][]byte{wanting("other", 9*gas, 0), wanting("proof", gas, 0)}, false},
		"gas beyond any block":    {[][]byte{wanting("proof", 1<<63, 0)}, true},
		"no transaction":          {[][]byte{{0xff}, nil, wanting("?", gas, 0)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.full, a.leavesNoRoom(sdk.Context{}, tt.txs))
		})
	}
}

func TestOtherLanesLeaveProofsASixth(t *testing.T) {
	l := ledger{maxGas: 600, maxBytes: 600}
	require.Nil(t, l.add(laneEVM, 400, 100))
	require.Nil(t, l.add(laneOther, 100, 100))
	r := l.add(laneOther, 1, 1)
	require.NotNil(t, r)
	require.Equal(t, ReasonLaneGas, r.Reason)
	require.Nil(t, l.add(laneProofs, 100, 100))

	l = ledger{maxGas: 600, maxBytes: 600}
	require.Nil(t, l.add(laneEVM, 1, 400))
	require.Nil(t, l.add(laneOther, 1, 100))
	r = l.add(laneEVM, 1, 1)
	require.NotNil(t, r)
	require.Contains(t, []Reason{ReasonLaneBytes}, r.Reason)
	require.Nil(t, l.add(laneProofs, 1, 100))
}
