// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"

	"github.com/go-fluence/fluence/proofs/beacon"
)

// KeyAt returns the key that counts in an epoch, or nil.
func (r Registration) KeyAt(epoch uint64) []byte {
	switch {
	case len(r.NextKey) > 0 && epoch >= r.NextFromEpoch:
		return r.NextKey
	case len(r.Key) > 0 && epoch >= r.FromEpoch:
		return r.Key
	}
	return nil
}

// Rotate returns the registration after key was registered in the running epoch,
// to count from another. A change that was due and does not count yet is dropped.
func (r Registration) Rotate(key []byte, running, from uint64) Registration {
	if counting := r.KeyAt(running); !bytes.Equal(counting, r.Key) {
		r.Key, r.FromEpoch = r.NextKey, r.NextFromEpoch
	}
	r.NextKey, r.NextFromEpoch = key, from
	return r
}

// Validate checks the form of the keys. The operator is the keeper's to read.
//
// Errors: ErrInvalidKey, ErrInvalidGenesis.
func (r Registration) Validate() error {
	for _, f := range []struct {
		name string
		key  []byte
	}{{"key", r.Key}, {"next_key", r.NextKey}} {
		if len(f.key) == 0 {
			continue
		}
		if err := beacon.ValidateKey(f.key); err != nil {
			return ErrInvalidKey.Wrapf("%s: %v", f.name, err)
		}
	}
	switch {
	case len(r.Key) == 0 && len(r.NextKey) == 0:
		return ErrInvalidGenesis.Wrapf("registration of %s: no key", r.Operator)
	case len(r.NextKey) == 0 && r.NextFromEpoch != 0:
		return ErrInvalidGenesis.Wrapf("registration of %s: next_from_epoch %d without next_key", r.Operator, r.NextFromEpoch)
	case len(r.NextKey) > 0 && r.NextFromEpoch <= r.FromEpoch:
		return ErrInvalidGenesis.Wrapf("registration of %s: next_from_epoch %d is not after from_epoch %d", r.Operator, r.NextFromEpoch, r.FromEpoch)
	}
	return nil
}
