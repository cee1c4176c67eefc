// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"maps"
	"math/big"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/cosmos/gogoproto/proto"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/ante"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
)

// coded is an error that clients see as codespace and number.
type coded interface {
	error
	Codespace() string
	ABCICode() uint32
}

type hostileTx struct {
	make func(t *testing.T, n *apptest.Network) []byte
	want coded // nil: any refusal
}

// signed returns a maker of a send of account 0 and msgs, signed as edit says.
func signed(
	edit func(n *apptest.Network, s *apptest.Sign), msgs ...func(n *apptest.Network) sdk.Msg,
) func(*testing.T, *apptest.Network) []byte {
	return func(t *testing.T, n *apptest.Network) []byte {
		a := n.Accounts[0]
		s := n.Next(a)
		if edit != nil {
			edit(n, &s)
		}
		list := []sdk.Msg{apptest.Send(a, n.Accounts[1], apptest.USD(1))}
		for _, m := range msgs {
			list = append(list, m(n))
		}
		raw, err := apptest.SignTx(n.Apps[0].Encoding(), a, s, list...)
		require.NoError(t, err)
		return raw
	}
}

// hostileTxs are refused for their form, fee, sequence or signature.
func hostileTxs() map[string]hostileTx {
	plain := signed(nil)
	return map[string]hostileTx{
		"wrong chain id": {
			signed(func(_ *apptest.Network, s *apptest.Sign) { s.ChainID = "fluence-local-2" }),
			sdkerrors.ErrUnauthorized,
		},
		"used sequence":   {signed(func(_ *apptest.Network, s *apptest.Sign) { s.Sequence-- }), sdkerrors.ErrWrongSequence},
		"sequence ahead":  {signed(func(_ *apptest.Network, s *apptest.Sign) { s.Sequence += 9 }), sdkerrors.ErrWrongSequence},
		"another account": {signed(func(_ *apptest.Network, s *apptest.Sign) { s.Number++ }), sdkerrors.ErrUnauthorized},
		"fee in another coin": {
			signed(func(_ *apptest.Network, s *apptest.Sign) { s.Fee = sdk.NewCoins(apptest.USD(9)) }),
			ante.ErrFeeDenom,
		},
		"fee in unknown coin": {signed(func(_ *apptest.Network, s *apptest.Sign) {
			s.Fee = sdk.NewCoins(sdk.NewInt64Coin("stake", 1e15))
		}), ante.ErrFeeDenom},
		"fee too low": {signed(func(_ *apptest.Network, s *apptest.Sign) {
			s.Fee = sdk.NewCoins(sdk.NewInt64Coin(params.BaseDenom, 1))
		}), sdkerrors.ErrInsufficientFee},
		"no fee":             {signed(func(_ *apptest.Network, s *apptest.Sign) { s.Fee = sdk.Coins{} }), sdkerrors.ErrInsufficientFee},
		"1000 messages":      {manyMessages, ante.ErrTooManyMessages},
		"nested 10000 deep":  {func(t *testing.T, _ *apptest.Network) []byte { return nested(t, 10_000) }, ante.ErrTooDeep},
		"nested 7 deep":      {nestedExec(7), ante.ErrTooDeep},
		"10 MB":              {func(*testing.T, *apptest.Network) []byte { return make([]byte, 10<<20) }, ante.ErrTooLarge},
		"garbage":            {func(*testing.T, *apptest.Network) []byte { return []byte("garbage") }, ante.ErrDecode},
		"empty":              {func(*testing.T, *apptest.Network) []byte { return nil }, nil},
		"high S":             {resigned(plain, highS), sdkerrors.ErrUnauthorized},
		"odd last byte":      {resigned(plain, func(s []byte) []byte { return append(s[:64:64], 99) }), ante.ErrSignatureForm},
		"66-byte signature":  {resigned(plain, func(s []byte) []byte { return append(s, 0) }), ante.ErrSignatureForm},
		"no signature":       {resigned(plain, func([]byte) []byte { return nil }), nil},
		"flipped signature":  {resigned(plain, func(s []byte) []byte { s = bytes.Clone(s); s[5] ^= 1; return s }), sdkerrors.ErrUnauthorized},
		"unknown field":      {func(t *testing.T, n *apptest.Network) []byte { return append(plain(t, n), 0xfa, 0x01, 0x01, 0x00) }, ante.ErrDecode},
		"non-minimal varint": {func(t *testing.T, n *apptest.Network) []byte { return stretched(plain(t, n)) }, ante.ErrDecode},
	}
}

