// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	sdkmath "cosmossdk.io/math"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/bech32"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/go-fluence/fluence/peer/chain"
)

// What transactions of a peer are made of.
const (
	bech32Prefix = "fluence"
	baseDenom    = "aflt"
	// gasMargin is added to the gas a simulation used: state may change before the
	// block, and the signature of a simulation is empty.
	gasMargin = 50 // percent
	// maxMsgs bounds the messages of one transaction.
	maxMsgs = 100
)

// Codes of the SDK's own errors that Submit reacts to.
const (
	sdkCodespace  = "sdk"
	wrongSequence = 32
)

// Account returns the address transactions are signed for, "" without a key.
func (c *Chain) Account() string {
	if c.cfg.Key == nil {
		return ""
	}
	text, err := bech32.ConvertAndEncode(bech32Prefix, c.cfg.Key.PubKey().Address())
	if err != nil {
		return ""
	}
	return text
}

// Submit implements chain.Submitter.
func (c *Chain) Submit(ctx context.Context, msgs ...chain.Msg) (chain.Receipt, error) {
	if c.cfg.Key == nil {
		return chain.Receipt{}, chain.ErrNoKey
	}
	if len(msgs) == 0 || len(msgs) > maxMsgs {
		return chain.Receipt{}, fmt.Errorf("%w: %d messages, 1 to %d fit", chain.ErrRefused, len(msgs), maxMsgs)
	}
	receipt, err := c.admit(ctx, msgs)
	if err != nil {
		return receipt, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Confirm)
	defer cancel()
	return c.confirm(ctx, receipt)
}

