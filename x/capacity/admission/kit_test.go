// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
	"github.com/go-fluence/fluence/x/internal/kit"
)

// economy is the record of a test: who proves, and what was booked.
type economy struct {
	units    map[string]types.Proving // by unit
	peers    map[string][][]byte      // units by peer, sorted
	refuse   error                    // answer of every booking
	params   types.AdmissionParams
	max      uint32
	credited map[string]uint32 // proofs by unit and epoch
	slashed  map[string]uint32 // scale by unit and reason
	lost     map[string]types.Reason
}

func (e *economy) RequireProving(_ context.Context, unit []byte, _ uint64) (types.Proving, error) {
	p, ok := e.units[string(unit)]
	if !ok {
		return p, types.ErrNotProving.Wrapf("unit %x", unit)
	}
	return p, nil
}

func (e *economy) CreditProofs(_ context.Context, unit []byte, epoch uint64, n uint32) error {
	if e.refuse == nil {
		e.credited[fmt.Sprintf("%x/%d", unit[:4], epoch)] += n
	}
	return e.refuse
}

func (e *economy) FailEpoch(_ context.Context, peer []byte, epoch uint64, reason types.Reason) error {
	if e.refuse == nil {
		e.lost[fmt.Sprintf("%x/%d", peer[:4], epoch)] = reason
	}
	return e.refuse
}

func (e *economy) SlashFalse(_ context.Context, unit []byte, _ uint64, scale uint32, reason types.Reason) error {
	if e.refuse == nil {
		e.slashed[fmt.Sprintf("%x/%s", unit[:4], reason)] += scale
	}
	return e.refuse
}

func (e *economy) EpochParams(_ context.Context, epoch uint64) (types.EpochParams, error) {
	return types.EpochParams{Epoch: epoch, Difficulty: easy(), MinProofs: 1, MaxProofs: e.max}, nil
}

func (e *economy) AdmissionParams(context.Context, uint64) (types.AdmissionParams, error) {
	return e.params, nil
}

func (e *economy) CommittedUnits(_ context.Context, peer []byte) ([]byte, [][]byte, error) {
	units, ok := e.peers[string(peer)]
	if !ok {
		return nil, nil, types.ErrNoCommitment
	}
	return hash("commitment", peer), units, nil
}

// easy is a difficulty that a hash meets whose first byte is below 0x80.
func easy() []byte { return append([]byte{0x7f}, bytes.Repeat([]byte{0xff}, 31)...) }

func hash(kind string, x any) []byte {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %v", kind, x))
	return h[:]
}

// clock is epoch and beacon of a test.
type clock struct {
	epoch   uint64
	pending bool // the running epoch has no beacon yet
}

func (c *clock) Number(context.Context) (uint64, error) { return c.epoch, nil }

func (c *clock) Value(_ context.Context, epoch uint64) ([32]byte, error) {
	if epoch > c.epoch || epoch == c.epoch && c.pending {
		return [32]byte{}, errors.New("pending")
	}
	return [32]byte(hash("beacon", epoch)), nil
}

func (c *clock) Nonce(ctx context.Context, epoch uint64) ([32]byte, error) {
	return c.Value(ctx, epoch)
}

type world struct {
	*Admission
	t     testing.TB
	env   *kit.Env
	econ  *economy
	clock *clock
}

func newWorld(t testing.TB) *world {
	t.Helper()
	env := kit.New(t, types.StoreKey)
	w := &world{t: t, env: env, clock: &clock{epoch: 5}, econ: &economy{
		units: map[string]types.Proving{}, peers: map[string][][]byte{}, params: types.DefaultAdmissionParams(), max: 10,
		credited: map[string]uint32{}, slashed: map[string]uint32{}, lost: map[string]types.Reason{},
	}}
	sb := collections.NewSchemaBuilder(env.Service)
	w.Admission = New(sb, env.Codec, w.econ, w.clock, w.clock)
	if _, err := sb.Build(); err != nil {
		t.Fatal(err)
	}
	return w
}

// addPeer gives a provider a peer of n units and returns peer and units.
func (w *world) addPeer(provider string, n int) ([]byte, [][]byte) {
	peer := hash("peer of "+provider, len(w.econ.peers))
	var units [][]byte
	for i := range n {
		u := hash(fmt.Sprintf("unit of %x", peer), i)
		units = append(units, u)
		w.econ.units[string(u)] = types.Proving{PeerId: peer, Provider: provider, Owner: provider + "'s owner"}
	}
	slices.SortFunc(units, bytes.Compare)
	w.econ.peers[string(peer)] = units
	return peer, units
}

func (w *world) ctx() context.Context { return w.env.Ctx() }

// proof makes a proof of a unit; its hash meets the difficulty.
func proof(unit []byte, i int) types.CapacityProof {
	h := hash(fmt.Sprintf("hash of %x", unit), i)
	h[0] &= 0x7f
	return types.CapacityProof{UnitId: unit, LocalNonce: hash("nonce", i), ResultHash: h}
}

func proofs(unit []byte, from, n int) (list []types.CapacityProof) {
	for i := range n {
		list = append(list, proof(unit, from+i))
	}
	return list
}

func (w *world) submit(provider string, list ...types.CapacityProof) error {
	_, err := w.Submit(w.ctx(), &types.MsgSubmitProofs{Owner: provider + "'s owner", Epoch: w.clock.epoch, Proofs: list})
	return err
}

// block ends the running block, checks the invariants and begins the next.
func (w *world) block() {
	w.t.Helper()
	if err := w.EndBlock(w.ctx()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.CheckInvariants(w.ctx()); err != nil {
		w.t.Fatal(err)
	}
	w.env.Next(time.Second)
}

// judge gives verdicts on everything that is due: judged decides about each proof.
func (w *world) judge(judged func(b types.Batch, i int) capacity.Verdict) int {
	w.t.Helper()
	due, err := w.Due(w.ctx(), types.MaxVerdicts)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []types.BatchVerdict
	for _, b := range due {
		v := types.BatchVerdict{Due: b.Due, Seq: b.Seq}
		for i := range b.Len() {
			v.Verdicts = append(v.Verdicts, judged(b, i))
		}
		list = append(list, v)
	}
	if err := w.Apply(w.ctx(), types.AppendVerdicts(nil, list)); err != nil {
		w.t.Fatal(err)
	}
	return len(due)
}

func allValid(types.Batch, int) capacity.Verdict { return capacity.Valid }

// run makes n blocks in which everything due is found valid.
func (w *world) run(n int) {
	w.t.Helper()
	for range n {
		w.judge(allValid)
		w.block()
	}
}

// state is everything that is stored.
func (w *world) state() types.AdmissionState {
	w.t.Helper()
	g, err := w.ExportGenesis(w.ctx())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// refused checks that an error is the wanted one and changed nothing since before.
func (w *world) refused(before types.AdmissionState, got, want error) {
	w.t.Helper()
	if !errors.Is(got, want) {
		w.t.Errorf("got %v, want %v", got, want)
	}
	if after := w.state(); !reflect.DeepEqual(before, after) {
		w.t.Errorf("state changed: %v", after)
	}
}