// hostileMessages are refused for what they carry.
func hostileMessages() map[string]hostileTx {
	return map[string]hostileTx{
		"system alone": {systemAlone, system.ErrOutside},
		"system beside a send": {
			signed(nil, func(n *apptest.Network) sdk.Msg { return system.NewMsg(n.Height()+1, nil) }),
			system.ErrOutside,
		},
		"system in authz": {signed(nil, func(n *apptest.Network) sdk.Msg {
			m := authz.NewMsgExec(n.Accounts[0].Address(), []sdk.Msg{system.NewMsg(n.Height()+1, nil)})
			return &m
		}), system.ErrOutside},
		"grant of system": {signed(nil, func(n *apptest.Network) sdk.Msg {
			until := n.Time().AddDate(1, 0, 0)
			grant := authz.NewGenericAuthorization(sdk.MsgTypeURL(&system.MsgExecute{}))
			m, err := authz.NewMsgGrant(n.Accounts[0].Address(), n.Accounts[1].Address(), grant, &until)
			if err != nil {
				panic(err)
			}
			return m
		}), system.ErrOutside},
		"system in a proposal": {signed(nil, func(n *apptest.Network) sdk.Msg {
			m, err := govv1.NewMsgSubmitProposal([]sdk.Msg{system.NewMsg(n.Height()+1, nil)},
				sdk.NewCoins(apptest.FLT(10)), n.Accounts[0].Address().String(), "", "title", "summary", false)
			if err != nil {
				panic(err)
			}
			return m
		}), system.ErrOutside},
		"system in an Ethereum wrapper": {systemInWrapper, system.ErrOutside},
		"send in an Ethereum wrapper":   {sendInWrapper, nil},
		"Ethereum message unwrapped":    {unwrapped, nil},
		"Ethereum of another chain":     {ethereum(func(tx *ethtypes.DynamicFeeTx) { tx.ChainID = big.NewInt(1) }), nil},
		"Ethereum nonce used":           {ethereum(func(tx *ethtypes.DynamicFeeTx) { tx.Nonce-- }), nil},
		"Ethereum fee too low":          {ethereum(func(tx *ethtypes.DynamicFeeTx) { tx.GasFeeCap = big.NewInt(1); tx.GasTipCap = big.NewInt(1) }), nil},
		"Ethereum tip over cap":         {ethereum(func(tx *ethtypes.DynamicFeeTx) { tx.GasTipCap = big.NewInt(1e18) }), nil},
		"Ethereum too little gas":       {ethereum(func(tx *ethtypes.DynamicFeeTx) { tx.Gas = 20_999 }), nil},
		"Ethereum spends too much": {ethereum(func(tx *ethtypes.DynamicFeeTx) {
			tx.Value = new(big.Int).Lsh(big.NewInt(1), 200)
		}), nil},
		"Ethereum of another sender": {foreignSender, nil},
	}
}

func TestHostileTransactionIsRefusedEverywhere(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	warm(t, n)
	txs := hostileTxs()
	maps.Copy(txs, hostileMessages())
	for name, tt := range txs {
		t.Run(name, func(t *testing.T) {
			raw := tt.make(t, n)
			res, err := n.Apps[0].CheckTx(&abci.RequestCheckTx{Tx: raw})
			require.NoError(t, err)
			require.NotZero(t, res.Code, "mempool took it")
			if tt.want != nil {
				require.Equal(t, [2]any{tt.want.Codespace(), tt.want.ABCICode()}, [2]any{res.Codespace, res.Code}, res.Log)
			}

			b, err := n.Propose(raw)
			require.NoError(t, err)
			require.Len(t, b.Txs, 2, "the proposer took it")
			ok, err := n.Judge(0, b)
			require.NoError(t, err)
			require.False(t, ok, "a validator took it")

			before := holdings(n)
			executed, err := n.Apply(b)
			require.NoError(t, err)
			require.NotZero(t, executed.TxResults[1].Code, "a block took it")
			require.Equal(t, before, holdings(n), "a refused transaction changed balances")
		})
	}
}

