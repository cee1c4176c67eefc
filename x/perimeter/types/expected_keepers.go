// SPDX-License-Identifier: Apache-2.0

package types

import "context"

// Owners tells who may speak for what serves. An id that is unknown has no owners.
type Owners interface {
	// PeerOwners returns the accounts that may speak for a peer, a raw ed25519 key.
	PeerOwners(ctx context.Context, peer []byte) ([]string, error)
	// DealOwner returns the account that owns a deal, and whether the deal's
	// providers are a closed list. No owner: there is no such deal.
	DealOwner(ctx context.Context, deal []byte) (owner string, closed bool, err error)
}
