// SPDX-License-Identifier: Apache-2.0

package prover_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/prover"
	"github.com/go-fluence/fluence/proofs/capacity"
)

func want(t *testing.T, w *world, epoch uint64, counts map[byte]int) {
	t.Helper()
	if got := w.count(epoch); !maps.Equal(got, counts) {
		t.Errorf("proofs of epoch %d: %v, want %v", epoch, got, counts)
	}
}

func TestAllThatCountsIsHandedInEachEpoch(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(2)
		w.check = isHash
		proving(t, w, newPace(3*time.Second), f, func(p *prover.Prover) {
			pass(4 * time.Second)
			if s := p.Status(); s.Known || len(s.Units) != 2 || s.Units[0].Searching {
				t.Errorf("before the nonce: %+v", s)
			}
			pass(10 * time.Second) // two proofs each
			want(t, w, 1, map[byte]int{1: 2, 2: 2})
			pass(44 * time.Second)
			want(t, w, 1, map[byte]int{1: 4, 2: 4})
			pass(60 * time.Second)
			want(t, w, 2, map[byte]int{1: 4, 2: 4})
			if w.tried() > 10 {
				t.Errorf("%d transactions for 16 proofs of two units in batches of six", w.tried())
			}
		})
	})
}

func TestASlowUnitsProofsAreHandedInBeforeTheEnd(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		proving(t, w, newPace(45*time.Second), f, func(*prover.Prover) {
			pass(49 * time.Second)
			want(t, w, 1, map[byte]int{})
			pass(10 * time.Second)
			want(t, w, 1, map[byte]int{1: 1})
		})
	})
}

func TestANewNonceIsSearchedForWithinSeconds(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(2), newPace(time.Hour)
		proving(t, w, m, f, func(*prover.Prover) {
			for epoch := uint64(1); epoch <= 3; epoch++ {
				pass(w.window + prover.DefaultPoll)
				keys := m.keys()
				for _, u := range w.units {
					if !keys[capacity.UnitKey(w.nonce(epoch), u.ID)] || len(keys) != 2 {
						t.Errorf("epoch %d: keys %v", epoch, keys)
					}
				}
				pass(w.duration - w.window - prover.DefaultPoll)
			}
		})
	})
}

func TestAUnitThatADealTakesIsReleasedAtOnce(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(2), newPace(time.Hour)
		proving(t, w, m, f, func(p *prover.Prover) {
			pass(10 * time.Second)
			w.set(1, chain.UnitInDeal)
			p.Look()
			synctest.Wait()
			if keys := m.keys(); len(keys) != 1 || !keys[capacity.UnitKey(w.nonce(1), w.units[0].ID)] {
				t.Errorf("searched after the deal took unit 2: %v", keys)
			}
			w.set(1, chain.UnitWaiting) // given back: proofs are due from the next epoch on
			p.Look()
			synctest.Wait()
			if n := len(m.keys()); n != 1 {
				t.Errorf("%d units searched, want 1", n)
			}
			w.set(1, chain.UnitProving)
			pass(60 * time.Second)
			if n := len(m.keys()); n != 2 {
				t.Errorf("%d units searched in the next epoch, want 2", n)
			}
		})
	})
}

func TestProofsOfAUnitInADealDoNotHoldTheOthers(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		w.min = 4 // nothing is handed in before all four
		proving(t, w, newPace(3*time.Second), f, func(*prover.Prover) {
			pass(15 * time.Second)
			w.set(1, chain.UnitInDeal) // the prover sees it two seconds later
			pass(30 * time.Second)
			want(t, w, 1, map[byte]int{1: 4, 3: 4})
		})
	})
}

func TestAVoidEpochAndAPeerWithoutCommitmentRest(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(1), newPace(time.Second)
		w.void[1] = true
		proving(t, w, m, f, func(p *prover.Prover) {
			pass(30 * time.Second)
			if s := p.Status(); !s.Void || m.searches() != 0 || w.tried() != 0 {
				t.Errorf("void epoch: %d searches, %d submissions, %+v", m.searches(), w.tried(), s)
			}
			pass(60 * time.Second)
			want(t, w, 2, map[byte]int{1: 4})
			w.mu.Lock()
			w.none = true
			w.mu.Unlock()
			pass(30 * time.Second)
			if s := p.Status(); s.Why != "the peer has no capacity commitment" || s.Fault != "" || len(m.keys()) != 0 {
				t.Errorf("without commitment: %+v", s)
			}
		})
	})
}

func TestProofsSurviveACrash(t *testing.T) {
	dir := t.TempDir()
	f := files(t, dir)
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(1), newPace(3*time.Second)
		w.min, w.down = 4, 1000
		proving(t, w, m, f, func(*prover.Prover) { pass(30 * time.Second) })
		want(t, w, 1, map[byte]int{})
		w.mu.Lock()
		w.down = 0
		w.mu.Unlock()
		begun := m.searches()
		proving(t, w, m, f, func(p *prover.Prover) {
			pass(3 * time.Second)
			want(t, w, 1, map[byte]int{1: 4})
			if m.searches() != begun {
				t.Errorf("%d searches after the restart, want none: all proofs were on disk", m.searches()-begun)
			}
			if s := p.Status(); s.Units[0].Found != 4 || s.Units[0].Sent != 4 {
				t.Errorf("status %+v", s)
			}
		})
	})
}