// admit signs and hands in under the account's lock. Transactions that wait for
// their block have used sequence numbers the chain does not know yet; where the
// validator takes one after the other only, admit waits for the block.
func (c *Chain) admit(ctx context.Context, msgs []chain.Msg) (chain.Receipt, error) {
	c.account.Lock()
	defer c.account.Unlock()
	begun := time.Now()
	for retried := false; ; {
		committed, err := c.readAccount(ctx)
		if err != nil {
			return chain.Receipt{}, err
		}
		receipt, err := c.handIn(ctx, msgs, committed)
		if err == nil {
			c.sequence++
			return receipt, nil
		}
		stale := receipt.Codespace == sdkCodespace && receipt.Code == wrongSequence
		switch {
		case stale && c.sequence > committed && time.Since(begun) < c.cfg.Confirm:
			if err := pause(ctx, confirmEvery); err != nil {
				return receipt, err
			}
		case stale && !retried:
			c.known, retried = false, true
		default:
			c.known = false
			return receipt, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// readAccount returns the sequence number the chain has, and moves the account's
// own on when it is behind or was forgotten. The caller holds the account's lock.
func (c *Chain) readAccount(ctx context.Context) (committed uint64, err error) {
	var res authtypes.QueryAccountInfoResponse
	_, err = c.query(ctx, "/cosmos.auth.v1beta1.Query/AccountInfo", &authtypes.QueryAccountInfoRequest{Address: c.Account()}, &res)
	var qe *queryError
	switch {
	case errors.As(err, &qe):
		return 0, fmt.Errorf("%w: account %s: %w", chain.ErrRefused, c.Account(), err)
	case err != nil:
		return 0, err
	case res.Info == nil:
		return 0, fmt.Errorf("%w: account %s is unknown", chain.ErrRefused, c.Account())
	}
	if !c.known || c.sequence < res.Info.Sequence {
		c.number, c.sequence, c.known = res.Info.AccountNumber, res.Info.Sequence, true
	}
	return res.Info.Sequence, nil
}

// handIn estimates the gas over the committed state, signs and broadcasts. The
// caller holds the account's lock.
func (c *Chain) handIn(ctx context.Context, msgs []chain.Msg, committed uint64) (chain.Receipt, error) {
	draft, err := c.sign(msgs, committed, 0)
	if err != nil {
		return chain.Receipt{}, err
	}
	gas, refusal, err := c.simulate(ctx, draft)
	if err != nil {
		return refusal, err
	}
	raw, err := c.sign(msgs, c.sequence, gas+gas*gasMargin/100)
	if err != nil {
		return chain.Receipt{}, err
	}
	receipt := chain.Receipt{Hash: sha256.Sum256(raw), GasWanted: gas + gas*gasMargin/100}
	res, err := c.rpc.BroadcastTxSync(ctx, raw)
	if err != nil {
		return c.doubtful(ctx, receipt, err)
	}
	if res.Code != 0 {
		receipt.Code, receipt.Codespace, receipt.Log = res.Code, res.Codespace, res.Log
		return receipt, fmt.Errorf("%w: %s (%s %d)", chain.ErrRefused, res.Log, res.Codespace, res.Code)
	}
	return receipt, nil
}

// doubtful sorts out a broadcast that was not answered: it may have been admitted.
func (c *Chain) doubtful(ctx context.Context, r chain.Receipt, err error) (chain.Receipt, error) {
	if strings.Contains(err.Error(), "tx already") || ctx.Err() != nil {
		return r, fmt.Errorf("%w: %w", chain.ErrUnconfirmed, err)
	}
	return r, unavailable(ctx, err)
}

// simulate returns the gas a transaction takes, or the module's refusal.
func (c *Chain) simulate(ctx context.Context, raw []byte) (uint64, chain.Receipt, error) {
	var res tx.SimulateResponse
	_, err := c.query(ctx, "/cosmos.tx.v1beta1.Service/Simulate", &tx.SimulateRequest{TxBytes: raw}, &res)
	var qe *queryError
	if errors.As(err, &qe) {
		code := qe.code
		if strings.Contains(qe.log, "account sequence mismatch") {
			code = wrongSequence
		}
		return 0, chain.Receipt{Code: code, Codespace: qe.codespace, Log: qe.log}, fmt.Errorf("%w: %s", chain.ErrRefused, qe.log)
	}
	if err != nil {
		return 0, chain.Receipt{}, err
	}
	if res.GasInfo == nil || res.GasInfo.GasUsed > 1<<40 {
		return 0, chain.Receipt{}, fmt.Errorf("%w: simulation without gas", chain.ErrUnavailable)
	}
	return res.GasInfo.GasUsed, chain.Receipt{}, nil
}

// sign encodes and signs msgs. Gas zero makes a draft for simulation. The caller
// holds the account's lock.
func (c *Chain) sign(msgs []chain.Msg, sequence, gas uint64) ([]byte, error) {
	body := tx.TxBody{}
	for _, m := range msgs {
		body.Messages = append(body.Messages, &codectypes.Any{TypeUrl: m.TypeURL, Value: m.Value})
	}
	bodyBytes, err := body.Marshal()
	if err != nil {
		return nil, err
	}
	pub, err := codectypes.NewAnyWithValue(c.cfg.Key.PubKey())
	if err != nil {
		return nil, err
	}
	fee := sdkmath.NewIntFromUint64(gas).Mul(sdkmath.NewIntFromUint64(c.cfg.GasPrice))
	auth := tx.AuthInfo{
		SignerInfos: []*tx.SignerInfo{{
			PublicKey: pub, Sequence: sequence,
			ModeInfo: &tx.ModeInfo{Sum: &tx.ModeInfo_Single_{Single: &tx.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT}}},
		}},
		Fee: &tx.Fee{GasLimit: gas, Amount: sdk.Coins{{Denom: baseDenom, Amount: fee}}, Granter: c.cfg.Granter},
	}
	if gas == 0 {
		auth.Fee.Amount = nil
	}
	authBytes, err := auth.Marshal()
	if err != nil {
		return nil, err
	}
	doc := tx.SignDoc{BodyBytes: bodyBytes, AuthInfoBytes: authBytes, ChainId: c.cfg.ChainID, AccountNumber: c.number}
	docBytes, err := doc.Marshal()
	if err != nil {
		return nil, err
	}
	sig, err := c.cfg.Key.Sign(docBytes)
	if err != nil {
		return nil, err
	}
	raw := tx.TxRaw{BodyBytes: bodyBytes, AuthInfoBytes: authBytes, Signatures: [][]byte{sig}}
	return raw.Marshal()
}

// confirmEvery is the pause between two looks for a transaction.
const confirmEvery = 200 * time.Millisecond

// confirm waits until the transaction is in a block.
func (c *Chain) confirm(ctx context.Context, r chain.Receipt) (chain.Receipt, error) {
	tick := time.NewTicker(confirmEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			c.forget()
			return r, fmt.Errorf("%w: %s: %w", chain.ErrUnconfirmed, r.Hash, ctx.Err())
		case <-tick.C:
		}
		res, err := c.rpc.Tx(ctx, r.Hash[:], false)
		if err != nil { // not in a block yet, or the validator is away for a moment
			continue
		}
		h, err := c.height(ctx, res.Height)
		if err != nil {
			continue
		}
		r.Height, r.Code, r.Codespace, r.Log = h, res.TxResult.Code, res.TxResult.Codespace, res.TxResult.Log
		r.GasWanted, r.GasUsed = uint64(max(res.TxResult.GasWanted, 0)), uint64(max(res.TxResult.GasUsed, 0))
		if r.Code != 0 {
			return r, fmt.Errorf("%w: %s (%s %d)", chain.ErrFailed, r.Log, r.Codespace, r.Code)
		}
		r.Events = events(res.TxResult.Events, int(res.Index))
		return r, nil
	}
}

// forget makes the next Submit read the sequence number anew.
func (c *Chain) forget() {
	c.account.Lock()
	defer c.account.Unlock()
	c.known = false
}
