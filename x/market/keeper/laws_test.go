// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"cosmossdk.io/math"
	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/x/market/keeper"
	"github.com/go-fluence/fluence/x/market/model"
	"github.com/go-fluence/fluence/x/market/types"
)

// twin is the market and its model under the same operations.
type twin struct {
	*world
	m      *model.World
	rt     *rapid.T
	rng    *rand.Rand     // rapid draws the seed: its own draws are too often small
	offers map[int][]byte // numbers of the model to ids
	next   int
}

func newTwin(t testing.TB, rt *rapid.T) *twin {
	w := newWorld(t)
	p := types.DefaultParams()
	p.MaxUnitsPerPeer, p.MaxUnitsPerProvider, p.MaxMaintenanceEpochs, p.MaintenanceInterval = 4, 7, 2, 5
	if _, err := w.UpdateParams(w.ctx(), &types.MsgUpdateParams{Authority: w.env.Authority, Params: p}); err != nil {
		rt.Fatal(err)
	}
	m := model.New()
	m.MaxPerPeer, m.MaxPerProvider, m.MaxWindow, m.Interval = 4, 7, 2, 5
	return &twin{world: w, m: m, rt: rt, offers: map[int][]byte{}, rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
}

func (w *twin) draw(_ string, n int) int { return w.rng.IntN(n) }

func account(n int) string { return fmt.Sprintf("account%d", n) }

// offer draws an offer, mostly one that exists; others have an id that nobody has.
func (w *twin) offer() (int, []byte) {
	var known []int
	for n := range w.next {
		if w.offers[n] != nil {
			known = append(known, n)
		}
	}
	if len(known) == 0 || w.draw("unknown", 12) == 0 {
		return -1, id(1<<40, types.IDSize)
	}
	n := known[w.draw("offer", len(known))]
	return n, w.offers[n]
}

// owner draws the provider of an offer, and now and then somebody else.
func (w *twin) owner(offer int) int {
	if o := w.m.Offers[offer]; o != nil && w.draw("honest", 6) > 0 {
		return o.Provider
	}
	return w.draw("provider", 2)
}

func (w *twin) peer() (peer, provider int) {
	peer = w.draw("peer", 4)
	for range 3 {
		if w.m.Peers[peer] == nil {
			peer = w.draw("peer", 4)
		}
	}
	if p := w.m.Peers[peer]; p != nil {
		return peer, w.owner(p.Offer)
	}
	return peer, w.draw("provider", 2)
}

func (w *twin) units(most int) (ns []int) {
	for range w.draw("number of units", most+1) {
		n := w.draw("unit", 10)
		for range 4 {
			if w.m.Units[n] != nil || slices.Contains(ns, n) {
				n = w.draw("another unit", 10)
			}
		}
		ns = append(ns, n)
	}
	return ns
}

func (w *twin) terms() (types.Terms, model.Offer) {
	if w.draw("priced by unit", 2) == 0 {
		price := int64(w.draw("price", 4))
		return byUnit(price), model.Offer{MinPrice: price}
	}
	t, o := byResource(), model.Offer{Prices: map[uint64]int64{}}
	for r := uint64(1); r <= 3; r++ {
		if price := int64(w.draw("price", 8)); price > 0 || w.draw("zero", 8) == 0 {
			t.Prices = append(t.Prices, types.Price{ResourceId: r, Price: math.NewInt(price)})
			o.Prices[r] = price
		}
	}
	return t, o
}

// supplies draws what a peer with n units has: often enough and complete.
func (w *twin) supplies(offer, n int) ([]types.Supply, map[uint64]uint64) {
	o := w.m.Offers[offer]
	if o == nil || (o.MinPrice > 0) == (w.draw("odd supplies", 8) > 0) {
		return nil, nil
	}
	m := map[uint64]uint64{1: 2 * uint64(n), 2: 4096 * uint64(n+w.draw("memory", 3)-w.draw("short", 5)/4)}
	if int64(m[2]) < 0 {
		m[2] = 0
	}
	if w.draw("wrong vCPU", 8) == 0 {
		m[1]++
	}
	if w.draw("storage", 2) == 0 {
		m[3] = uint64(w.draw("size", 100))
	}
	var s []types.Supply
	for r := uint64(1); r <= 3; r++ {
		if v, ok := m[r]; ok {
			s = append(s, types.Supply{ResourceId: r, Max: v})
		}
	}
	return s, m
}

func quantities(m map[uint64]uint64) (qs []types.Quantity) {
	for r := uint64(1); r <= 3; r++ {
		if m[r] > 0 {
			qs = append(qs, types.Quantity{ResourceId: r, Amount: m[r]})
		}
	}
	return qs
}

// uses draws what n units of a deal use.
func (w *twin) uses(peer, n int) map[uint64]uint64 {
	p := w.m.Peers[peer]
	if p == nil || (w.m.Offers[p.Offer].MinPrice > 0) == (w.draw("odd uses", 8) > 0) {
		return nil
	}
	m := map[uint64]uint64{1: 2 * uint64(n), 2: 4096 * uint64(n+w.draw("more memory", 2))}
	if w.draw("uses storage", 2) == 0 {
		m[3] = uint64(1 + w.draw("size", 60))
	}
	for r, v := range m {
		if v == 0 {
			delete(m, r)
		}
	}
	return m
}

// operations are what may happen; each returns what the market and the model said.
func (w *twin) operations() map[string]func(ctx context.Context) (got, want error) {
	return map[string]func(ctx context.Context) (error, error){
		"name":      w.doName,
		"register":  w.doRegister,
		"update":    w.doUpdate,
		"withdraw":  w.doWithdraw,
		"add peer":  w.doAddPeer,
		"remove":    w.doRemovePeer,
		"move":      w.doMove,
		"add units": w.doAddUnits,
		"rm units":  w.doRemoveUnits,
		"set":       w.doSet,
		"unset":     w.doUnset,
		"drain":     w.doDrain,
		"maintain":  w.doMaintain,
		"own":       w.doOwn,
		"commit":    w.doCommit,
		"take":      w.doTake,
		"return":    w.doReturn,
		"epoch":     w.doEpoch,
	}
}

func (w *twin) doName(ctx context.Context) (error, error) {
	p := w.draw("provider", 2)
	_, err := w.SetProvider(ctx, &types.MsgSetProvider{Provider: account(p), Name: "x"})
	return err, w.m.Name(p)
}

func (w *twin) doRegister(ctx context.Context) (error, error) {
	p := w.draw("provider", 2)
	t, o := w.terms()
	o.Provider = p
	res, err := w.RegisterOffer(ctx, &types.MsgRegisterOffer{Provider: account(p), Terms: t})
	want := w.m.Register(w.next, o)
	if err == nil {
		w.offers[w.next] = res.OfferId
		w.next++
	}
	return err, want
}

func (w *twin) doUpdate(ctx context.Context) (error, error) {
	n, b := w.offer()
	p := w.owner(n)
	t, o := w.terms()
	_, err := w.UpdateOffer(ctx, &types.MsgUpdateOffer{Provider: account(p), OfferId: b, Terms: t})
	return err, w.m.Update(p, n, o)
}

func (w *twin) doWithdraw(ctx context.Context) (error, error) {
	n, b := w.offer()
	p := w.owner(n)
	_, err := w.RemoveOffer(ctx, &types.MsgRemoveOffer{Provider: account(p), OfferId: b})
	if err == nil {
		delete(w.offers, n)
	}
	return err, w.m.Withdraw(p, n)
}

func (w *twin) doAddPeer(ctx context.Context) (error, error) {
	n, b := w.offer()
	p, peer, units := w.owner(n), w.draw("peer", 4), w.units(4)
	s, ms := w.supplies(n, len(units))
	msg := newPeer(peer, account(p), account(5), units...)
	msg.Supplies = s
	signed := w.draw("signed", 8) > 0
	if !signed {
		msg.Signature[0] ^= 1
	}
	_, err := w.AddPeers(ctx, &types.MsgAddPeers{Provider: account(p), OfferId: b, Peers: []types.NewPeer{msg}})
	return err, w.m.AddPeer(p, n, peer, 5, units, ms, signed)
}

func (w *twin) doRemovePeer(ctx context.Context) (error, error) {
	peer, p := w.peer()
	_, err := w.RemovePeers(ctx, &types.MsgRemovePeers{Provider: account(p), PeerIds: [][]byte{peerID(peer)}})
	return err, w.m.RemovePeer(p, peer)
}

func (w *twin) doMove(ctx context.Context) (error, error) {
	peer, p := w.peer()
	n, b := w.offer()
	s, ms := w.supplies(n, len(w.m.UnitsOf(peer)))
	if old := w.m.Peers[peer]; old != nil && w.m.Offers[n] != nil && (w.m.Offers[n].MinPrice > 0) == (w.m.Offers[old.Offer].MinPrice > 0) && w.draw("keeps", 8) > 0 {
		s, ms = nil, nil
	}
	_, err := w.MovePeer(ctx, &types.MsgMovePeer{Provider: account(p), PeerId: peerID(peer), OfferId: b, Supplies: s})
	return err, w.m.MovePeer(p, peer, n, ms)
}

func (w *twin) doAddUnits(ctx context.Context) (error, error) {
	peer, p := w.peer()
	units := w.units(3)
	msg := &types.MsgAddUnits{Provider: account(p), PeerId: peerID(peer), UnitIds: unitIDs(units...)}
	ram := uint64(0)
	if o := w.m.Peers[peer]; o != nil && (w.m.Offers[o.Offer].MinPrice == 0) == (w.draw("odd", 8) > 0) {
		ram = 4096 * uint64(1+w.draw("memory", 6))
		msg.Supplies = []types.Supply{{ResourceId: 2, Max: ram}}
	}
	_, err := w.AddUnits(ctx, msg)
	return err, w.m.AddUnits(p, peer, units, ram)
}

func (w *twin) doRemoveUnits(ctx context.Context) (error, error) {
	peer, p := w.peer()
	units := w.units(2)
	if own := w.m.UnitsOf(peer); len(own) > 0 && w.draw("own units", 4) > 0 {
		units = own[:1+w.draw("how many", len(own))]
	}
	_, err := w.RemoveUnits(ctx, &types.MsgRemoveUnits{Provider: account(p), PeerId: peerID(peer), UnitIds: unitIDs(units...)})
	return err, w.m.RemoveUnits(p, peer, units)
}

func (w *twin) doSet(ctx context.Context) (error, error) {
	peer, p := w.peer()
	r, amount := uint64(1+w.draw("resource", 3)), uint64(w.draw("amount", 200))
	if r == 2 {
		amount = 4096 * uint64(w.draw("memory", 6))
	} else if r == 1 {
		amount = uint64(w.draw("vCPU", 9))
	}
	_, err := w.SetPeerResource(ctx, &types.MsgSetPeerResource{Provider: account(p), PeerId: peerID(peer), Supply: types.Supply{ResourceId: r, Max: amount, Available: 99}})
	return err, w.m.SetResource(p, peer, r, amount)
}

func (w *twin) doUnset(ctx context.Context) (error, error) {
	peer, p := w.peer()
	r := uint64(3 - w.draw("resource", 6)/3)
	_, err := w.RemovePeerResource(ctx, &types.MsgRemovePeerResource{Provider: account(p), PeerId: peerID(peer), ResourceId: r})
	return err, w.m.RemoveResource(p, peer, r)
}

func (w *twin) doDrain(ctx context.Context) (error, error) {
	peer, p := w.peer()
	on := w.draw("draining", 4) == 0
	_, err := w.DrainPeer(ctx, &types.MsgDrainPeer{Provider: account(p), PeerId: peerID(peer), Draining: on})
	return err, w.m.Drain(p, peer, on)
}

func (w *twin) doMaintain(ctx context.Context) (error, error) {
	peer, p := w.peer()
	var from, until uint64
	if w.draw("announce", 4) > 0 {
		from = w.m.Epoch + uint64(w.draw("from", 7))
		until = from + uint64(w.draw("length", 4))
	}
	_, err := w.SetMaintenance(ctx, &types.MsgSetMaintenance{Provider: account(p), PeerId: peerID(peer), Window: types.Window{From: from, Until: until}})
	return err, w.m.Maintain(p, peer, from, until)
}

func (w *twin) doOwn(ctx context.Context) (error, error) {
	peer, p := w.peer()
	owner := 5 + w.draw("owner", 2)
	n := newPeer(peer, account(p), account(owner))
	signed := w.draw("signed", 4) > 0
	if !signed {
		n = newPeer(peer, account(p), "somebody")
	}
	_, err := w.SetPeerOwner(ctx, &types.MsgSetPeerOwner{Provider: account(p), PeerId: n.Id, Owner: account(owner), Signature: n.Signature, ExpiresAt: n.ExpiresAt})
	return err, w.m.Own(p, peer, owner, signed)
}

func (w *twin) doCommit(ctx context.Context) (error, error) {
	peer, _ := w.peer()
	on := w.draw("on", 2) == 0
	var c []byte
	if on {
		c = id(7, types.IDSize)
	}
	return w.SetCommitment(ctx, peerID(peer), c), w.m.Commit(peer, on)
}

func (w *twin) doTake(ctx context.Context) (error, error) {
	peer, _ := w.peer()
	units := w.units(2)
	if free := w.m.FreeOf(peer); len(free) > 0 && w.draw("free units", 6) > 0 {
		units = slices.Clone(free[:1+w.draw("how many", len(free))])
		slices.Reverse(units)
	}
	uses := w.uses(peer, len(units))
	worker := w.draw("worker", 8)
	w.hook.refuses = w.draw("hook refuses", 10) == 0
	before := w.hook.took
	err := w.Take(ctx, types.Taking{Deal: id(worker/2, types.DealSize), Worker: id(worker, types.IDSize), Peer: peerID(peer), Units: unitIDs(units...), Resources: quantities(uses)})
	if w.hook.refuses {
		w.hook.refuses = false
		if w.hook.took > before && !errors.Is(err, errHook) {
			w.rt.Fatalf("the hook refused, Take = %v", err)
		}
		return err, model.ErrRefused
	}
	want := w.m.Take(worker/2, worker, peer, units, uses)
	if called := w.hook.took - before; called != 0 && called != len(units) || (called > 0) != (want == nil) {
		w.rt.Fatalf("hook saw %d units, model says %v", called, want)
	}
	return err, want
}

func (w *twin) doReturn(ctx context.Context) (error, error) {
	deal, worker, peer := w.draw("deal", 4), w.draw("worker", 8), w.draw("peer", 4)
	var units [][]byte
	if n := len(w.m.Holdings); n > 0 && w.draw("right", 4) > 0 {
		h := w.m.Holdings[w.draw("holding", n)]
		deal, worker, peer = h.Deal, h.Worker, h.Peer
		if w.draw("named", 2) == 0 {
			units = unitIDs(h.Units...)
		}
	}
	return w.Return(ctx, id(deal, types.DealSize), id(worker, types.IDSize), peerID(peer), units), w.m.Return(deal, worker, peer)
}

func (w *twin) doEpoch(context.Context) (error, error) {
	w.m.Epoch++
	w.epoch.n++
	return nil, nil
}

// compare checks everything that the model knows.
func (w *twin) compare(ctx context.Context) {
	rt := w.rt
	if w.hook.broken != nil {
		rt.Fatal(w.hook.broken)
	}
	for n := range 4 {
		p, err := w.Peer(ctx, peerID(n))
		mp := w.m.Peers[n]
		if (err == nil) != (mp != nil) {
			rt.Fatalf("peer %d: %v, model has %v", n, err, mp)
		}
		if mp == nil {
			continue
		}
		if p.UnitCount != uint64(len(w.m.UnitsOf(n))) || p.Free() != uint64(len(w.m.FreeOf(n))) || p.Draining != mp.Draining ||
			p.Owner != account(mp.Owner) || (len(p.CommitmentId) > 0) != mp.Committed || string(p.OfferId) != string(w.offers[mp.Offer]) {
			rt.Fatalf("peer %d is %v, model has %+v", n, p, *mp)
		}
		if len(p.Supplies) != len(mp.Max) {
			rt.Fatalf("peer %d supplies %v, model has %v", n, p.Supplies, mp.Max)
		}
		for _, s := range p.Supplies {
			if limit, left := w.m.Supply(n, s.ResourceId); s.Max != limit || s.Available != left {
				rt.Fatalf("peer %d: supply %v, want %d of %d", n, s, left, limit)
			}
		}
		if in, err := w.InMaintenance(ctx, p.Id, w.m.Epoch); err != nil || in != w.m.InMaintenance(n, w.m.Epoch) {
			rt.Fatalf("peer %d in maintenance: %v, %v", n, in, err)
		}
		w.compareMatch(ctx, n)
	}
	for n := range 10 {
		u, err := w.Unit(ctx, id(n, types.IDSize))
		mu := w.m.Units[n]
		if (err == nil) != (mu != nil) {
			rt.Fatalf("unit %d: %v, model has %v", n, err, mu)
		}
		if mu == nil {
			continue
		}
		var deal, worker []byte
		if h := w.m.HolderOf(n); h != nil {
			deal, worker = id(h.Deal, types.DealSize), id(h.Worker, types.IDSize)
		}
		if want := (types.Unit{Id: id(n, types.IDSize), PeerId: peerID(mu.Peer), DealId: deal, WorkerId: worker, StartEpoch: mu.Start}); !reflect.DeepEqual(u, want) {
			rt.Fatalf("unit %d is %v, want %v", n, u, want)
		}
	}
	for n := range 2 {
		p, err := w.Provider(ctx, account(n))
		if (err == nil) != w.m.Named[n] || p.UnitCount != uint64(w.m.OwnedBy(n)) {
			rt.Fatalf("provider %d is %v, %v; model counts %d units", n, p, err, w.m.OwnedBy(n))
		}
	}
}

// compareMatch asks both what a drawn deal would pay on a peer.
func (w *twin) compareMatch(ctx context.Context, peer int) {
	n := 1 + w.draw("units asked for", 2)
	uses := w.uses(peer, n)
	pays := int64(w.draw("pays", 60_000))
	o := w.m.Offers[w.m.Peers[peer].Offer]
	version := uint64(1)
	if o.MinPrice == 0 {
		version = 2
	}
	got, err := w.CheckMatch(ctx, peerID(peer), types.Demand{
		Denom: "uusd", MaxPrice: math.NewInt(pays), Units: uint64(n), Resources: quantities(uses), ProtocolVersion: version,
	})
	price, units, want := w.m.Match(peer, n, uses, pays)
	if (err == nil) != (want == nil) {
		w.rt.Fatalf("CheckMatch = %v, model says %v", err, want)
	}
	if err == nil && (!got.Price.Equal(math.NewInt(price)) || !reflect.DeepEqual(got.Units, unitIDs(units...))) {
		w.rt.Fatalf("CheckMatch proposes %v for %s, model %v for %d", got.Units, got.Price, units, price)
	}
}

// TestLaws runs random operations of two providers, four peers and ten units
// against the model: both accept or both refuse, a refusal changes nothing, the
// invariants hold after every block, and what is exported imports to the same.
func TestLaws(t *testing.T) {
	accepted, refused := map[string]int{}, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := newTwin(t, rt)
		ops := w.operations()
		var names []string
		for name := range ops {
			names = append(names, name)
		}
		slices.Sort(names)
		names = append(names, slices.Repeat([]string{"register", "add peer", "add units", "take", "set", "unset", "move"}, 4)...)
		for _, err := range []error{w.m.Name(0), w.named(0)} {
			if err != nil {
				rt.Fatal(err)
			}
		}
		before := w.export(t)
		for range rapid.IntRange(30, 150).Draw(rt, "steps") {
			name := names[w.draw("operation", len(names))]
			got, want := ops[name](w.ctx())
			after := w.export(t)
			if (got == nil) != (want == nil) {
				rt.Fatalf("%s: market says %v, model %v", name, got, want)
			}
			if got == nil {
				accepted[name]++
			} else {
				refused[name]++
				if !reflect.DeepEqual(before, after) {
					rt.Fatalf("%s was refused (%v) and changed %v to %v", name, got, before, after)
				}
			}
			before = after
			w.compare(w.ctx())
			w.env.Next(time.Second)
		}
		g, other := w.export(t), emptyWorld(t)
		if err := other.InitGenesis(other.ctx(), *g); err != nil {
			rt.Fatal(err)
		}
		if again := other.export(t); !reflect.DeepEqual(again, g) {
			rt.Fatalf("imported %v, exported %v", again, g)
		}
	})
	for name := range (&twin{}).operations() {
		if accepted[name] == 0 || refused[name] == 0 && name != "name" && name != "epoch" {
			t.Errorf("%s: %d accepted, %d refused; the draws miss something", name, accepted[name], refused[name])
		}
	}
	t.Logf("accepted %v, refused %v", accepted, refused)
}

func (w *twin) named(n int) error {
	_, err := w.SetProvider(w.ctx(), &types.MsgSetProvider{Provider: account(n), Name: "x"})
	return err
}

var _ types.UnitHooks = (*listener)(nil)

var _ types.MsgServer = keeper.NewMsgServer(nil)
