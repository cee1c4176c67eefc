// SPDX-License-Identifier: Apache-2.0

//go:build interop

package procnet_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/chain/remote"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// protoMsg is what generated messages are.
type protoMsg interface{ Marshal() ([]byte, error) }

// party is an account with its own view of the chain.
type party struct {
	*remote.Chain
	account network.Account
}

func newParty(t *testing.T, v *procnet.Validator, a network.Account) party {
	t.Helper()
	c, err := remote.New(remote.Config{Address: "unix://" + v.Home.Socket(), ChainID: "fluence-local-1", Key: a.Key})
	if err != nil {
		t.Fatal(err)
	}
	return party{c, a}
}

func (p party) submit(ctx context.Context, t *testing.T, url string, m protoMsg) chain.Receipt {
	t.Helper()
	value, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := p.Submit(ctx, chain.Msg{TypeURL: url, Value: value})
	if err != nil {
		t.Fatalf("%s: %v\n%s", url, err, receipt.Log)
	}
	return receipt
}

// announced returns the bytes of an event's attribute.
func announced(t *testing.T, r chain.Receipt, event, key string) []byte {
	t.Helper()
	for _, e := range r.Events {
		if e.Type != event {
			continue
		}
		if text, ok := e.Get(key); ok {
			b, err := base64.StdEncoding.DecodeString(strings.Trim(text, `"`))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("no %s of %s in %+v", key, event, r.Events)
	return nil
}

// providerPeer runs the particle peer of a provider.
func providerPeer(t *testing.T, c *remote.Chain) *peer.Peer {
	t.Helper()
	cfg := config.Default()
	cfg.ListenIP, cfg.TCPPort, cfg.WebsocketPort, cfg.HTTPPort = "127.0.0.1", 0, 0, -1
	cfg.AllowLocalAddresses, cfg.QUIC, cfg.StoreSync = true, false, false
	p, err := peer.New(cfg, peer.Deps{Home: filepath.Join(t.TempDir(), "peer"), Version: "test", Chain: c, Blocks: c})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("peer: %v", err)
		}
	})
	<-p.Ready()
	return p
}