// warm lets accounts 0 and 1 spend one sequence each, so that a used one exists.
func warm(t *testing.T, n *apptest.Network) {
	t.Helper()
	to := n.Accounts[2].Ethereum()
	transfer, err := n.EVMTx(n.Accounts[1], &to, big.NewInt(1), 21_000, nil)
	require.NoError(t, err)
	for _, r := range step(t, n, bankTx(t, n, 0, 1, n.Next(n.Accounts[0])), transfer).TxResults {
		require.Zero(t, r.Code, r.Log)
	}
}

func holdings(n *apptest.Network) []string {
	var all []string
	for _, a := range n.Accounts {
		all = append(all, n.Apps[0].Bank.GetAllBalances(n.Context(), a.Address()).String())
	}
	return all
}

func manyMessages(t *testing.T, n *apptest.Network) []byte {
	t.Helper()
	a := n.Accounts[0]
	msgs := make([]sdk.Msg, 1000)
	for i := range msgs {
		msgs[i] = apptest.Send(a, n.Accounts[1], apptest.USD(1))
	}
	s := n.Next(a)
	s.Gas = 100_000_000
	raw, err := apptest.SignTx(n.Apps[0].Encoding(), a, s, msgs...)
	require.NoError(t, err)
	return raw
}

// nested returns a transaction whose one message is authz.MsgExec inside authz.MsgExec, depth times.
func nested(t *testing.T, depth int) []byte {
	t.Helper()
	url := sdk.MsgTypeURL(&authz.MsgExec{})
	heads := make([][]byte, depth) // from the innermost outwards, so that each knows how long its content is
	size := 0
	for i := range heads {
		head := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), url)
		head = protowire.AppendVarint(protowire.AppendTag(head, 2, protowire.BytesType), uint64(size))
		tag := protowire.AppendTag(nil, 2, protowire.BytesType)
		if i == depth-1 {
			tag = protowire.AppendTag(nil, 1, protowire.BytesType)
		}
		heads[i] = append(protowire.AppendVarint(tag, uint64(len(head)+size)), head...)
		size += len(heads[i])
	}
	slices.Reverse(heads)
	raw, err := proto.Marshal(&txtypes.TxRaw{BodyBytes: bytes.Join(heads, nil)})
	require.NoError(t, err)
	return raw
}

// nestedExec returns a signed transaction with messages inside messages: decodable, but deeper than the limit.
func nestedExec(depth int) func(*testing.T, *apptest.Network) []byte {
	return func(t *testing.T, n *apptest.Network) []byte {
		t.Helper()
		a := n.Accounts[0]
		msg := apptest.Send(a, n.Accounts[1], apptest.USD(1))
		for range depth {
			exec := authz.NewMsgExec(a.Address(), []sdk.Msg{msg})
			msg = &exec
		}
		raw, err := n.Tx(a, msg)
		require.NoError(t, err)
		return raw
	}
}

// resigned changes the signature bytes of a transaction.
func resigned(plain func(*testing.T, *apptest.Network) []byte, edit func([]byte) []byte) func(*testing.T, *apptest.Network) []byte {
	return func(t *testing.T, n *apptest.Network) []byte {
		t.Helper()
		var raw txtypes.TxRaw
		require.NoError(t, proto.Unmarshal(plain(t, n), &raw))
		raw.Signatures[0] = edit(raw.Signatures[0])
		b, err := proto.Marshal(&raw)
		require.NoError(t, err)
		return b
	}
}

// highS returns the other signature over the same message that ECDSA accepts.
func highS(sig []byte) []byte {
	s := new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(sig[32:64]))
	out := bytes.Clone(sig)
	s.FillBytes(out[32:64])
	if len(out) == 65 {
		out[64] ^= 1
	}
	return out
}

// stretched writes the length of the first field in one byte more than needed.
func stretched(raw []byte) []byte {
	i := 1
	for raw[i]&0x80 != 0 {
		i++
	}
	out := bytes.Clone(raw[:i])
	out = append(out, raw[i]|0x80, 0)
	return append(out, raw[i+1:]...)
}

