// SPDX-License-Identifier: Apache-2.0

//go:build interop

package procnet_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/chain/remote"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// machine is a provider's peer: a process, its key on the network, and its account,
// which owns nothing.
type machine struct {
	t     *testing.T
	net   *procnet.Net
	home  string
	rpc   string
	pays  string
	key   ed25519.PrivateKey
	owner *ethsecp256k1.PrivKey
	cmd   *exec.Cmd
}

func newMachine(t *testing.T, n *procnet.Net) *machine {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := ethsecp256k1.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{
		t: t, net: n, home: t.TempDir(), rpc: "unix://" + n.Validators[0].Home.Socket(),
		pays: n.Accounts[0].Bech32(), key: key, owner: owner,
	}
	for name, text := range map[string]string{
		"peer/peer_key": base64.StdEncoding.EncodeToString(key.Seed()), "account_key": hex.EncodeToString(owner.Key),
	} {
		path := filepath.Join(m.home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// start runs fluenced peer start until kill or the test's end.
func (m *machine) start() {
	m.t.Helper()
	args := []string{"peer", "start", "--home", m.home}
	for _, set := range []string{
		"listen_ip=127.0.0.1", "tcp_port=0", "websocket_port=0", "http_port=-1", "quic=false", "allow_local_addresses=true",
		"chain.rpc=" + m.rpc, "chain.account_key_path=" + filepath.Join(m.home, "account_key"), "chain.fee_granter=" + m.pays,
		"prover.mode=light", "prover.processors=", "log.level=debug",
	} {
		args = append(args, "--set", set)
	}
	m.cmd = exec.Command(m.net.Binary, args...)
	log, err := os.OpenFile(filepath.Join(m.home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	m.cmd.Stdout, m.cmd.Stderr = log, log
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// cleanUp ends the process and shows what it said when the test failed.
func (m *machine) cleanUp() {
	m.kill()
	if text, err := os.ReadFile(filepath.Join(m.home, "log")); err == nil && m.t.Failed() {
		m.t.Logf("the peer said:\n%s", text[max(0, len(text)-6000):])
	}
}

// send submits messages of one account.
func send(ctx context.Context, t *testing.T, c *remote.Chain, msgs ...proto.Message) {
	t.Helper()
	var list []chain.Msg
	for _, m := range msgs {
		value, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, chain.Msg{TypeURL: "/" + proto.MessageName(m), Value: value})
	}
	if _, err := c.Submit(ctx, list...); err != nil {
		t.Fatal(err)
	}
}

// pledge offers the machine with two units, pledges them and stakes.
func (m *machine) pledge(ctx context.Context, c *remote.Chain, provider sdk.AccAddress) {
	m.t.Helper()
	owner := sdk.AccAddress(m.owner.PubKey().Address())
	expires := uint64(time.Now().Add(10 * time.Minute).Unix())
	id := m.public()
	send(ctx, m.t, c,
		&markettypes.MsgSetProvider{Provider: provider.String(), Name: "prover"},
		&markettypes.MsgRegisterOffer{
			Provider: provider.String(),
			Terms: markettypes.Terms{
				Denom: "uusd", MinPrice: sdkmath.NewInt(1000),
				MinProtocolVersion: 1, MaxProtocolVersion: 1,
			},
			Peers: []markettypes.NewPeer{{
				Id: id, Owner: owner.String(), ExpiresAt: expires,
				Signature: ed25519.Sign(m.key, markettypes.PeerBytes("fluence-local-1", provider, owner, expires)),
				UnitIds:   [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)},
			}},
		},
		&capacitytypes.MsgCreateCommitment{Provider: provider.String(), PeerId: id, Duration: 1000, RewardRate: 1},
	)
	allowance, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{}, provider, owner)
	if err != nil {
		m.t.Fatal(err)
	}
	commitment := m.commitment(ctx)
	send(ctx, m.t, c, allowance, &capacitytypes.MsgDepositCollateral{
		Depositor: provider.String(), CommitmentIds: [][]byte{commitment},
		MaxAmount: sdk.NewCoin("aflt", sdkmath.NewInt(100_000).MulRaw(1e18)),
	})
}

// commitment reads the id of the machine's pledge.
func (m *machine) commitment(ctx context.Context) []byte {
	m.t.Helper()
	out, err := m.net.Run(ctx, "query", "capacity", "peer-commitment", hex.EncodeToString(m.public()), "--output", "json")
	var res struct {
		Commitment struct {
			Commitment struct{ ID []byte }
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &res)
	}
	if err != nil {
		m.t.Fatalf("%v: %s", err, out)
	}
	return res.Commitment.Commitment.ID
}

func (m *machine) public() ed25519.PublicKey { return m.key.Public().(ed25519.PublicKey) }

func epochsOf(seconds int) func(map[string]json.RawMessage) error {
	return func(state map[string]json.RawMessage) error {
		state["epoch"] = bytes.Replace(state["epoch"], []byte(`"15s"`), fmt.Appendf(nil, `"%ds"`, seconds), 1)
		return nil
	}
}

func TestAPeerProvesItsIdleUnits(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{100}, TimeoutCommit: 300 * time.Millisecond, Genesis: epochsOf(24)})
	n.WaitHeight(ctx, 3)
	c, err := remote.New(remote.Config{Address: "unix://" + n.Validators[0].Home.Socket(), ChainID: "fluence-local-1", Key: n.Accounts[0].Key})
	if err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, n)
	m.start()
	t.Cleanup(m.cleanUp)
	m.pledge(ctx, c, n.Accounts[0].Address())

	proved := func(total uint64) func() bool {
		return func() bool {
			view, err := c.Capacity(ctx, [32]byte(m.public()))
			if err != nil || len(view.Units) != 2 {
				return false
			}
			for _, u := range view.Units {
				if u.Failed > 0 {
					t.Fatalf("unit failed: %+v", view)
				}
				if u.Total < total {
					return false
				}
			}
			return true
		}
	}
	for _, step := range []struct {
		name string
		do   func()
		want uint64
	}{
		{"three epochs", func() {}, 4},
		{"killed and started again", func() { m.kill(); m.start() }, 8},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.do()
			if err := procnet.Poll(ctx, proved(step.want)); err != nil {
				view, viewErr := c.Capacity(context.WithoutCancel(ctx), [32]byte(m.public()))
				t.Fatalf("%v: %+v, %v", err, view, viewErr)
			}
		})
	}
}
