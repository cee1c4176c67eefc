// SPDX-License-Identifier: Apache-2.0

package ante

import (
	"bytes"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"google.golang.org/protobuf/encoding/protowire"
)

// Decoder returns a decoder of transactions that refuses what is too large or nested too deep before it spends
// memory or stack on it.
//
// Errors: ErrTooLarge, ErrTooDeep, ErrDecode.
func Decoder(decode sdk.TxDecoder) sdk.TxDecoder {
	return func(raw []byte) (sdk.Tx, error) {
		if n := len(raw); n > MaxTxBytes {
			return nil, ErrTooLarge.Wrapf("%d bytes, at most %d", n, MaxTxBytes)
		}
		if err := checkNesting(raw); err != nil {
			return nil, err
		}
		tx, err := decode(raw)
		if err != nil {
			return nil, ErrDecode.Wrap(err.Error())
		}
		if err := checkComplete(tx); err != nil {
			return nil, err
		}
		return tx, nil
	}
}

// checkComplete refuses a transaction without the parts that the SDK's accessors take for granted: they panic on
// one without a fee, and a mempool that checks it outside of the SDK's own recovery would end the process.
func checkComplete(tx sdk.Tx) error {
	parts, ok := tx.(interface{ GetProtoTx() *txtypes.Tx })
	if !ok {
		return ErrDecode.Wrapf("type %T", tx)
	}
	switch t := parts.GetProtoTx(); {
	case t.Body == nil:
		return ErrDecode.Wrap("body is missing")
	case t.AuthInfo == nil:
		return ErrDecode.Wrap("auth_info is missing")
	case t.AuthInfo.Fee == nil:
		return ErrDecode.Wrap("auth_info.fee is missing")
	case slices.Contains(t.AuthInfo.SignerInfos, nil):
		return ErrDecode.Wrap("auth_info.signer_infos has an empty entry")
	}
	return nil
}

// maxPacked is how many messages may stand packed inside each other on the wire. It is above MaxDepth, since a
// packed message need not be a message of the SDK: keys, grants and public parameters are packed too.
const maxPacked = 16

// checkNesting walks the messages of an encoded transaction:
//
//	TxRaw       1: body
//	TxBody      1: messages (packed: 1: type URL, 2: value), repeated
//
// and inside each value every field that looks packed in the same way.
func checkNesting(raw []byte) error {
	return eachField(raw, func(num protowire.Number, body []byte) error {
		if num != 1 {
			return nil
		}
		return eachField(body, func(_ protowire.Number, field []byte) error { return checkPacked(field, 1) })
	})
}

// checkPacked looks into b if it has the form of a packed message, at the given depth.
func checkPacked(b []byte, depth int) error {
	value, ok := packedValue(b)
	if !ok {
		return nil
	}
	if depth > maxPacked {
		return ErrTooDeep.Wrapf("more than %d messages packed inside each other", maxPacked)
	}
	return eachField(value, func(_ protowire.Number, field []byte) error { return checkPacked(field, depth+1) })
}

// packedValue returns the value of a packed message, which starts with its type URL.
func packedValue(b []byte) ([]byte, bool) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 || num != 1 || typ != protowire.BytesType {
		return nil, false
	}
	url, m := protowire.ConsumeBytes(b[n:])
	if m < 0 || !bytes.HasPrefix(url, []byte("/")) {
		return nil, false
	}
	rest := b[n+m:]
	num, typ, n = protowire.ConsumeTag(rest)
	if n < 0 || num != 2 || typ != protowire.BytesType {
		return nil, false
	}
	value, m := protowire.ConsumeBytes(rest[n:])
	return value, m >= 0
}

// eachField calls f with every field of b that holds bytes. Malformed bytes end the walk: decoding refuses them.
func eachField(b []byte, f func(num protowire.Number, field []byte) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil
		}
		b = b[n:]
		if typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
				return nil
			}
			b = b[n:]
			continue
		}
		field, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return nil
		}
		if err := f(num, field); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