// TestADealRunsOnARealChain rents a peer on a chain of one validator: provider,
// offer and peer are registered, a deal is created, funded and matched in one
// transaction, the peer makes the worker and activates it, a customer calls it, the
// deal is stopped and the worker goes.
func TestADealRunsOnARealChain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{100}})
	n.WaitHeight(ctx, 3)
	provider, customer := newParty(t, n.Validators[0], n.Accounts[0]), newParty(t, n.Validators[0], n.Accounts[1])
	machine := newParty(t, n.Validators[0], n.Accounts[2])
	p := providerPeer(t, machine.Chain)
	app := putApp(t, p)
	offer := registerOffer(ctx, t, provider, machine, p)
	began := time.Now()
	deal, worker := rent(ctx, t, customer, provider, p, offer, app)
	t.Logf("deal %s, worker %x", deal, worker)

	key, err := client.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Key: key, Relay: p.Host().Listening()[1].String()})
	if err != nil {
		t.Fatal(err)
	}
	clientCtx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(clientCtx) }()
	defer func() { stop(); <-ended }()
	<-c.Ready()
	id := activeWorker(ctx, t, c, deal)
	script := `(seq (seq (call %init_peer_id% ("getDataSrv" "-relay-") [] relay) (call relay ("op" "noop") []))
		(seq (call "` + id + `" ("hello" "greeting") ["Ann"] out) (seq (call relay ("op" "noop") []) (call %init_peer_id% ("callbackSrv" "response") [out]))))`
	out, err := c.Execute(ctx, client.Script{AIR: script})
	if err != nil || string(out[0]) != `"Hi, Ann"` {
		t.Fatalf("the worker answers %s, %v", out, err)
	}
	t.Logf("from the deal's transaction to an answer: %v", time.Since(began).Round(time.Millisecond))

	raw := [20]byte(deal)
	customer.submit(ctx, t, "/fluence.deal.v1.MsgStopDeal", &dealtypes.MsgStopDeal{Owner: customer.Account(), DealId: raw[:]})
	for len(p.Workers().List()) > 0 {
		select {
		case <-ctx.Done():
			t.Fatalf("the worker of a stopped deal is still there: %+v", p.Workers().List())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func putApp(t *testing.T, p *peer.Peer) []byte {
	t.Helper()
	wasm := guests.Build(t, "small", "greeting(name: string) -> string\nadd(a: i32, b: i32) -> i32\nspin()\n")
	b, err := bundle.Pack(bundle.App{Services: []bundle.AppService{{Name: "hello", Modules: []bundle.AppModule{{Name: "hello", Wasm: wasm}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range b.Blocks {
		if err := p.IPFS().PutBlock(block); err != nil {
			t.Fatal(err)
		}
	}
	return b.CID.Bytes()
}

// registerOffer puts the peer with one unit on the market.
func registerOffer(ctx context.Context, t *testing.T, provider, machine party, p *peer.Peer) []byte {
	t.Helper()
	provider.submit(ctx, t, "/fluence.market.v1.MsgSetProvider", &markettypes.MsgSetProvider{Provider: provider.Account(), Name: "provider"})
	pub, err := p.Key().GetPublic().Raw()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := p.Key().Raw()
	if err != nil {
		t.Fatal(err)
	}
	expires := uint64(time.Now().Add(time.Hour).Unix())
	signed := markettypes.PeerBytes("fluence-local-1", sdk.AccAddress(provider.account.Key.PubKey().Address()), sdk.AccAddress(machine.account.Key.PubKey().Address()), expires)
	receipt := provider.submit(ctx, t, "/fluence.market.v1.MsgRegisterOffer", &markettypes.MsgRegisterOffer{
		Provider: provider.Account(),
		Terms:    markettypes.Terms{Denom: "uusd", MinPrice: sdkmath.NewInt(1000), MinProtocolVersion: 1, MaxProtocolVersion: 1},
		Peers: []markettypes.NewPeer{{
			Id: pub, Owner: machine.Account(), Signature: ed25519.Sign(ed25519.PrivateKey(secret), signed), ExpiresAt: expires, UnitIds: [][]byte{append(make([]byte, 31), 1)},
		}},
	})
	return announced(t, receipt, "fluence.market.v1.EventMarketOfferRegistered", "offer_id")
}

// rent creates, funds and matches a deal. The provider is on the deal's whitelist,
// so that its peer needs no capacity commitment.
func rent(ctx context.Context, t *testing.T, customer, provider party, p *peer.Peer, offer, app []byte) (chain.DealID, []byte) {
	t.Helper()
	pub, err := p.Key().GetPublic().Raw()
	if err != nil {
		t.Fatal(err)
	}
	receipt := customer.submit(ctx, t, "/fluence.deal.v1.MsgCreateDeal", &dealtypes.MsgCreateDeal{
		Owner: customer.Account(), Access: dealtypes.AccessWhitelist, AccessList: []string{provider.Account()},
		Terms: dealtypes.Terms{
			AppCid: app, Denom: "uusd", Price: sdkmath.NewInt(2000), TargetWorkers: 1, MinWorkers: 1, UnitsPerWorker: 1, ProtocolVersion: 1,
		},
		Deposit: sdk.NewCoin("uusd", sdkmath.NewInt(1_000_000)),
		Match:   []dealtypes.Selection{{OfferId: offer, PeerId: pub, UnitIds: [][]byte{append(make([]byte, 31), 1)}}},
	})
	return chain.DealID(announced(t, receipt, "fluence.deal.v1.EventDealCreated", "deal_id")), announced(t, receipt, "fluence.deal.v1.EventWorkerCreated", "worker_id")
}

// activeWorker waits until subnet.resolve shows a worker with a key.
func activeWorker(ctx context.Context, t *testing.T, c *client.Client, deal chain.DealID) string {
	t.Helper()
	for {
		var found struct {
			Success bool
			Error   []string
			Workers []struct {
				WorkerID []string `json:"worker_id"`
				HostID   string   `json:"host_id"`
			}
		}
		var raw json.RawMessage
		if err := c.Call(ctx, c.RelayID().String(), "subnet", "resolve", &raw, deal.String()); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &found); err != nil || !found.Success {
			t.Fatalf("resolve = %s, %v", raw, err)
		}
		if len(found.Workers) == 1 && len(found.Workers[0].WorkerID) == 1 {
			if found.Workers[0].HostID != c.RelayID().String() {
				t.Errorf("resolve = %s", raw)
			}
			if _, err := libp2ppeer.Decode(found.Workers[0].WorkerID[0]); err != nil {
				t.Fatal(err)
			}
			return found.Workers[0].WorkerID[0]
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no worker: %s", raw)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
