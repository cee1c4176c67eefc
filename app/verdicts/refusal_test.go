// SPDX-License-Identifier: Apache-2.0

package verdicts_test

import (
	"reflect"
	"testing"

	errorsmod "cosmossdk.io/errors"
	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/go-fluence/fluence/app/apptest"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

func (c *chain) admission() capacitytypes.AdmissionState {
	c.t.Helper()
	g, err := c.Apps[0].Capacity.Admission().ExportGenesis(c.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return g
}

// is reports whether a result is the refusal that err stands for.
func is(res *abci.ExecTxResult, err *errorsmod.Error) bool {
	return res.Codespace == err.Codespace() && res.Code == err.ABCICode()
}

// by makes a block of one transaction of an account.
func (c *chain) by(a apptest.Account, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	s := c.Next(a)
	s.Gas = 2_000_000
	raw, err := apptest.SignTx(c.Apps[0].Encoding(), a, s, msgs...)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := c.Step(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.TxResults[1]
}

// TestRefusedProofsPayAndChangeNothing sends bad proofs in transactions: each fails
// with its own code, pays its fee and leaves admission as it was.
func TestRefusedProofsPayAndChangeNothing(t *testing.T) {
	c := newChain(t, 1, quick{})
	early := c.proofsOf(0, c.epoch(), [][32]byte{{1}}, [][32]byte{{0}})
	if res := c.try(early); !is(res, capacitytypes.ErrNotProving) && !is(res, capacitytypes.ErrNonceUnknown) {
		t.Errorf("before the commitment starts: %s", res.Log)
	}
	epoch, _ := c.nonce()
	good := func() *capacitytypes.MsgSubmitProofs { return c.proofsOf(0, epoch, [][32]byte{{1}}, [][32]byte{{0}}) }
	c.send(good())
	owner := c.provider.Address().String()
	for name, tt := range map[string]struct {
		msg  sdk.Msg
		want *errorsmod.Error
	}{
		"again":             {good(), capacitytypes.ErrDuplicateProof},
		"next epoch":        {c.proofsOf(0, epoch+1, [][32]byte{{2}}, [][32]byte{{0}}), capacitytypes.ErrWrongEpoch},
		"not good enough":   {c.proofsOf(0, epoch, [][32]byte{{2}}, [][32]byte{{0xff}}), capacitytypes.ErrProofAboveDifficulty},
		"unknown unit":      {&capacitytypes.MsgSubmitProofs{Owner: owner, Epoch: epoch, Proofs: []capacitytypes.CapacityProof{{UnitId: make([]byte, 32), LocalNonce: make([]byte, 32), ResultHash: make([]byte, 32)}}}, capacitytypes.ErrUnitNotFound},
		"by the other path": {&capacitytypes.MsgCommitProofs{Owner: owner, PeerId: c.peer(0), Epoch: epoch, Root: make([]byte, 32), N: 1, Counts: []uint32{1}}, capacitytypes.ErrOtherPath},
		"no root to open":   {&capacitytypes.MsgOpenProofs{Owner: owner, PeerId: c.peer(1), Epoch: epoch, Opening: []byte{1}}, capacitytypes.ErrNoRoot},
	} {
		t.Run(name, func(t *testing.T) {
			if c.epoch() != epoch {
				t.Fatal("the epoch is over")
			}
			before, had := c.admission(), c.Apps[0].Bank.GetBalance(c.Context(), c.provider.Address(), "aflt")
			res := c.try(tt.msg)
			if !is(res, tt.want) {
				t.Errorf("code %s/%d (%s), want %v", res.Codespace, res.Code, res.Log, tt.want)
			}
			after := c.admission()
			before.Due, after.Due, before.Queue, after.Queue = nil, nil, nil, nil // the first proof moves on
			before.Meter, after.Meter, before.Flows, after.Flows = capacitytypes.Meter{}, capacitytypes.Meter{}, nil, nil
			for _, g := range []*capacitytypes.AdmissionState{&before, &after} {
				for i := range g.Rounds {
					g.Rounds[i].Batches = 0
				}
			}
			if !reflect.DeepEqual(before, after) {
				t.Errorf("state changed from %v to %v", before, after)
			}
			if has := c.Apps[0].Bank.GetBalance(c.Context(), c.provider.Address(), "aflt"); !has.IsLT(had) {
				t.Error("the refused transaction paid no fee")
			}
		})
	}
}

// TestProofsInsideOtherMessages: through authz proofs take the same queue and budget;
// governance cannot carry anybody's.
func TestProofsInsideOtherMessages(t *testing.T) {
	c := newChain(t, 1, quick{})
	friend := c.Accounts[1]
	grant, err := authz.NewMsgGrant(c.provider.Address(), friend.Address(),
		authz.NewGenericAuthorization(sdk.MsgTypeURL(&capacitytypes.MsgSubmitProofs{})), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.send(grant)
	epoch, _ := c.nonce()
	var nonces, hashes [][32]byte
	for i := range 40 {
		nonces, hashes = append(nonces, [32]byte{byte(i)}), append(hashes, [32]byte{})
	}
	hidden := c.proofsOf(0, epoch, nonces, hashes)
	exec := authz.NewMsgExec(friend.Address(), []sdk.Msg{hidden})
	if res := c.by(friend, &exec); res.Code != 0 {
		t.Fatal(res.Log)
	}
	if g := c.admission(); len(g.Queue) != 4 || len(g.Due) != 1 {
		t.Errorf("%d batches wait and %d are scheduled, want 4 and 1: the budget holds", len(g.Queue), len(g.Due))
	}
	again := authz.NewMsgExec(friend.Address(), []sdk.Msg{c.proofsOf(0, epoch, nonces[:1], hashes[:1])})
	if res := c.by(friend, &again); !is(res, capacitytypes.ErrDuplicateProof) {
		t.Errorf("hidden again: %s", res.Log)
	}
	stranger := authz.NewMsgExec(c.Accounts[2].Address(), []sdk.Msg{c.proofsOf(0, epoch, [][32]byte{{99}}, hashes[:1])})
	if res := c.by(c.Accounts[2], &stranger); !is(res, authz.ErrNoAuthorizationFound) {
		t.Errorf("without a grant: %s", res.Log)
	}
	proposal, err := govv1.NewMsgSubmitProposal([]sdk.Msg{c.proofsOf(0, epoch, [][32]byte{{98}}, hashes[:1])},
		sdk.NewCoins(apptest.FLT(10)), c.provider.Address().String(), "", "proofs", "hidden proofs", false)
	if err != nil {
		t.Fatal(err)
	}
	if res := c.by(c.provider, proposal); !is(res, govtypes.ErrInvalidSigner) {
		t.Errorf("in a proposal: %s", res.Log)
	}
}

// BenchmarkBlock compares a block that decides a full budget of proofs with one that
// decides none. Hashing is not in it: it happens before, in other processes.
func BenchmarkBlock(b *testing.B) {
	for name, n := range map[string]int{"idle": 0, "budget": 8} {
		b.Run(name, func(b *testing.B) {
			c := newChain(b, 1, quick{})
			c.nonce()
			i := 0
			for b.Loop() {
				b.StopTimer()
				if _, err := c.Apps[0].Beacon.Nonce(c.Context(), c.epoch()); err != nil {
					c.until("nonce", func() bool {
						_, err := c.Apps[0].Beacon.Nonce(c.Context(), c.epoch())
						return err == nil
					})
				}
				if n > 0 {
					var nonces [][32]byte
					for range n {
						i++
						nonces = append(nonces, [32]byte{byte(i >> 16), byte(i >> 8), byte(i)})
					}
					c.try(c.proofsOf(0, c.epoch(), nonces, make([][32]byte, n)))
				} else {
					c.step()
				}
				c.step()
				c.verified()
				b.StartTimer()
				c.step()
			}
		})
	}
}
