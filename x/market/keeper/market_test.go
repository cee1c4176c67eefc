// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/market/keeper"
	"github.com/go-fluence/fluence/x/market/types"
)

// TestEventsAreTheOfficialOnes registers an offer priced by resource; the official
// contracts emit these events for the same call (spec §1.4).
func TestEventsAreTheOfficialOnes(t *testing.T) {
	w := newWorld(t)
	dc := &types.MsgCreateDataCenters{Authority: "authority", DataCenters: []types.DataCenter{{CountryCode: "FI", CityCode: "HEL", Index: 1, Tier: 3, Certifications: []string{"ISO 27001"}}}}
	if _, err := w.CreateDataCenters(w.ctx(), dc); err != nil {
		t.Fatal(err)
	}
	w.env.Next(time.Second)
	terms := byResource(1, 1, 1)
	terms.DatacenterId = 1
	offer := w.provider(t, terms, supplied(newPeer(1, "alice", "machine", 1, 2), 8192, 1000))
	want := map[string]int{
		"EventProviderInfoUpdated": 1, "EventMarketOfferRegistered": 1, "EventOfferV2Created": 1, "EventResourcePriceUpdated": 3,
		"EventOfferDatacenterUpdated": 1, "EventPeerCreated": 1, "EventComputeUnitCreated": 2, "EventPeerResourceRegistered": 3,
	}
	if got := w.events(); !reflect.DeepEqual(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	w.env.Next(time.Second)
	terms.Prices[2].Price, terms.Effectors, terms.MinProtocolVersion, terms.DatacenterId = math.NewInt(7), [][]byte{cid(1)}, 1, 0
	if _, err := w.UpdateOffer(w.ctx(), &types.MsgUpdateOffer{Provider: "alice", OfferId: offer, Terms: terms}); err != nil {
		t.Fatal(err)
	}
	want = map[string]int{"EventResourcePriceUpdated": 1, "EventEffectorAdded": 1, "EventProtocolVersionUpgraded": 1, "EventOfferDatacenterUpdated": 1}
	if got := w.events(); !reflect.DeepEqual(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	w.env.Next(time.Second)
	taking := types.Taking{Deal: id(1, 20), Worker: id(1, 32), Peer: peerID(1), Units: unitIDs(2), Resources: []types.Quantity{{ResourceId: 1, Amount: 2}, {ResourceId: 2, Amount: 4096}}}
	if err := w.Take(w.ctx(), taking); err != nil {
		t.Fatal(err)
	}
	if err := w.Return(w.ctx(), taking.Deal, taking.Worker, taking.Peer, nil); err != nil {
		t.Fatal(err)
	}
	want = map[string]int{"EventUnitsTaken": 1, "EventPeerResourceSupplyUpdated": 4, "EventComputeUnitsRemovedFromDeal": 1}
	if got := w.events(); !reflect.DeepEqual(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	w.export(t)
}

// TestMatchNeedsTheFullPrice repeats spec §1.10: 2·1 + 4096·1 + 1000·1 = 5098 is
// accepted, 5097 is not.
func TestMatchNeedsTheFullPrice(t *testing.T) {
	w := newWorld(t)
	w.provider(t, byResource(1, 1, 1), supplied(newPeer(1, "alice", "machine", 1), 4096, 1000))
	d := types.Demand{
		Denom: "uusd", MaxPrice: math.NewInt(5098), Units: 1, ProtocolVersion: 2,
		Resources: []types.Quantity{{ResourceId: 1, Amount: 2}, {ResourceId: 2, Amount: 4096}, {ResourceId: 3, Amount: 1000}},
	}
	m, err := w.CheckMatch(w.ctx(), peerID(1), d)
	if err != nil || !m.Price.Equal(math.NewInt(5098)) || !reflect.DeepEqual(m.Units, unitIDs(1)) {
		t.Errorf("CheckMatch = %v, %v", m, err)
	}
	d.MaxPrice = math.NewInt(5097)
	if _, err := w.CheckMatch(w.ctx(), peerID(1), d); !errors.Is(err, types.ErrPriceTooLow) {
		t.Errorf("at 5097: %v, want ErrPriceTooLow", err)
	}
}

func TestMatch(t *testing.T) {
	w := newWorld(t)
	for _, msg := range []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := w.CreateDataCenters(ctx, &types.MsgCreateDataCenters{Authority: "authority", DataCenters: []types.DataCenter{{CountryCode: "FI", CityCode: "HEL"}}})
			return err
		},
		func(ctx context.Context) error {
			_, err := w.SetAuditors(ctx, &types.MsgSetAuditors{Authority: "authority", Set: []types.Auditor{{Address: "carol", Name: "Carol"}, {Address: "dave", Name: "Dave"}}})
			return err
		},
	} {
		if err := msg(w.ctx()); err != nil {
			t.Fatal(err)
		}
	}
	terms := byUnit(10)
	terms.DatacenterId, terms.Effectors = 1, [][]byte{cid(1), cid(2)}
	w.provider(t, terms, newPeer(1, "alice", "machine", 1, 2), newPeer(2, "alice", "machine", 3))
	if _, err := w.SignAttributes(w.ctx(), &types.MsgSignAttributes{Auditor: "carol", Provider: "alice", Attributes: []types.KeyValue{{Key: "region", Value: "eu"}, {Key: "tier", Value: "3"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DrainPeer(w.ctx(), &types.MsgDrainPeer{Provider: "alice", PeerId: peerID(2), Draining: true}); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		peer int
		edit func(*types.Demand)
		want error
	}{
		"accepted": {1, func(*types.Demand) {}, nil},
		"everything asked for": {1, func(d *types.Demand) {
			d.Effectors = [][]byte{cid(2)}
			d.DataCenters = []uint64{4, 1}
			d.Provider = "alice"
		}, nil},
		"attribute": {1, func(d *types.Demand) { d.Attributes = []types.AttributeDemand{{Key: "region", Value: "eu"}} }, nil},
		"attribute of carol": {1, func(d *types.Demand) {
			d.Attributes = []types.AttributeDemand{{Key: "tier", Value: "3", Auditor: "carol"}}
		}, nil},
		"attribute of dave": {1, func(d *types.Demand) {
			d.Attributes = []types.AttributeDemand{{Key: "tier", Value: "3", Auditor: "dave"}}
		}, types.ErrNoMatch},
		"attribute of nobody": {1, func(d *types.Demand) {
			d.Attributes = []types.AttributeDemand{{Key: "tier", Value: "3", Auditor: "eve"}}
		}, types.ErrNoMatch},
		"attribute otherwise":   {1, func(d *types.Demand) { d.Attributes = []types.AttributeDemand{{Key: "region", Value: "us"}} }, types.ErrNoMatch},
		"price short by one":    {1, func(d *types.Demand) { d.MaxPrice = math.NewInt(19) }, types.ErrPriceTooLow},
		"no price":              {1, func(d *types.Demand) { d.MaxPrice = math.Int{} }, types.ErrPriceTooLow},
		"another denom":         {1, func(d *types.Demand) { d.Denom = "aflt" }, types.ErrNoMatch},
		"another version":       {1, func(d *types.Demand) { d.ProtocolVersion = 2 }, types.ErrNoMatch},
		"another provider":      {1, func(d *types.Demand) { d.Provider = "bob" }, types.ErrNoMatch},
		"another data center":   {1, func(d *types.Demand) { d.DataCenters = []uint64{2} }, types.ErrNoMatch},
		"effector it lacks":     {1, func(d *types.Demand) { d.Effectors = [][]byte{cid(1), cid(3)} }, types.ErrNoMatch},
		"three units":           {1, func(d *types.Demand) { d.Units, d.MaxPrice = 3, math.NewInt(30) }, types.ErrUnitTaken},
		"no units":              {1, func(d *types.Demand) { d.Units = 0 }, types.ErrInvalidField},
		"resources of no price": {1, func(d *types.Demand) { d.Resources = []types.Quantity{{ResourceId: 1, Amount: 4}} }, types.ErrUnpriced},
		"draining peer":         {2, func(d *types.Demand) { d.Units = 1 }, types.ErrDraining},
		"peer that is not":      {3, func(*types.Demand) {}, types.ErrPeerNotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := types.Demand{Denom: "uusd", MaxPrice: math.NewInt(20), Units: 2, ProtocolVersion: 1}
			tt.edit(&d)
			if _, err := w.CheckMatch(w.ctx(), peerID(tt.peer), d); !errors.Is(err, tt.want) {
				t.Errorf("CheckMatch = %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := w.SetAuditors(w.ctx(), &types.MsgSetAuditors{Authority: "authority", Remove: []string{"carol"}}); err != nil {
		t.Fatal(err)
	}
	d := types.Demand{Denom: "uusd", MaxPrice: math.NewInt(20), Units: 2, ProtocolVersion: 1, Attributes: []types.AttributeDemand{{Key: "region", Value: "eu"}}}
	if _, err := w.CheckMatch(w.ctx(), peerID(1), d); !errors.Is(err, types.ErrNoMatch) {
		t.Errorf("said by a removed auditor: %v, want ErrNoMatch", err)
	}
}

// TestIterationIsPaged walks five peers and offers two by two.
func TestIterationIsPaged(t *testing.T) {
	w := newWorld(t)
	offer := w.provider(t, byUnit(1), newPeer(1, "alice", "m"), newPeer(2, "alice", "m"), newPeer(3, "alice", "m"), newPeer(4, "alice", "m"), newPeer(5, "alice", "m"))
	for range 4 {
		w.provider(t, byUnit(1))
	}
	seen, after := map[string]bool{}, []byte(nil)
	for range 3 {
		n := 0
		last, err := w.IteratePeers(w.ctx(), offer, after, 2, func(p types.Peer) (bool, error) {
			n++
			if seen[string(p.Id)] {
				t.Errorf("peer %x is shown twice", p.Id)
			}
			seen[string(p.Id)] = true
			return false, nil
		})
		if err != nil || n > 2 {
			t.Fatalf("a page of %d peers: %v", n, err)
		}
		after = last
	}
	if len(seen) != 5 {
		t.Errorf("%d peers shown, want 5", len(seen))
	}
	n, after := 0, []byte(nil)
	for range 3 {
		last, err := w.IterateOffers(w.ctx(), after, 2, func(types.Offer) (bool, error) { n++; return false, nil })
		if err != nil {
			t.Fatal(err)
		}
		after = last
	}
	if n != 5 {
		t.Errorf("%d offers shown, want 5", n)
	}
	n = 0
	if _, err := w.IterateOffers(w.ctx(), nil, 9, func(types.Offer) (bool, error) { n++; return true, nil }); err != nil || n != 1 {
		t.Errorf("stopped after %d offers, %v; want 1", n, err)
	}
}

// TestHookThatRefusesChangesNothing also shows that hooks run before the change.
func TestHookThatRefusesChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.provider(t, byUnit(1), newPeer(1, "alice", "machine", 1, 2))
	taking := types.Taking{Deal: id(1, 20), Worker: id(1, 32), Peer: peerID(1), Units: unitIDs(2, 1)}
	w.hook.refuses = true
	w.refuses(t, errHook, func(ctx context.Context) error { return w.Take(ctx, taking) })
	w.hook.refuses = false
	if err := w.Take(w.ctx(), taking); err != nil {
		t.Fatal(err)
	}
	w.hook.refuses = true
	w.refuses(t, errHook, func(ctx context.Context) error {
		return w.Return(ctx, taking.Deal, taking.Worker, taking.Peer, taking.Units)
	})
	if w.hook.broken != nil || w.hook.took != 4 || w.hook.gave != 2 {
		t.Errorf("hook saw %d taken and %d returned: %v", w.hook.took, w.hook.gave, w.hook.broken)
	}
}

func TestWhitelist(t *testing.T) {
	w := newWorld(t)
	approved := func(want bool) {
		t.Helper()
		if ok, err := w.Approved(w.ctx(), "alice"); err != nil || ok != want {
			t.Errorf("Approved = %v, %v; want %v", ok, err, want)
		}
	}
	approved(true) // the whitelist is off
	p := types.DefaultParams()
	p.WhitelistEnabled = true
	if _, err := w.UpdateParams(w.ctx(), &types.MsgUpdateParams{Authority: "authority", Params: p}); err != nil {
		t.Fatal(err)
	}
	approved(false)
	if _, err := w.GrantAccess(w.ctx(), &types.MsgGrantAccess{Authority: "authority", Accounts: []string{"alice", "bob"}}); err != nil {
		t.Fatal(err)
	}
	approved(true)
	if g := w.export(t); !reflect.DeepEqual(g.Approved, []string{"alice", "bob"}) {
		t.Errorf("approved %v", g.Approved)
	}
	if _, err := w.RevokeAccess(w.ctx(), &types.MsgRevokeAccess{Authority: "authority", Accounts: []string{"alice"}}); err != nil {
		t.Fatal(err)
	}
	approved(false)
}

// TestOnlyGovernanceKeepsRegisters sends each message of the authority as somebody else.
func TestOnlyGovernanceKeepsRegisters(t *testing.T) {
	w := newWorld(t)
	for name, call := range map[string]func(context.Context) error{
		"params": func(ctx context.Context) error {
			_, err := w.UpdateParams(ctx, &types.MsgUpdateParams{Authority: "mallory", Params: types.DefaultParams()})
			return err
		},
		"resources": func(ctx context.Context) error {
			_, err := w.RegisterResources(ctx, &types.MsgRegisterResources{Authority: "mallory", Resources: make([]types.Resource, 1)})
			return err
		},
		"resource": func(ctx context.Context) error {
			_, err := w.UpdateResource(ctx, &types.MsgUpdateResource{Authority: "mallory", Id: 1})
			return err
		},
		"data centers": func(ctx context.Context) error {
			_, err := w.CreateDataCenters(ctx, &types.MsgCreateDataCenters{Authority: "mallory"})
			return err
		},
		"data center": func(ctx context.Context) error {
			_, err := w.UpdateDataCenter(ctx, &types.MsgUpdateDataCenter{Authority: "mallory"})
			return err
		},
		"effector": func(ctx context.Context) error {
			_, err := w.SetEffectorInfo(ctx, &types.MsgSetEffectorInfo{Authority: "mallory"})
			return err
		},
		"effector removed": func(ctx context.Context) error {
			_, err := w.RemoveEffectorInfo(ctx, &types.MsgRemoveEffectorInfo{Authority: "mallory"})
			return err
		},
		"access": func(ctx context.Context) error {
			_, err := w.GrantAccess(ctx, &types.MsgGrantAccess{Authority: "mallory", Accounts: []string{"mallory"}})
			return err
		},
		"access revoked": func(ctx context.Context) error {
			_, err := w.RevokeAccess(ctx, &types.MsgRevokeAccess{Authority: "mallory", Accounts: []string{"alice"}})
			return err
		},
		"auditors": func(ctx context.Context) error {
			_, err := w.SetAuditors(ctx, &types.MsgSetAuditors{Authority: "mallory", Set: []types.Auditor{{Address: "mallory", Name: "M"}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { w.refuses(t, types.ErrNotAuthority, call) })
	}
}

// TestRegisters has one row per way in which the authority itself is refused.
func TestRegisters(t *testing.T) {
	w := newWorld(t)
	ids, err := w.RegisterResources(w.ctx(), &types.MsgRegisterResources{Authority: "authority", Resources: []types.Resource{{Type: types.ResourceVCPU, Metadata: "another processor"}}})
	if err != nil || !reflect.DeepEqual(ids.Ids, []uint64{6}) {
		t.Errorf("RegisterResources = %v, %v; want id 6", ids, err)
	}
	for name, c := range map[string]struct {
		want error
		call func(context.Context) error
	}{
		"resource of no type": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.RegisterResources(ctx, &types.MsgRegisterResources{Authority: "authority", Resources: []types.Resource{{Type: 5}}})
			return err
		}},
		"resource with an id": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.RegisterResources(ctx, &types.MsgRegisterResources{Authority: "authority", Resources: []types.Resource{{}, {Id: 7}}})
			return err
		}},
		"65 resources": {types.ErrBatchTooLarge, func(ctx context.Context) error {
			_, err := w.RegisterResources(ctx, &types.MsgRegisterResources{Authority: "authority", Resources: make([]types.Resource, 65)})
			return err
		}},
		"resource that is not": {types.ErrResourceNotFound, func(ctx context.Context) error {
			_, err := w.UpdateResource(ctx, &types.MsgUpdateResource{Authority: "authority", Id: 99})
			return err
		}},
		"country of three letters": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.CreateDataCenters(ctx, &types.MsgCreateDataCenters{Authority: "authority", DataCenters: []types.DataCenter{{CountryCode: "FIN", CityCode: "HEL"}}})
			return err
		}},
		"data center that is not": {types.ErrDataCenterNotFound, func(ctx context.Context) error {
			_, err := w.UpdateDataCenter(ctx, &types.MsgUpdateDataCenter{Authority: "authority", Id: 9})
			return err
		}},
		"17 certifications": {types.ErrBatchTooLarge, func(ctx context.Context) error {
			_, err := w.CreateDataCenters(ctx, &types.MsgCreateDataCenters{Authority: "authority", DataCenters: []types.DataCenter{{CountryCode: "FI", CityCode: "HEL", Certifications: make([]string, 17)}}})
			return err
		}},
		"effector that is no CID": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.SetEffectorInfo(ctx, &types.MsgSetEffectorInfo{Authority: "authority", Info: types.EffectorInfo{Id: cid(1)[:35]}})
			return err
		}},
		"effector that is not": {types.ErrEffectorNotFound, func(ctx context.Context) error {
			_, err := w.RemoveEffectorInfo(ctx, &types.MsgRemoveEffectorInfo{Authority: "authority", Id: cid(1)})
			return err
		}},
		"auditor that is not": {types.ErrNotAuditor, func(ctx context.Context) error {
			_, err := w.SetAuditors(ctx, &types.MsgSetAuditors{Authority: "authority", Set: []types.Auditor{{Address: "carol", Name: "C"}}, Remove: []string{"eve"}})
			return err
		}},
		"said by no auditor": {types.ErrNotAuditor, func(ctx context.Context) error {
			_, err := w.SignAttributes(ctx, &types.MsgSignAttributes{Auditor: "eve", Provider: "alice", Attributes: []types.KeyValue{{Key: "k", Value: "v"}}})
			return err
		}},
		"taken back, never said": {types.ErrAttributeNotFound, func(ctx context.Context) error {
			_, err := w.DeleteAttributes(ctx, &types.MsgDeleteAttributes{Auditor: "eve", Provider: "alice", Keys: []string{"k"}})
			return err
		}},
		"no denoms": {types.ErrInvalidParams, func(ctx context.Context) error {
			p := types.DefaultParams()
			p.PaymentDenoms = nil
			_, err := w.UpdateParams(ctx, &types.MsgUpdateParams{Authority: "authority", Params: p})
			return err
		}},
		"maintenance without end": {types.ErrInvalidParams, func(ctx context.Context) error {
			p := types.DefaultParams()
			p.MaxMaintenanceEpochs = p.MaintenanceInterval + 1
			_, err := w.UpdateParams(ctx, &types.MsgUpdateParams{Authority: "authority", Params: p})
			return err
		}},
		"units without bound": {types.ErrInvalidParams, func(ctx context.Context) error {
			p := types.DefaultParams()
			p.MaxUnitsPerPeer = 4097
			_, err := w.UpdateParams(ctx, &types.MsgUpdateParams{Authority: "authority", Params: p})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) { w.refuses(t, c.want, c.call) })
	}
}

func TestQueries(t *testing.T) {
	w := newWorld(t)
	offer := w.provider(t, byResource(1, 1, 1), supplied(newPeer(1, "alice", "machine", 1, 2, 3), 3*4096, 9))
	w.provider(t, byUnit(4))
	ctx, q := w.ctx(), keeper.NewQueryServer(w.Keeper)
	all, err := q.Offers(ctx, &types.QueryOffersRequest{Provider: "alice"})
	if err != nil || len(all.Offers) != 2 {
		t.Errorf("Offers of alice = %v, %v; want 2", all, err)
	}
	priced, err := q.Offers(ctx, &types.QueryOffersRequest{ResourceId: 3})
	if err != nil || len(priced.Offers) != 1 || string(priced.Offers[0].Id) != string(offer) {
		t.Errorf("Offers with resource 3 = %v, %v", priced, err)
	}
	page, err := q.Units(ctx, &types.QueryUnitsRequest{PeerId: "0x" + hexText(peerID(1)), Pagination: &query.PageRequest{Limit: 2}})
	if err != nil || len(page.Units) != 2 || page.Pagination.NextKey == nil {
		t.Errorf("a page of units = %v, %v", page, err)
	}
	peers, err := q.Peers(ctx, &types.QueryPeersRequest{OfferId: hexText(offer)})
	if err != nil || len(peers.Peers) != 1 {
		t.Errorf("Peers of the offer = %v, %v", peers, err)
	}
	if r, err := q.Resources(ctx, &types.QueryResourcesRequest{}); err != nil || len(r.Resources) != 5 {
		t.Errorf("Resources = %v, %v", r, err)
	}
	if p, err := q.Provider(ctx, &types.QueryProviderRequest{Address: "alice"}); err != nil || !p.Approved || p.Provider.UnitCount != 3 || p.Provider.OfferCount != 2 {
		t.Errorf("Provider = %v, %v", p, err)
	}
	if _, err := q.Peer(ctx, &types.QueryPeerRequest{PeerId: "nonsense"}); !errors.Is(err, types.ErrInvalidField) {
		t.Errorf("Peer of nonsense: %v, want ErrInvalidField", err)
	}
	if _, err := q.Unit(ctx, &types.QueryUnitRequest{UnitId: hexText(id(9, 32))}); err == nil {
		t.Error("a unit that is not is found")
	}
	if _, err := q.Offers(ctx, &types.QueryOffersRequest{Provider: "alice", ResourceId: 1}); !errors.Is(err, types.ErrInvalidField) {
		t.Errorf("two filters: %v, want ErrInvalidField", err)
	}
}

// TestGenesisMustAddUp breaks a sound state in every place where records say the
// same thing twice.
func TestGenesisMustAddUp(t *testing.T) {
	w := newWorld(t)
	w.provider(t, byResource(1, 1, 1), supplied(newPeer(1, "alice", "machine", 1, 2), 8192, 9))
	taking := types.Taking{Deal: id(1, 20), Worker: id(1, 32), Peer: peerID(1), Units: unitIDs(1), Resources: []types.Quantity{{ResourceId: 1, Amount: 2}, {ResourceId: 2, Amount: 4096}}}
	if err := w.Take(w.ctx(), taking); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*types.GenesisState){
		"a unit more":           func(g *types.GenesisState) { g.Peers[0].UnitCount++ },
		"a unit less":           func(g *types.GenesisState) { g.Units = g.Units[:1] },
		"a unit in no deal":     func(g *types.GenesisState) { g.Units[0].DealId, g.Units[0].WorkerId = nil, nil },
		"a unit of no peer":     func(g *types.GenesisState) { g.Units[1].PeerId = id(1, 32) },
		"units out of order":    func(g *types.GenesisState) { g.Units[0], g.Units[1] = g.Units[1], g.Units[0] },
		"no holding":            func(g *types.GenesisState) { g.Holdings = nil },
		"holding of more":       func(g *types.GenesisState) { g.Holdings[0].Resources[1].Amount++ },
		"holding of less":       func(g *types.GenesisState) { g.Holdings[0].Resources[1].Amount-- },
		"holding of another":    func(g *types.GenesisState) { g.Holdings[0].WorkerId = id(2, 32) },
		"memory too small":      func(g *types.GenesisState) { g.Peers[0].Supplies[1].Max-- },
		"provider with more":    func(g *types.GenesisState) { g.Providers[0].UnitCount++ },
		"offer with more":       func(g *types.GenesisState) { g.Offers[0].PeerCount++ },
		"offer of nobody":       func(g *types.GenesisState) { g.Offers[0].Provider = "bob" },
		"offer without count":   func(g *types.GenesisState) { g.OfferSequence = 0 },
		"peer of somebody else": func(g *types.GenesisState) { g.Peers[0].Provider = "bob" },
		"resources with a gap":  func(g *types.GenesisState) { g.Resources[4].Id = 7 },
		"resource dropped":      func(g *types.GenesisState) { g.Resources = g.Resources[:2] },
		"provider twice":        func(g *types.GenesisState) { g.Providers = append(g.Providers, g.Providers[0]) },
		"auditor without name":  func(g *types.GenesisState) { g.Auditors = []types.Auditor{{Address: "carol"}} },
		"approved twice":        func(g *types.GenesisState) { g.Approved = []string{"bob", "bob"} },
		"bad params":            func(g *types.GenesisState) { g.Params.SignatureGas = 0 },
	} {
		g := w.export(t)
		edit(g)
		if err := g.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := w.export(t).Validate(); err != nil {
		t.Error(err)
	}
}
