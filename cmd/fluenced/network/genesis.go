// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	sdkmath "cosmossdk.io/math"
	"github.com/cosmos/cosmos-sdk/client/tx"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	beacontypes "github.com/go-fluence/fluence/x/beacon/types"
)

// NewGenesis returns the genesis of chainID over state.
func NewGenesis(chainID string, state map[string]json.RawMessage) (*genutiltypes.AppGenesis, error) {
	doc, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, err
	}
	g := genutiltypes.NewAppGenesisWithVersion(chainID, doc)
	g.AppName, g.InitialHeight = app.AppName, 1
	g.Consensus.Params = app.DefaultConsensusParams()
	return g, nil
}

// genesis returns the first state: accounts, their coins, and one signed
// transaction per validator that stakes for it.
func (s Spec) genesis(ids []Identity) (*genutiltypes.AppGenesis, error) {
	enc := app.Encoding()
	state := app.DefaultGenesis()
	accounts := slices.Clone(s.Accounts)
	for _, v := range s.Validators {
		accounts = append(accounts, v.Operator)
	}
	if err := fund(enc, state, accounts); err != nil {
		return nil, err
	}
	txs := make([]json.RawMessage, len(s.Validators))
	for i, v := range s.Validators {
		doc, err := stakeTx(enc, s.ChainID, v, ids[i])
		if err != nil {
			return nil, fmt.Errorf("stake of %s: %w", v.Name, err)
		}
		txs[i] = doc
	}
	genutiltypes.SetGenesisStateInAppState(enc.Codec, state, genutiltypes.NewGenesisState(txs))
	s.registerKeys(enc, state, ids)
	if s.Edit != nil {
		if err := s.Edit(state); err != nil {
			return nil, err
		}
	}
	if err := app.ValidateGenesis(enc, state); err != nil {
		return nil, err
	}
	g, err := NewGenesis(s.ChainID, state)
	if err != nil {
		return nil, err
	}
	g.GenesisTime = s.Time.UTC()
	return g, nil
}

// registerKeys writes the validators' VRF keys, which count from the first epoch on.
func (s Spec) registerKeys(enc app.EncodingConfig, state map[string]json.RawMessage, ids []Identity) {
	var g beacontypes.GenesisState
	enc.Codec.MustUnmarshalJSON(state[beacontypes.ModuleName], &g)
	for i, v := range s.Validators {
		g.Registrations = append(g.Registrations, beacontypes.Registration{
			Operator: sdk.ValAddress(v.Operator.Address()).String(), Key: ids[i].VRF,
		})
	}
	g.Registrations = beacontypes.SortRegistrations(g.Registrations)
	state[beacontypes.ModuleName] = enc.Codec.MustMarshalJSON(&g)
}

// fund writes accounts and balances into the state.
func fund(enc app.EncodingConfig, state map[string]json.RawMessage, accounts []Account) error {
	var auth authtypes.GenesisState
	var bank banktypes.GenesisState
	enc.Codec.MustUnmarshalJSON(state[authtypes.ModuleName], &auth)
	enc.Codec.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)
	bases := make(authtypes.GenesisAccounts, 0, len(accounts))
	for i, a := range accounts {
		bases = append(bases, authtypes.NewBaseAccount(a.Address(), nil, uint64(i), 0))
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: a.Bech32(), Coins: a.Coins})
		bank.Supply = bank.Supply.Add(a.Coins...)
	}
	packed, err := authtypes.PackAccounts(bases)
	if err != nil {
		return err
	}
	auth.Accounts = packed
	bank.Balances = banktypes.SanitizeGenesisBalances(bank.Balances)
	state[authtypes.ModuleName] = enc.Codec.MustMarshalJSON(&auth)
	state[banktypes.ModuleName] = enc.Codec.MustMarshalJSON(&bank)
	return nil
}

// Commission of a validator that does not choose its own: 5 %, at most 20 %, by at
// most 1 % a day.
func commission() stakingtypes.CommissionRates {
	return stakingtypes.NewCommissionRates(sdkmath.LegacyNewDecWithPrec(5, 2), sdkmath.LegacyNewDecWithPrec(20, 2), sdkmath.LegacyNewDecWithPrec(1, 2))
}

// stakeTx returns, as JSON, the transaction with which a validator joins in genesis.
func stakeTx(enc app.EncodingConfig, chainID string, v Validator, id Identity) (json.RawMessage, error) {
	pub, err := cryptocodec.FromCmtPubKeyInterface(id.Consensus)
	if err != nil {
		return nil, err
	}
	operator := v.Operator.Address()
	msg, err := stakingtypes.NewMsgCreateValidator(sdk.ValAddress(operator).String(), pub,
		sdk.NewCoin(params.BaseDenom, flt(v.StakeFLT)), stakingtypes.NewDescription(v.Name, "", "", "", ""),
		commission(), sdkmath.OneInt())
	if err != nil {
		return nil, err
	}
	b := enc.TxConfig.NewTxBuilder()
	if err := b.SetMsgs(msg); err != nil {
		return nil, err
	}
	b.SetGasLimit(200_000)
	b.SetMemo(id.NodeID + "@" + v.P2P)
	mode := signing.SignMode_SIGN_MODE_DIRECT
	empty := signing.SignatureV2{PubKey: v.Operator.Key.PubKey(), Data: &signing.SingleSignatureData{SignMode: mode}}
	if err := b.SetSignatures(empty); err != nil {
		return nil, err
	}
	signer := authsigning.SignerData{Address: operator.String(), ChainID: chainID, PubKey: v.Operator.Key.PubKey()}
	sig, err := tx.SignWithPrivKey(context.Background(), mode, signer, b, v.Operator.Key, enc.TxConfig, 0)
	if err != nil {
		return nil, err
	}
	if err := b.SetSignatures(sig); err != nil {
		return nil, err
	}
	return enc.TxConfig.TxJSONEncoder()(b.GetTx())
}
