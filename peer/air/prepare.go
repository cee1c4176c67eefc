// SPDX-License-Identifier: Apache-2.0

package air

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
)

// checkSizes compares script and arrived data with their limits.
func (s *step) checkSizes() error {
	p := &s.in.Params
	script, arrived := uint64(len(s.in.Script)), uint64(len(s.in.Data))
	limit := cmp.Or(p.AirSizeLimit, DefaultAirSizeLimit)
	if s.exceeded.Air = script > limit; s.exceeded.Air && p.HardLimit {
		return tooLarge("air size: %d bytes is bigger than the limit allowed: %d bytes", script, limit)
	}
	limit = cmp.Or(p.ParticleSizeLimit, DefaultParticleSizeLimit)
	if s.exceeded.Particle = arrived > limit; s.exceeded.Particle && p.HardLimit {
		return tooLarge("Current_data particle size: %d bytes is bigger than the limit allowed: %d bytes", arrived, limit)
	}
	if all := uint64(len(s.in.Prev)) + arrived; all > s.budget.Bytes {
		return overBudget("%d bytes of particle data", all)
	}
	return nil
}

// checkResults compares the answers of the host with their limit.
func (s *step) checkResults() error {
	p := &s.in.Params
	limit := cmp.Or(p.CallResultSizeLimit, DefaultCallResultSizeLimit)
	for _, r := range s.in.Results { // order: only whether any is too large
		if uint64(len(r.JSON)) > limit {
			s.exceeded.CallResult = true
		}
	}
	if s.exceeded.CallResult && p.HardLimit {
		return tooLarge("Call result size is bigger than the limit allowed: %d bytes", limit)
	}
	return nil
}

func tooLarge(format string, args ...any) error {
	return &data.Error{Code: data.CodeTooLarge, Msg: fmt.Sprintf(format, args...)}
}

func overBudget(format string, args ...any) error {
	return &exec.Error{Code: exec.CodeBudget, Msg: "the budget of the run does not allow " + fmt.Sprintf(format, args...), Pos: -1}
}

// read decodes both data: envelopes first, then what is in them.
func (s *step) read() error {
	limits := data.Limits{States: maxStates, Entries: maxEntries}
	prev, err := data.Open(s.in.Prev, data.Limits{})
	if err != nil {
		return err
	}
	cur, err := data.Open(s.in.Data, data.Limits{})
	if err != nil {
		return err
	}
	if len(s.in.Data) > 0 {
		if err := cur.Versions.CheckVersion(); err != nil {
			return err
		}
	}
	if s.prev, err = prev.Decode(limits); err != nil {
		return err
	}
	s.cur, err = cur.Decode(limits)
	return err
}

// The states and CIDs that particle data may hold.
const (
	maxStates  = 1 << 20
	maxEntries = 1 << 20
)

// verify checks the arrived data and joins their signatures with those of
// previous data. What previous data holds is known and not checked twice.
func (s *step) verify() error {
	if n := len(s.cur.Signatures); uint64(n) > uint64(s.budget.Signers) {
		return overBudget("%d signers, only %d", n, s.budget.Signers)
	}
	prev, err := data.Group(s.prev)
	if err != nil {
		return err
	}
	salt := s.in.Params.ParticleID
	var known data.Known
	if len(s.in.Prev) > 0 && len(s.in.Data) > 0 {
		known.Learn(s.prev, prev, salt)
	}
	cur, err := data.Verify(s.cur, salt, data.Limits{}, &known)
	if err != nil {
		return err
	}
	s.signers, err = data.Merge(prev, cur)
	return err
}

// sign signs the results of this peer in the new trace. Those of every other
// peer must be what its kept signature covers, no more and no less: else a
// result was moved, doubled or dropped on the way.
//
// Source: perimeter.md 2.2.
func (s *step) sign(out *exec.Output) error {
	results, err := data.Results(out.Trace, &out.CIDs)
	if err != nil {
		return err
	}
	self := s.in.Params.CurrentPeerID
	for _, signer := range s.signers.All() {
		list := results.Of(signer.Peer)
		if signer.Peer != self && !slices.Equal(list, signer.CIDs) {
			return unsigned(signer.Peer, len(list), len(signer.CIDs))
		}
	}
	for _, peer := range results.Peers() {
		if _, ok := s.signers.Get(peer); !ok && peer != self {
			return unsigned(peer, len(results.Of(peer)), 0)
		}
	}
	own := results.Of(self)
	s.signers.Put(data.Signer{Peer: s.key.PeerID(), Signature: s.key.Sign(own, s.in.Params.ParticleID), CIDs: own})
	return nil
}

func unsigned(peer string, have, covered int) error {
	return &exec.Error{
		Code: exec.CodeSigners, Pos: -1,
		Msg: fmt.Sprintf("merged data hold %d results of %q, its signature covers other %d", have, peer, covered),
	}
}
