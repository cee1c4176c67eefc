// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-fluence/fluence/peer/chain"
	beacontypes "github.com/go-fluence/fluence/x/beacon/types"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

var (
	_ chain.Proving = (*Chain)(nil)
	_ chain.Proofs  = (*Chain)(nil)
)

// Paths of the queries that are asked for a peer's capacity.
const (
	commitmentPath = "/fluence.capacity.v1.Query/PeerCommitment"
	unitsPath      = "/fluence.capacity.v1.Query/Units"
	rulesPath      = "/fluence.capacity.v1.Query/EpochParams"
	paramsPath     = "/fluence.capacity.v1.Query/Params"
	noncePath      = "/fluence.beacon.v1.Query/Nonce"
)

// turns is how often a reading that an epoch's turn fell into is repeated.
const turns = 3

// errTurn says that answers are of different epochs.
var errTurn = errors.New("the epoch turned while it was read")

// Capacity implements chain.Proving.
func (c *Chain) Capacity(ctx context.Context, peer [32]byte) (out chain.Capacity, err error) {
	for range turns {
		if out, err = c.capacity(ctx, peer); !errors.Is(err, errTurn) {
			return out, err
		}
	}
	return out, fmt.Errorf("%w: %w", chain.ErrUnavailable, err)
}

// capacity reads once.
func (c *Chain) capacity(ctx context.Context, peer [32]byte) (out chain.Capacity, err error) {
	epoch, err := c.Epoch(ctx)
	if err != nil {
		return out, err
	}
	out = chain.Capacity{Epoch: epoch.Number, Start: epoch.Start, Duration: epoch.Duration, Height: epoch.Height}
	if out.Units, err = c.units(ctx, peer, out.Epoch); err != nil {
		return out, err
	}
	if err := c.rules(ctx, &out); err != nil {
		return out, err
	}
	return out, c.nonce(ctx, &out)
}

// units reads the units of the peer's commitment.
func (c *Chain) units(ctx context.Context, peer [32]byte, epoch uint64) ([]chain.Unit, error) {
	var commitment capacitytypes.QueryPeerCommitmentResponse
	_, err := c.query(ctx, commitmentPath, &capacitytypes.QueryPeerCommitmentRequest{Peer: hex.EncodeToString(peer[:])}, &commitment)
	if refused(err, capacitytypes.ErrNoCommitment) || refused(err, capacitytypes.ErrNotFound) || refused(err, capacitytypes.ErrNoSuchPeer) {
		return nil, fmt.Errorf("%w: peer %x", chain.ErrNoCommitment, peer)
	}
	if err != nil {
		return nil, err
	}
	var res capacitytypes.QueryUnitsResponse
	id := hex.EncodeToString(commitment.Commitment.Commitment.Id)
	if _, err := c.query(ctx, unitsPath, &capacitytypes.QueryUnitsRequest{Id: id}, &res); err != nil {
		return nil, err
	}
	if res.Epoch != epoch {
		return nil, errTurn
	}
	list := make([]chain.Unit, len(res.Units))
	for i, u := range res.Units {
		list[i] = chain.Unit{State: unitState(u.State), Proofs: u.ProofsEpoch, Total: u.ProofsTotal, Failed: u.Failures}
		if err := fixed(list[i].ID[:], "unit id", u.UnitId); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// unitState translates the chain's state. One this peer does not know is not proven.
func unitState(s capacitytypes.UnitState) chain.UnitState {
	switch s {
	case capacitytypes.UnitProving:
		return chain.UnitProving
	case capacitytypes.UnitWaiting:
		return chain.UnitWaiting
	case capacitytypes.UnitInDeal:
		return chain.UnitInDeal
	case capacitytypes.UnitExited:
		return chain.UnitExited
	default:
		return chain.UnitFree
	}
}

// rules reads what counts as a proof in the epoch.
func (c *Chain) rules(ctx context.Context, out *chain.Capacity) error {
	var rules capacitytypes.QueryEpochParamsResponse
	if _, err := c.query(ctx, rulesPath, &capacitytypes.QueryEpochParamsRequest{}, &rules); err != nil {
		return err
	}
	if rules.Params.Epoch != out.Epoch {
		return errTurn
	}
	var params capacitytypes.QueryParamsResponse
	if _, err := c.query(ctx, paramsPath, &capacitytypes.QueryParamsRequest{}, &params); err != nil {
		return err
	}
	out.MinProofs, out.MaxProofs = rules.Params.MinProofs, rules.Params.MaxProofs
	out.MaxBatch, out.Params = int(params.Params.Admission.MaxBatch), params.Params.Admission.Randomx
	return fixed(out.Difficulty[:], "difficulty", rules.Params.Difficulty)
}

// nonce reads the global nonce, which may still be pending.
func (c *Chain) nonce(ctx context.Context, out *chain.Capacity) error {
	var res beacontypes.QueryNonceResponse
	_, err := c.query(ctx, noncePath, &beacontypes.QueryNonceRequest{}, &res)
	switch {
	case refused(err, beacontypes.ErrBeaconPending):
		return nil
	case refused(err, beacontypes.ErrVoid):
		out.Void = true
		return nil
	case err != nil:
		return err
	case res.Epoch != out.Epoch:
		return errTurn
	}
	out.Known = true
	return fixed(out.Nonce[:], "nonce", res.Nonce)
}

// refused reports whether a module refused to answer with that error.
func refused(err, why error) bool {
	var qe *queryError
	return errors.As(err, &qe) && strings.Contains(qe.log, why.Error())
}

// SubmitProofs implements chain.Proofs.
func (c *Chain) SubmitProofs(ctx context.Context, epoch uint64, proofs []chain.Proof) (chain.Receipt, error) {
	msg := capacitytypes.MsgSubmitProofs{Owner: c.Account(), Epoch: epoch, Proofs: make([]capacitytypes.CapacityProof, len(proofs))}
	for i, p := range proofs {
		msg.Proofs[i] = capacitytypes.CapacityProof{UnitId: p.Unit[:], LocalNonce: p.Nonce[:], ResultHash: p.Hash[:]}
	}
	value, err := msg.Marshal()
	if err != nil {
		return chain.Receipt{}, err
	}
	receipt, err := c.Submit(ctx, chain.Msg{TypeURL: "/fluence.capacity.v1.MsgSubmitProofs", Value: value})
	return receipt, proofFault(err)
}

// proofFault joins what callers test for with a refusal of x/capacity, whose words
// stand in the validator's answer.
func proofFault(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []struct{ words, means error }{
		{capacitytypes.ErrWrongEpoch, chain.ErrEpochOver},
		{capacitytypes.ErrDuplicateProof, chain.ErrProofKnown},
		{capacitytypes.ErrTooManyProofs, chain.ErrProofsEnough},
		{capacitytypes.ErrNotProving, chain.ErrNotProving},
		{capacitytypes.ErrQueueFull, chain.ErrProofsBusy},
	} {
		if strings.Contains(err.Error(), known.words.Error()) {
			return errors.Join(known.means, err)
		}
	}
	return err
}
