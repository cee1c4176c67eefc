// SPDX-License-Identifier: Apache-2.0

package epoch_test

import (
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/go-fluence/fluence/app/apptest"
	abis "github.com/go-fluence/fluence/contracts/abi"
	"github.com/go-fluence/fluence/contracts/epoch"
)

// compiled is a contract of contracts/solidity as solc gave it; the interop suite
// compiles it again and compares.
type compiled struct {
	abi  abi.ABI
	code []byte
}

func load(t *testing.T, name string) compiled {
	t.Helper()
	b, err := os.ReadFile("../testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ABI      json.RawMessage `json:"abi"`
		Bytecode string          `json:"bytecode"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	parsed, err := abi.JSON(strings.NewReader(string(doc.ABI)))
	if err != nil {
		t.Fatal(err)
	}
	return compiled{parsed, common.FromHex(doc.Bytecode)}
}

// chain sends EVM transactions of one account to a network in process.
type chain struct {
	*testing.T
	net   *apptest.Network
	from  apptest.Account
	nonce uint64
}

// send runs one transaction in a block and returns its EVM result.
func (c *chain) send(to *common.Address, data []byte) *evmtypes.MsgEthereumTxResponse {
	c.Helper()
	tx, err := c.net.EVMTx(c.from, to, new(big.Int), 2_000_000, data)
	if err != nil {
		c.Fatal(err)
	}
	res, err := c.net.Step(tx)
	if err != nil {
		c.Fatal(err)
	}
	c.nonce++
	var last *abci.ExecTxResult
	for _, r := range res.TxResults {
		last = r
	}
	if last.Code != 0 {
		c.Fatalf("transaction refused: %s", last.Log)
	}
	out, err := evmtypes.DecodeTxResponse(last.Data)
	if err != nil {
		c.Fatal(err)
	}
	return out
}

// call packs and sends a method, and unpacks its results.
func (c *chain) call(to common.Address, in abi.ABI, method string, args ...any) ([]any, *evmtypes.MsgEthereumTxResponse) {
	c.Helper()
	data, err := in.Pack(method, args...)
	if err != nil {
		c.Fatal(err)
	}
	res := c.send(&to, data)
	if res.VmError != "" {
		return nil, res
	}
	out, err := in.Unpack(method, res.Ret)
	if err != nil {
		c.Fatal(err)
	}
	return out, res
}

func TestSolidityReadsEpochs(t *testing.T) {
	net := apptest.New(t, apptest.Config{BlockTime: time.Second})
	c := &chain{T: t, net: net, from: net.Accounts[0]}
	iepoch, err := abi.JSON(strings.NewReader(abis.IEpoch))
	if err != nil {
		t.Fatal(err)
	}
	pre := common.HexToAddress(epoch.Address)

	cur, res := c.call(pre, iepoch, "current")
	if cur[0] != uint64(1) || cur[1] != uint64(apptest.Start().Unix()) || cur[2].(uint64) <= cur[1].(uint64) {
		t.Errorf("current = %v, want epoch 1 from genesis on", cur)
	}
	if res.GasUsed < 21_000+1_000 {
		t.Errorf("gas %d: the store reads are not paid for", res.GasUsed)
	}

	reader := load(t, "EpochReader")
	if res := c.send(nil, reader.code); res.VmError != "" {
		t.Fatalf("deploy: %s", res.VmError)
	}
	at := crypto.CreateAddress(c.from.Ethereum(), c.nonce-1)
	if out, res := c.call(at, reader.abi, "number"); res.VmError != "" || out[0] != uint64(1) {
		t.Errorf("number through a contract = %v, %s", out, res.VmError)
	}

	_, res = c.call(at, reader.abi, "remember", false)
	if res.VmError != "" || len(res.Logs) != 1 {
		t.Fatalf("remember: %d logs, %q; want one log", len(res.Logs), res.VmError)
	}
	log := res.Logs[0]
	if log.Address != epoch.Address || len(log.Topics) != 3 || log.Topics[0] != iepoch.Events["Observed"].ID.Hex() ||
		common.HexToHash(log.Topics[1]) != common.BytesToHash(at.Bytes()) || common.HexToHash(log.Topics[2]) != common.BigToHash(big.NewInt(1)) {
		t.Errorf("log %+v, want Observed(%s, 1)", log, at)
	}
	if out, _ := c.call(at, reader.abi, "seen"); out[0] != uint64(1) {
		t.Errorf("seen = %v, want 1", out)
	}
	if _, res := c.call(at, reader.abi, "remember", true); res.VmError == "" || len(res.Logs) != 0 {
		t.Errorf("a reverted call: %q with %d logs", res.VmError, len(res.Logs))
	}
}

func TestEpochsThatHaveNotBegunRevert(t *testing.T) {
	net := apptest.New(t, apptest.Config{})
	c := &chain{T: t, net: net, from: net.Accounts[0]}
	iepoch, err := abi.JSON(strings.NewReader(abis.IEpoch))
	if err != nil {
		t.Fatal(err)
	}
	pre := common.HexToAddress(epoch.Address)
	for _, method := range []string{"bounds", "isVoid", "voidCount"} {
		for _, n := range []uint64{0, 1 << 40, 1<<64 - 1} {
			if _, res := c.call(pre, iepoch, method, n); res.VmError == "" {
				t.Errorf("%s(%d) does not revert", method, n)
			}
		}
		if _, res := c.call(pre, iepoch, method, uint64(1)); res.VmError != "" {
			t.Errorf("%s(1): %s", method, res.VmError)
		}
	}
	if res := c.send(&pre, []byte{1, 2, 3, 4}); res.VmError == "" {
		t.Error("an unknown method does not revert")
	}
	if res := c.send(&pre, []byte{1}); res.VmError == "" {
		t.Error("one byte of input does not revert")
	}
}

func TestVoidEpochsAreSeenFromSolidity(t *testing.T) {
	net := apptest.New(t, apptest.Config{BlockTime: time.Second})
	c := &chain{T: t, net: net, from: net.Accounts[0]}
	iepoch, err := abi.JSON(strings.NewReader(abis.IEpoch))
	if err != nil {
		t.Fatal(err)
	}
	pre := common.HexToAddress(epoch.Address)
	cur, _ := c.call(pre, iepoch, "current")
	start, end := cur[1].(uint64), cur[2].(uint64)
	net.Wait(time.Unix(int64(end), 0).Sub(time.Unix(int64(start), 0)) * 3) // a halt
	cur, _ = c.call(pre, iepoch, "current")
	if cur[0] != uint64(4) {
		t.Fatalf("epoch %v after a halt of three, want 4", cur[0])
	}
	if out, _ := c.call(pre, iepoch, "isVoid", uint64(2)); out[0] != true {
		t.Errorf("isVoid(2) = %v", out)
	}
	out, _ := c.call(pre, iepoch, "voidCount", uint64(3))
	if n := out[0].(uint64); n < 2 {
		t.Errorf("voidCount(3) = %d, want at least 2", n)
	}
	if out, _ := c.call(pre, iepoch, "bounds", uint64(4)); out[0] != cur[1] || out[1] != cur[2] {
		t.Errorf("bounds(4) = %v, current %v", out, cur)
	}
}
