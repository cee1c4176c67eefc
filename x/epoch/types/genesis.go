// SPDX-License-Identifier: Apache-2.0

package types

// DefaultGenesis returns the state of a fresh chain with the given params.
func DefaultGenesis(p Params) *GenesisState { return &GenesisState{Params: p} }

// Validate checks that the parts of the state agree with each other.
//
// Errors: ErrInvalidParams, ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if g.Current.Number == 0 {
		if len(g.Eras) > 0 || len(g.Voids) > 0 {
			return ErrInvalidGenesis.Wrap("current: number 0 with eras or voids; give the current epoch or empty both lists")
		}
		return nil
	}
	if err := g.Current.Params.Validate(); err != nil {
		return err
	}
	if err := validateEras(g.Eras, g.Current); err != nil {
		return err
	}
	return validateVoids(g.Voids, g.Current.Number)
}

func validateEras(eras []Era, cur Current) error {
	if len(eras) == 0 || eras[0].First != 1 {
		return ErrInvalidGenesis.Wrap("eras: the first one must begin with epoch 1")
	}
	for i, e := range eras {
		if err := (Params{Duration: e.Duration, MinBlocks: 1}).Validate(); err != nil {
			return ErrInvalidGenesis.Wrapf("eras[%d]: %v", i, err)
		}
		if i == 0 {
			continue
		}
		if prev := eras[i-1]; e.First <= prev.First || !e.Start.Equal(prev.StartOf(e.First)) {
			return ErrInvalidGenesis.Wrapf("eras[%d]: epoch %d at %s does not continue the era before", i, e.First, e.Start)
		}
	}
	last := eras[len(eras)-1]
	if cur.Number < last.First || !cur.Start.Equal(last.StartOf(cur.Number)) || cur.Params.Duration != last.Duration {
		return ErrInvalidGenesis.Wrapf("current: epoch %d at %s is not of the last era", cur.Number, cur.Start)
	}
	return nil
}

func validateVoids(voids []VoidRange, current uint64) error {
	end, total := uint64(0), uint64(0)
	for i, v := range voids {
		if v.First <= end || (i > 0 && v.First == end+1) || v.Last < v.First || v.Last >= current {
			return ErrInvalidGenesis.Wrapf("voids[%d]: %d to %d is out of order, touches another or has not ended", i, v.First, v.Last)
		}
		if total += v.Last - v.First + 1; v.Total != total {
			return ErrInvalidGenesis.Wrapf("voids[%d]: total %d: want %d", i, v.Total, total)
		}
		end = v.Last
	}
	return nil
}
