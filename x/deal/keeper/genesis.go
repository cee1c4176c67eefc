// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/deal/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := errors.Join(k.params.Set(ctx, g.Params), k.sequence.Set(ctx, g.WorkerSequence)); err != nil {
		return err
	}
	for _, o := range g.Owners {
		addr, _, err := k.account("owner", o.Owner)
		if err != nil {
			return err
		}
		if err := k.owners.Set(ctx, addr, o.Count); err != nil {
			return err
		}
	}
	for i, d := range g.Deals {
		if err := k.initDeal(ctx, d, g.Accounts[i]); err != nil {
			return err
		}
	}
	for _, w := range g.Workers {
		if err := k.initWorker(ctx, w); err != nil {
			return err
		}
	}
	return k.initLists(ctx, g)
}

func (k *Keeper) initDeal(ctx context.Context, d types.Deal, a types.Account) error {
	owner, _, err := k.account("owner", d.Owner)
	if err != nil {
		return err
	}
	return errors.Join(
		k.deals.Set(ctx, d.Id, d),
		k.accounts.Set(ctx, d.Id, a),
		k.byOwner.Set(ctx, collections.Join([]byte(owner), d.Id)),
		k.enqueue(ctx, d.Id, 0, a.Due),
	)
}

func (k *Keeper) initWorker(ctx context.Context, w types.Worker) error {
	provider, _, err := k.account("provider", w.Provider)
	if err != nil {
		return err
	}
	n, err := k.countOf(ctx, w.DealId, provider)
	if err != nil {
		return err
	}
	return errors.Join(
		k.workers.Set(ctx, collections.Join(w.DealId, w.Id), w),
		k.byPeer.Set(ctx, collections.Join(w.PeerId, w.DealId), w.Id),
		k.setCount(ctx, w.DealId, provider, n+1),
	)
}

func (k *Keeper) initLists(ctx context.Context, g types.GenesisState) error {
	for _, e := range g.Access {
		addr, _, err := k.account("access", e.Provider)
		if err != nil {
			return err
		}
		if err := k.access.Set(ctx, collections.Join(e.DealId, []byte(addr))); err != nil {
			return err
		}
	}
	for _, gr := range g.Grants {
		granter, _, err := k.account("granter", gr.Granter)
		if err != nil {
			return err
		}
		grantee, _, err := k.account("grantee", gr.Grantee)
		if err != nil {
			return err
		}
		if err := k.grants.Set(ctx, collections.Join3([]byte(grantee), []byte(granter), gr.Limit.Denom), gr); err != nil {
			return err
		}
	}
	for _, r := range g.Rematches {
		if err := k.rematches.Set(ctx, r.DealId, r); err != nil {
			return err
		}
	}
	if len(g.RematchAfter) == 0 {
		return nil
	}
	return k.rematchAfter.Set(ctx, g.RematchAfter)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	g := &types.GenesisState{}
	var err error
	if g.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if g.WorkerSequence, err = k.sequence.Get(ctx); err != nil {
		return nil, err
	}
	err = k.owners.Walk(ctx, nil, func(addr []byte, n uint64) (bool, error) {
		name, err := k.addresses.BytesToString(addr)
		g.Owners = append(g.Owners, types.OwnerSequence{Owner: name, Count: n})
		return false, err
	})
	if err != nil {
		return nil, err
	}
	if g.Deals, err = values(ctx, k.deals); err != nil {
		return nil, err
	}
	if g.Accounts, err = values(ctx, k.accounts); err != nil {
		return nil, err
	}
	if g.Workers, err = values(ctx, k.workers); err != nil {
		return nil, err
	}
	err = k.access.Walk(ctx, nil, func(key pair) (bool, error) {
		name, err := k.addresses.BytesToString(key.K2())
		g.Access = append(g.Access, types.AccessEntry{DealId: key.K1(), Provider: name})
		return false, err
	})
	if err != nil {
		return nil, err
	}
	if g.Grants, err = values(ctx, k.grants); err != nil {
		return nil, err
	}
	if g.Rematches, err = values(ctx, k.rematches); err != nil {
		return nil, err
	}
	g.RematchAfter, err = k.rematchAfter.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		err = nil
	}
	return g, err
}

// values returns all values of m in the order of their keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}
