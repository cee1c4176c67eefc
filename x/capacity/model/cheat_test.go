// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/go-fluence/fluence/x/capacity/model"
)

// openings is how many leaves of a drawn root are opened.
const openings = 8

// cost is what honest hashing of a unit's epoch costs, as a part of the reward that it brings.
const cost = 0.8

// player is a provider with some peers of some units. In each epoch it answers how
// one of its units behaves; its result is what it earns beyond its costs.
type player struct {
	name         string
	peers, units int
	fake         float64 // part of the leaves that is not worked for
	withhold     bool    // does not open a leaf that is fake
	idle         bool    // proves nothing
	hide         bool    // moves units into deals of its own in epochs in which it does not work, every second one
	late         bool    // posts its root after the close
	dump         bool    // deposits when FLT is dear and cheats when it is cheap
}

// season plays a world with one honest provider of 64 units and the player.
type season struct {
	*model.World
	rng     *rand.Rand
	made    int
	lost    *big.Int // collateral slashed of commitments that are over
	kept    *big.Int // rewards of commitments that are over
	work    float64  // unit epochs of honest hashing
	played  float64  // unit epochs
	current []*model.Commitment
}

func params() model.Params {
	flt := func(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e18)) }
	return model.Params{
		USDCollateral: 100e7, USDTarget: 3e6, SlashingRate: 1e5, PenaltyMultiple: 2, SampleUnits: 32,
		MinReward: flt(1), MaxReward: flt(1000), MinProofs: 1, MaxProofs: 2, MaxFailedRatio: 10, WithdrawAfterFailed: 2,
		VestingPeriod: 3, VestingCount: 6, PriceStep: 1e6, Floor: 1e4, PriceExpiry: 1000, Feeders: []string{"f"}, MinReports: 1,
	}
}

// join makes a commitment of a player's peer.
func (s *season) join(units int) *model.Commitment {
	s.made++
	ids := map[string]bool{}
	for i := range units {
		ids[fmt.Sprintf("%d.%02d", s.made, i)] = false
	}
	c := s.Create(fmt.Sprint(s.made), fmt.Sprint("peer ", s.made), "p", "d", 1, 1<<40, ids)
	s.Deposit(c, "d")
	return c
}

// play returns what the player earned in FLT per unit and epoch, and the pool's reward of an honest unit epoch.
func play(p player, n int, seed uint64) (earned, honest float64) {
	s := &season{
		World: model.New(params(), 1e7, new(big.Int).Mul(big.NewInt(20), big.NewInt(1e18))),
		rng:   rand.New(rand.NewPCG(seed, 1)), lost: new(big.Int), kept: new(big.Int),
	}
	good := s.join(64)
	for range p.peers {
		s.current = append(s.current, s.join(p.units))
	}
	for e := range n {
		if p.dump { // a year of falling prices after the deposit, then up again
			price := int64(1e7)
			if e%600 > 20 {
				price = 2e5
			}
			s.Reports["f"] = model.Report{Price: price, Epoch: s.Epoch}
		}
		s.Next(false, 0)
		for _, u := range good.Units {
			s.Credit(good, u, s.Epoch, 2)
		}
		for i, c := range s.current {
			s.turn(p, c)
			s.current[i] = s.renew(c, p.units)
		}
		s.Settle(s.Epoch - 1)
		s.Forget(s.Epoch)
	}
	for _, c := range s.current {
		s.book(c)
	}
	honest = toFLT(good.Total()) / float64(64*n)
	return (toFLT(s.kept)-toFLT(s.lost))/s.played - cost*honest*s.work/s.played, honest
}

// turn plays an epoch of one peer.
func (s *season) turn(p player, c *model.Commitment) {
	if c.StatusAt(s.Epoch) != model.Active {
		return
	}
	s.played += float64(len(c.Units))
	if p.idle || p.late {
		if p.late {
			s.work += float64(len(c.Units)) // for nothing
		}
		return
	}
	if p.hide {
		s.hide(c)
		return
	}
	s.work += float64(len(c.Units)) * (1 - p.fake)
	drawn := s.rng.Float64() < float64(len(c.Units))/32
	caught := false
	for range openings {
		caught = caught || drawn && s.rng.Float64() < p.fake
	}
	if !caught {
		for _, u := range c.Units {
			s.Credit(c, u, s.Epoch, 2)
		}
		return
	}
	if !p.withhold {
		s.False(c, c.Units[s.rng.IntN(len(c.Units))], s.Epoch, max((32+int64(len(c.Units))-1)/int64(len(c.Units)), 1))
	}
	s.Lose(c, s.Epoch)
}

// hide works every second epoch only, and has deals of the player's own take the units in the others.
func (s *season) hide(c *model.Commitment) {
	for _, u := range c.Units {
		switch {
		case u.InDeal:
			s.Return(c, u) // due again in the next epoch
		case u.Due[s.Epoch] && s.rng.IntN(2) == 0:
			s.Take(u)
		default:
			s.work++
			s.Credit(c, u, s.Epoch, 2)
		}
	}
}

// renew replaces a commitment that failed, or whose collateral is worth no more cheating.
func (s *season) renew(c *model.Commitment, units int) *model.Commitment {
	if c.Status != model.Failed || s.Epoch < c.FailedEpoch+c.WithdrawAfterFailed {
		return c
	}
	s.book(c)
	s.Drop(c)
	return s.join(units)
}

func (s *season) book(c *model.Commitment) {
	s.lost.Add(s.lost, c.Slashed())
	s.kept.Add(s.kept, c.Total())
}

func toFLT(x *big.Int) float64 {
	f, _ := new(big.Float).Quo(new(big.Float).SetInt(x), big.NewFloat(1e18)).Float64()
	return f
}

func cheats() []player {
	var list []player
	for _, size := range []int{1, 4, 32} {
		for _, f := range []float64{0.02, 0.1, 0.5, 1} {
			list = append(list,
				player{name: fmt.Sprintf("%d units, %v of the leaves fake", size, f), peers: 1, units: size, fake: f},
				player{name: fmt.Sprintf("%d units, %v fake, openings withheld", size, f), peers: 1, units: size, fake: f, withhold: true})
		}
	}
	return append(list,
		player{name: "sybil: 32 peers of one unit, all fake", peers: 32, units: 1, fake: 1, withhold: true},
		player{name: "duplicated leaves: half of them", peers: 1, units: 8, fake: 0.5}, // key ranges show a duplicate as a false leaf
		player{name: "proves nothing", peers: 1, units: 4, idle: true},
		player{name: "root after the close", peers: 1, units: 4, late: true},
		player{name: "units in deals of its own", peers: 1, units: 4, hide: true},
		player{name: "price game, all fake", peers: 1, units: 4, fake: 1, dump: true},
	)
}

func TestCheatingEarnsLessThanWork(t *testing.T) {
	for i, p := range append(cheats(), player{name: "honest", peers: 2, units: 4}) {
		t.Run(p.name, func(t *testing.T) {
			earned, reward := play(p, epochs, uint64(i))
			honest := reward * (1 - cost)
			t.Logf("%+.4f FLT per unit and epoch, honest work %+.4f", earned, honest)
			if p.name == "honest" {
				if diff := earned - honest; diff < -0.02*reward || diff > 0.02*reward {
					t.Errorf("honest work earns %v, want %v", earned, honest)
				}
			} else if earned >= honest {
				t.Errorf("cheating earns %v, honest work %v", earned, honest)
			}
		})
	}
}
