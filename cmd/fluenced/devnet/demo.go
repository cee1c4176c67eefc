// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/app/params"
	appcmd "github.com/go-fluence/fluence/cmd/fluenced/app"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/chain/remote"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Shape of the demo.
const (
	// demoFile is the file in the devnet's folder that keeps what the demo set up.
	demoFile = "demo.json"
	// demoPeers is how many peers offer units; demoUnits is how many each offers. One of them is rented.
	demoPeers, demoUnits = 2, 2
	// demoPrice is what a worker costs per epoch, in millionths of a USD.
	demoPrice = 10_000
	// demoEpochs is for how many epochs the deal is paid.
	demoEpochs = 10_000
	// demoDuration is for how many epochs capacity is pledged.
	demoDuration = 100_000
	// demoShare is the delegator's share of rewards, of 10 000 000.
	demoShare = 2_000_000
	// demoStakeFLT is the most that the member stakes; the chain says how much it takes.
	demoStakeFLT = 100_000
	// demoTimeout bounds the demo, beside the epoch that it waits for.
	demoTimeout = 2 * time.Minute
	// bindingValid is how long the peers' signatures can be used.
	bindingValid = 10 * time.Minute
)

// demo sets up a provider's offer, pledges, an app and a customer's deal, with the messages that anybody would send.
type demo struct {
	n         *Network
	info      Info
	app       bundle.Bundle
	provider  party
	customer  party
	delegator party
	view      *remote.Chain
	result    Demo
	peers     [][]byte // keys of the peers
	units     [][][]byte
}

// party is an account that takes part.
type party struct {
	account string
	chain   *remote.Chain
}

