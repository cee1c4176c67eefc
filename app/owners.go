// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/proofs/trust"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// owners tells x/perimeter who may speak for what serves.
type owners struct{ a *App }

// PeerOwners returns the wallet that the peer's key bound itself to, and the owner and the provider of the peer on
// the market; the peer signed for each of them.
func (o owners) PeerOwners(ctx context.Context, peer []byte) ([]string, error) {
	key, err := trust.NewKey(trust.Ed25519, peer)
	if err != nil {
		return nil, nil //nolint:nilerr // what is no key has no owners
	}
	var list []string
	switch wallet, err := o.a.Trust.Wallet(ctx, key.Append(nil)); {
	case err == nil:
		list = append(list, wallet)
	case !errors.Is(err, collections.ErrNotFound):
		return nil, err
	}
	switch p, err := o.a.Market.Peer(ctx, peer); {
	case err == nil:
		list = append(list, p.Owner, p.Provider)
	case !errors.Is(err, markettypes.ErrPeerNotFound):
		return nil, err
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" }), nil
}

// DealOwner returns the owner of a deal, and whether only listed providers serve it. No owner: there is no such deal.
func (o owners) DealOwner(ctx context.Context, deal []byte) (owner string, closed bool, err error) {
	switch d, err := o.a.Deal.Deal(ctx, deal); {
	case err == nil:
		return d.Owner, d.Access == dealtypes.AccessWhitelist, nil
	case errors.Is(err, dealtypes.ErrDealNotFound) || errors.Is(err, dealtypes.ErrInvalidID):
		return "", false, nil
	default:
		return "", false, err
	}
}