func systemAlone(t *testing.T, n *apptest.Network) []byte {
	t.Helper()
	return encodeSystem(t, n, system.NewMsg(n.Height()+1, nil))
}

// wrapped puts msg where an Ethereum transaction belongs.
func wrapped(t *testing.T, n *apptest.Network, msg sdk.Msg) []byte {
	t.Helper()
	cfg := n.Apps[0].TxConfig()
	option, err := codectypes.NewAnyWithValue(&evmtypes.ExtensionOptionsEthereumTx{})
	require.NoError(t, err)
	b := cfg.NewTxBuilder()
	require.NoError(t, b.SetMsgs(msg))
	b.SetGasLimit(100_000)
	b.SetFeeAmount(sdk.NewCoins(apptest.FLT(1)))
	b.(interface{ SetExtensionOptions(...*codectypes.Any) }).SetExtensionOptions(option)
	raw, err := cfg.TxEncoder()(b.GetTx())
	require.NoError(t, err)
	return raw
}

func systemInWrapper(t *testing.T, n *apptest.Network) []byte {
	t.Helper()
	return wrapped(t, n, system.NewMsg(n.Height()+1, nil))
}

func sendInWrapper(t *testing.T, n *apptest.Network) []byte {
	t.Helper()
	return wrapped(t, n, apptest.Send(n.Accounts[0], n.Accounts[1], apptest.USD(1)))
}

// ethereum returns a signed Ethereum transaction of account 1, edited before it is signed.
func ethereum(edit func(tx *ethtypes.DynamicFeeTx)) func(*testing.T, *apptest.Network) []byte {
	return func(t *testing.T, n *apptest.Network) []byte {
		t.Helper()
		raw, err := apptest.WrapEVMTx(n.Apps[0].Encoding(), signedEthereum(t, n, edit))
		require.NoError(t, err)
		return raw
	}
}

func signedEthereum(t *testing.T, n *apptest.Network, edit func(tx *ethtypes.DynamicFeeTx)) *ethtypes.Transaction {
	t.Helper()
	to := n.Accounts[2].Ethereum()
	tx := &ethtypes.DynamicFeeTx{
		ChainID: new(big.Int).SetUint64(params.EVMChainIDLocal), Nonce: n.Next(n.Accounts[1]).Sequence, To: &to,
		Value: big.NewInt(1), Gas: 21_000, GasFeeCap: big.NewInt(apptest.GasPrice), GasTipCap: big.NewInt(app.MinGasPrice),
	}
	edit(tx)
	key, err := crypto.ToECDSA(n.Accounts[1].Key.Key)
	require.NoError(t, err)
	signed, err := ethtypes.SignNewTx(key, ethtypes.LatestSignerForChainID(tx.ChainID), tx)
	require.NoError(t, err)
	return signed
}

// foreignSender claims that another account sent a signed Ethereum transaction.
func foreignSender(t *testing.T, n *apptest.Network) []byte {
	t.Helper()
	signed := signedEthereum(t, n, func(*ethtypes.DynamicFeeTx) {})
	var msg evmtypes.MsgEthereumTx
	require.NoError(t, msg.FromSignedEthereumTx(signed, ethtypes.LatestSignerForChainID(signed.ChainId())))
	msg.From = n.Accounts[3].Address()
	tx, err := msg.BuildTx(n.Apps[0].TxConfig().NewTxBuilder(), params.BaseDenom)
	require.NoError(t, err)
	raw, err := n.Apps[0].TxConfig().TxEncoder()(tx)
	require.NoError(t, err)
	return raw
}

// unwrapped signs a Cosmos transaction around an Ethereum message.
func unwrapped(t *testing.T, n *apptest.Network) []byte {
	t.Helper()
	signed := signedEthereum(t, n, func(*ethtypes.DynamicFeeTx) {})
	var msg evmtypes.MsgEthereumTx
	require.NoError(t, msg.FromSignedEthereumTx(signed, ethtypes.LatestSignerForChainID(signed.ChainId())))
	raw, err := n.Tx(n.Accounts[1], &msg)
	require.NoError(t, err)
	return raw
}