// demonstrate sets the demo up, or finds what an earlier run of this network set up.
func (n *Network) demonstrate(ctx context.Context, info Info, say func(string)) (Demo, error) {
	file := filepath.Join(n.opts.Dir, demoFile)
	var found Demo
	text, err := os.ReadFile(file)
	if err == nil {
		return found, json.Unmarshal(text, &found)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	app, err := demoApp(n.opts.App)
	if err != nil {
		return found, err
	}
	ctx, cancel := context.WithTimeout(ctx, demoTimeout+n.opts.Epoch)
	defer cancel()
	d := &demo{n: n, info: info}
	if err := d.open(app); err != nil {
		return found, err
	}
	for _, step := range []struct {
		says string
		does func(context.Context) error
	}{
		{"provider offers units", d.offer},
		{"provider pledges capacity, a member stakes", d.pledge},
		{"customer puts the app onto a peer", d.push},
		{"pledges begin with the next epoch", d.started},
		{"customer rents two workers", d.rent},
		{"workers start the app", d.awaitWorkers},
	} {
		say(step.says)
		if err := step.does(ctx); err != nil {
			return found, fmt.Errorf("demo: %s: %w", step.says, err)
		}
	}
	if text, err = json.MarshalIndent(d.result, "", "  "); err != nil {
		return found, err
	}
	return d.result, os.WriteFile(file, append(text, '\n'), 0o600)
}

// open reads the app and connects the accounts to validator 0.
func (d *demo) open(app string) (err error) {
	f, err := os.Open(app)
	if err != nil {
		return term.Hint(err, "make demo builds the app; --demo=false starts without it")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if d.app, err = bundle.Read(f); err != nil {
		return fmt.Errorf("%s: %w", app, err)
	}
	for i, p := range []*party{&d.customer, &d.provider, &d.delegator} {
		a, err := network.KnownAccount(d.info.Accounts[i].Name, uint32(i))
		if err != nil {
			return err
		}
		p.account = a.Bech32()
		if p.chain, err = remote.New(remote.Config{Address: "unix://" + d.n.members[0].dir.Socket(), ChainID: params.ChainIDLocal, Key: a.Key}); err != nil {
			return err
		}
	}
	d.view = d.customer.chain
	d.result = Demo{AppCID: d.app.CID.String(), Provider: d.info.Accounts[1].Bech32, CommitmentIDs: []string{}, Workers: []Worker{}}
	return nil
}

// send hands messages in as one transaction of p.
func (p party) send(ctx context.Context, msgs ...proto.Message) (chain.Receipt, error) {
	list := make([]chain.Msg, len(msgs))
	for i, m := range msgs {
		value, err := proto.Marshal(m)
		if err != nil {
			return chain.Receipt{}, err
		}
		list[i] = chain.Msg{TypeURL: sdk.MsgTypeURL(m), Value: value}
	}
	return p.chain.Submit(ctx, list...)
}

// offer registers the provider and its offer with the units of the first peers.
func (d *demo) offer(ctx context.Context) error {
	var peers []markettypes.NewPeer
	for i := range min(demoPeers, len(d.info.Validators)) {
		p, err := d.newPeer(i)
		if err != nil {
			return err
		}
		peers = append(peers, p)
		d.peers, d.units = append(d.peers, p.Id), append(d.units, p.UnitIds)
	}
	r, err := d.provider.send(ctx,
		&markettypes.MsgSetProvider{Provider: d.provider.account, Name: "demo provider"},
		&markettypes.MsgRegisterOffer{Provider: d.provider.account, Terms: markettypes.Terms{
			Denom: params.StableDenom, MinPrice: sdkmath.NewInt(demoPrice), MinProtocolVersion: 1, MaxProtocolVersion: 1,
		}, Peers: peers})
	if err != nil {
		return err
	}
	id, err := idOf(r, "fluence.market.v1.EventMarketOfferRegistered", "offer_id")
	d.result.OfferID = "0x" + hex.EncodeToString(id)
	return err
}

// newPeer binds the peer of validator i to the provider.
func (d *demo) newPeer(i int) (p markettypes.NewPeer, err error) {
	key, err := peerKey(d.n.members[i].dir)
	if err != nil {
		return p, err
	}
	owner, err := peerAccount(i)
	if err != nil {
		return p, err
	}
	provider, err := sdk.AccAddressFromBech32(d.provider.account)
	if err != nil {
		return p, err
	}
	expires := uint64(time.Now().Add(bindingValid).Unix())
	p = markettypes.NewPeer{
		Id: key.Public().(ed25519.PublicKey), Owner: owner.Bech32(), ExpiresAt: expires, Addresses: d.info.Validators[i].Multiaddrs,
		Signature: ed25519.Sign(key, markettypes.PeerBytes(params.ChainIDLocal, provider, owner.Address(), expires)),
	}
	for u := range demoUnits {
		id := sha256.Sum256(fmt.Appendf(nil, "demo unit %d of peer %x", u, p.Id))
		p.UnitIds = append(p.UnitIds, id[:])
	}
	return p, nil
}

// pledge commits the peers' capacity, with the member's stake.
func (d *demo) pledge(ctx context.Context) error {
	var msgs []proto.Message
	for _, id := range d.peers {
		msgs = append(msgs, &capacitytypes.MsgCreateCommitment{
			Provider: d.provider.account, PeerId: id, Duration: demoDuration, Delegator: d.delegator.account, RewardRate: demoShare,
		})
	}
	r, err := d.provider.send(ctx, msgs...)
	if err != nil {
		return err
	}
	ids, err := idsOf(r, "fluence.capacity.v1.EventCommitmentCreated", "commitment_id")
	if err != nil {
		return err
	}
	for _, id := range ids {
		d.result.CommitmentIDs = append(d.result.CommitmentIDs, "0x"+hex.EncodeToString(id))
	}
	_, err = d.delegator.send(ctx, &capacitytypes.MsgDepositCollateral{
		Depositor: d.delegator.account, CommitmentIds: ids, MaxAmount: sdk.NewCoin(params.BaseDenom, sdkmath.NewInt(demoStakeFLT).Mul(sdkmath.NewIntWithDecimal(1, params.BaseDecimals))),
	})
	return err
}

// push puts the app's blocks onto the peer of validator 0; the others fetch them from there.
func (d *demo) push(ctx context.Context) error {
	v := d.info.Validators[0]
	if v.ManagementKey == nil || len(v.Multiaddrs) == 0 {
		return errors.New("the peer of validator 0 tells no management key or address")
	}
	seed, err := base64.StdEncoding.DecodeString(*v.ManagementKey)
	if err != nil {
		return err
	}
	if len(seed) != ed25519.SeedSize {
		return fmt.Errorf("management key has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return err
	}
	_, err = appcmd.Push(ctx, appcmd.Target{Peer: v.Multiaddrs[0], Key: key}, d.app)
	return err
}

// started waits until the pledges are active.
func (d *demo) started(ctx context.Context) error {
	first, err := d.view.Epoch(ctx)
	if err != nil {
		return err
	}
	return d.wait(ctx, func() (bool, error) {
		e, err := d.view.Epoch(ctx)
		return err == nil && e.Number > first.Number, err
	})
}

// rent creates, funds and matches the deal in one transaction.
func (d *demo) rent(ctx context.Context) error {
	offer, err := hex.DecodeString(d.result.OfferID[2:])
	if err != nil {
		return err
	}
	var match []dealtypes.Selection
	for i, id := range d.peers {
		match = append(match, dealtypes.Selection{OfferId: offer, PeerId: id, UnitIds: d.units[i][:1]})
	}
	workers := int64(len(match))
	r, err := d.customer.send(ctx, &dealtypes.MsgCreateDeal{
		Owner: d.customer.account, Deposit: sdk.NewInt64Coin(params.StableDenom, demoPrice*demoEpochs*workers), Match: match,
		Terms: dealtypes.Terms{
			AppCid: d.app.CID.Bytes(), Denom: params.StableDenom, Price: sdkmath.NewInt(demoPrice), TargetWorkers: uint32(workers),
			UnitsPerWorker: 1, ProtocolVersion: 1,
		},
	})
	if err != nil {
		return err
	}
	id, err := idOf(r, "fluence.deal.v1.EventDealCreated", "deal_id")
	d.result.DealID = "0x" + hex.EncodeToString(id)
	return err
}

// awaitWorkers waits until every worker has been activated.
func (d *demo) awaitWorkers(ctx context.Context) error {
	id, err := hex.DecodeString(d.result.DealID[2:])
	if err != nil {
		return err
	}
	return d.wait(ctx, func() (bool, error) {
		list, _, err := d.view.Workers(ctx, chain.DealID(id))
		if err != nil {
			return false, err
		}
		workers := []Worker{}
		for _, w := range list {
			if len(w.Key) == 0 {
				return false, nil
			}
			host, err := peerID(w.Peer[:])
			if err != nil {
				return false, err
			}
			worker, err := peerID(w.Key)
			if err != nil {
				return false, err
			}
			workers = append(workers, Worker{PeerID: host, WorkerID: worker})
		}
		d.result.Workers = workers
		return len(workers) == len(d.peers), nil
	})
}

// wait asks until done says so.
func (d *demo) wait(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	var last error
	for {
		ok, err := done()
		if ok {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		case <-tick.C:
		}
	}
}

func peerID(key []byte) (string, error) {
	k, err := crypto.UnmarshalEd25519PublicKey(key)
	if err != nil {
		return "", err
	}
	id, err := peer.IDFromPublicKey(k)
	return id.String(), err
}
