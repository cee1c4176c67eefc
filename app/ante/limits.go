// SPDX-License-Identifier: Apache-2.0

package ante

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	evmtypes "github.com/cosmos/evm/x/vm/types"

	"github.com/go-fluence/fluence/app/system"
)

// Limits of one transaction.
const (
	// MaxMessages is how many messages, those inside others counted, one transaction may carry.
	MaxMessages = 100
	// MaxDepth is how deep messages may stand inside messages: 1 is the transaction itself.
	MaxDepth = 6
	// MaxTxBytes is how many bytes one transaction may have on the wire.
	MaxTxBytes = 1 << 20
)

// checkMessages walks all messages of a transaction that is not an Ethereum transaction, those inside authz and
// governance messages included.
func checkMessages(tx sdk.Tx) error {
	w := walk{}
	return w.messages(tx.GetMsgs(), 1)
}

// walk counts messages over a whole transaction.
type walk struct{ seen int }

func (w *walk) messages(msgs []sdk.Msg, depth int) error {
	if depth > MaxDepth {
		return ErrTooDeep.Wrapf("depth %d, at most %d", depth, MaxDepth)
	}
	w.seen += len(msgs)
	if w.seen > MaxMessages {
		return ErrTooManyMessages.Wrapf("%d messages, at most %d; send them in several transactions", w.seen, MaxMessages)
	}
	for _, msg := range msgs {
		if err := w.message(msg, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) message(msg sdk.Msg, depth int) error {
	switch m := msg.(type) {
	case *system.MsgExecute:
		return system.ErrOutside
	case *evmtypes.MsgEthereumTx:
		// Its fee, nonce and sender are checked in the Ethereum chain only.
		return ErrForbiddenMessage.Wrap("an Ethereum transaction without its own wrapper")
	case *vestingtypes.MsgCreateVestingAccount:
		if depth > 1 {
			return ErrForbiddenMessage.Wrap("a vesting account made through another message")
		}
	case *authz.MsgExec:
		inner, err := m.GetMessages()
		if err != nil {
			return err
		}
		return w.messages(inner, depth+1)
	case *authz.MsgGrant:
		return checkGrant(m)
	case *govv1.MsgSubmitProposal:
		inner, err := m.GetMsgs()
		if err != nil {
			return err
		}
		return w.messages(inner, depth+1)
	}
	return nil
}

// checkGrant refuses to grant what may not be executed through authz.
func checkGrant(m *authz.MsgGrant) error {
	granted, err := m.GetAuthorization()
	if err != nil {
		return err
	}
	switch granted.MsgTypeURL() {
	case sdk.MsgTypeURL(&system.MsgExecute{}):
		return system.ErrOutside
	case sdk.MsgTypeURL(&evmtypes.MsgEthereumTx{}), sdk.MsgTypeURL(&vestingtypes.MsgCreateVestingAccount{}):
		return ErrForbiddenMessage.Wrapf("grant of %s", granted.MsgTypeURL())
	}
	return nil
}
