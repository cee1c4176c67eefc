// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	admit "github.com/go-fluence/fluence/x/capacity/admission"
	"github.com/go-fluence/fluence/x/capacity/types"
)

var _ admit.Record = (*Keeper)(nil)

// Admission returns the part of the module that lets proofs in.
func (k *Keeper) Admission() *admit.Admission { return k.admission }

// oldestPending holds back the settlement of epochs of which admission is not done.
func (k *Keeper) oldestPending(ctx context.Context) (uint64, bool, error) {
	return k.admission.OldestPending(ctx)
}

// AdmissionParams returns the rules of admission in an epoch.
func (k *Keeper) AdmissionParams(ctx context.Context, epoch uint64) (types.AdmissionParams, error) {
	p, err := k.ParamsAt(ctx, epoch)
	return p.Admission, err
}

// checkRandomX refuses another parameter set of RandomX than the one in force:
// validators and provers were started with it.
//
// Errors: ErrInvalidParams.
func (k *Keeper) checkRandomX(ctx context.Context, epoch uint64, next types.Params) error {
	p, err := k.ParamsAt(ctx, epoch)
	if err != nil {
		return err
	}
	if have, want := next.Admission.Randomx, p.Admission.Randomx; have != want {
		return types.ErrInvalidParams.Wrapf("admission.randomx %q: it is %q since genesis; only an upgrade changes it", have, want)
	}
	return nil
}

// CommittedUnits returns the commitment of a peer and its units, sorted by id.
//
// Errors: ErrNoCommitment.
func (k *Keeper) CommittedUnits(ctx context.Context, peer []byte) (commitment []byte, units [][]byte, err error) {
	commitment, err = k.byPeer.Get(ctx, peer)
	if errors.Is(err, collections.ErrNotFound) {
		err = types.ErrNoCommitment.Wrapf("peer %x", peer)
	}
	if err != nil {
		return nil, nil, err
	}
	book, err := k.books.Get(ctx, commitment)
	for _, u := range book.Units {
		units = append(units, u.UnitId)
	}
	return commitment, units, err
}

// SubmitProofs implements types.MsgServer.
//
// Errors: those of admission.Submit.
func (s msgServer) SubmitProofs(ctx context.Context, msg *types.MsgSubmitProofs) (*types.MsgSubmitProofsResponse, error) {
	return s.k.admission.Submit(ctx, msg)
}

// CommitProofs implements types.MsgServer.
//
// Errors: those of admission.Commit.
func (s msgServer) CommitProofs(ctx context.Context, msg *types.MsgCommitProofs) (*types.MsgCommitProofsResponse, error) {
	return s.k.admission.Commit(ctx, msg)
}

// OpenProofs implements types.MsgServer.
//
// Errors: those of admission.Open.
func (s msgServer) OpenProofs(ctx context.Context, msg *types.MsgOpenProofs) (*types.MsgOpenProofsResponse, error) {
	return s.k.admission.Open(ctx, msg)
}

// ChallengeLeaf implements types.MsgServer.
//
// Errors: those of admission.Challenge.
func (s msgServer) ChallengeLeaf(ctx context.Context, msg *types.MsgChallengeLeaf) (*types.MsgChallengeLeafResponse, error) {
	return s.k.admission.Challenge(ctx, msg)
}

// Queue implements types.QueryServer.
func (s queryServer) Queue(ctx context.Context, _ *types.QueryQueueRequest) (*types.QueryQueueResponse, error) {
	return s.k.admission.Queue(ctx)
}

// PeerProofs implements types.QueryServer.
func (s queryServer) PeerProofs(ctx context.Context, req *types.QueryPeerProofsRequest) (*types.QueryPeerProofsResponse, error) {
	peer, err := parseID("peer", req.Peer, types.PeerIDSize)
	if err != nil {
		return nil, err
	}
	return s.k.admission.PeerProofs(ctx, peer, req.Epoch)
}