func TestATransactionThatNobodySawConfirmedIsNotPaidTwice(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		w.lost = 1 // the first two proofs are in, and the prover does not know
		proving(t, w, newPace(3*time.Second), f, func(p *prover.Prover) {
			pass(55 * time.Second)
			want(t, w, 1, map[byte]int{1: 4})
			if s := p.Status(); s.Units[0].Sent != 4 {
				t.Errorf("status %+v", s)
			}
		})
	})
}

func TestTheChainComesBackBeforeTheEnd(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(2)
		w.down = 6
		proving(t, w, newPace(3*time.Second), f, func(p *prover.Prover) {
			pass(20 * time.Second)
			if s := p.Status(); s.Fault == "" {
				t.Errorf("status names no fault: %+v", s)
			}
			pass(39 * time.Second)
			want(t, w, 1, map[byte]int{1: 4, 2: 4})
			if w.tried() > 12 {
				t.Errorf("%d submissions: the pause between them does not grow", w.tried())
			}
		})
	})
}

func TestALostSearchBeginsAgain(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(1), newPace(3*time.Second)
		m.fail = 3
		proving(t, w, m, f, func(*prover.Prover) {
			pass(55 * time.Second)
			want(t, w, 1, map[byte]int{1: 4})
		})
		if m.searches() != 4 {
			t.Errorf("%d searches, want 3 that are lost and one", m.searches())
		}
	})
}

func TestEverySearchBeginsElsewhereAndOnItsProcessor(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(3), newPace(time.Hour)
		p, err := prover.New(prover.Config{Chain: w, Files: f, Miner: m, Mode: prover.Light, Processors: []int{4, 6}, Nice: 7})
		if err != nil {
			t.Fatal(err)
		}
		runFor(t, p, 10*time.Second)
		starts, processors := map[[32]byte]bool{}, map[int]int{}
		for _, s := range m.specs {
			starts[s.Start] = true
			processors[s.Processor]++
			if s.Nice != 7 || s.Fast {
				t.Errorf("search %+v", s)
			}
		}
		if len(starts) != 3 || !maps.Equal(processors, map[int]int{4: 2, 6: 1}) {
			t.Errorf("%d starts, processors %v", len(starts), processors)
		}
	})
}

func TestMetricsTellHowUnitsStand(t *testing.T) {
	f := files(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		proving(t, w, newPace(3*time.Second), f, func(p *prover.Prover) {
			pass(16 * time.Second)
			r := prometheus.NewPedanticRegistry()
			if err := r.Register(prover.NewCollector(p)); err != nil {
				t.Fatal(err)
			}
			families, err := r.Gather()
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]float64{}
			for _, f := range families {
				for _, m := range f.Metric {
					name := f.GetName()
					for _, l := range m.Label {
						if l.GetName() == "fate" {
							name += " " + l.GetValue()
						}
					}
					got[name] = m.GetGauge().GetValue()
				}
			}
			want := map[string]float64{
				"fluence_prover_hash_rate": 100. / 3, "fluence_prover_searches": 1, "fluence_prover_fault": 0, "fluence_prover_fast": 0,
				"fluence_prover_epoch_proofs found": 3, "fluence_prover_epoch_proofs sent": 2, "fluence_prover_epoch_proofs verified": 0,
			}
			if !maps.Equal(got, want) {
				t.Errorf("metrics %v, want %v", got, want)
			}
		})
	})
}

func TestBadConfigurationIsRefused(t *testing.T) {
	f := files(t, t.TempDir())
	good := prover.Config{Chain: newWorld(1), Files: f, Miner: newPace(time.Second)}
	tests := map[string]func(*prover.Config){
		"no chain":      func(c *prover.Config) { c.Chain = nil },
		"no files":      func(c *prover.Config) { c.Files = nil },
		"no miner":      func(c *prover.Config) { c.Miner = nil },
		"unknown mode":  func(c *prover.Config) { c.Mode = "quick" },
		"negative poll": func(c *prover.Config) { c.Poll = -1 },
		"negative lead": func(c *prover.Config) { c.Lead = -1 },
		"too nice":      func(c *prover.Config) { c.Nice = 20 },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			c := good
			edit(&c)
			if _, err := prover.New(c); !errors.Is(err, prover.ErrConfig) {
				t.Errorf("New = %v, want %v", err, prover.ErrConfig)
			}
		})
	}
	if _, err := prover.New(good); err != nil {
		t.Error(fmt.Errorf("good configuration: %w", err))
	}
}
