// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"cmp"
	"unicode/utf8"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

// Bounds of records.
const (
	maxKey       = 64
	maxValue     = 1024
	keyBytes     = 32
	dealBytes    = 20
	minChallenge = 17 // kind and 16 bytes of nonce
)

// Compare orders records by kind, then by key.
func (r Record) Compare(o Record) int {
	return cmp.Or(cmp.Compare(r.Kind, o.Kind), cmp.Compare(r.Key, o.Key))
}

// Complete fills in the key of a DHT challenge.
func (r Record) Complete() Record {
	if r.Kind == KIND_DHT && len(r.Value) == 0 {
		r.Value = DHTKey(r.Challenge)
	}
	return r
}

// Validate checks a record by its kind.
//
// Errors: ErrInvalidRecord.
func (r Record) Validate() error {
	if len(r.Key) > maxKey || len(r.Value) > maxValue || len(r.Challenge) > maxValue {
		return ErrInvalidRecord.Wrapf("key, value and challenge have at most %d, %d and %d bytes", maxKey, maxValue, maxValue)
	}
	for i := range len(r.Key) {
		if c := r.Key[i]; c <= ' ' || c > '~' {
			return ErrInvalidRecord.Wrapf("key %q: printable ASCII without spaces", r.Key)
		}
	}
	if len(r.Challenge) > 0 && r.Kind != KIND_DHT {
		return ErrInvalidRecord.Wrap("challenge: only beside a DHT key")
	}
	keyed := r.Kind == KIND_ACCOUNT || r.Kind == KIND_TEXT
	if keyed != (r.Key != "") && r.Kind != KIND_PEER {
		return ErrInvalidRecord.Wrapf("key %q: accounts and texts have one, others not", r.Key)
	}
	return r.validateValue()
}

func (r Record) validateValue() error {
	ok := false
	switch r.Kind {
	case KIND_PEER:
		_, err := trust.KeyOfPeer(r.Key)
		ok = len(r.Value) == keyBytes && (r.Key == "" || err == nil)
	case KIND_PERIMETER:
		ok = len(r.Value) == keyBytes
	case KIND_DEAL:
		ok = len(r.Value) == dealBytes
	case KIND_CID:
		n, c, err := cid.CidFromBytes(r.Value)
		ok = err == nil && n == len(r.Value) && c.Version() == 1
	case KIND_DHT:
		ok = len(r.Challenge) >= minChallenge && bytes.Equal(r.Value, DHTKey(r.Challenge))
	case KIND_SERVICE:
		ok = len(r.Value) > keyBytes && perimeter.CheckName("service", string(r.Value[keyBytes:])) == nil
	case KIND_ACCOUNT, KIND_TEXT:
		ok = len(r.Value) > 0 && utf8.Valid(r.Value)
	}
	if !ok {
		return ErrInvalidRecord.Wrapf("value of %d bytes is no %s", len(r.Value), r.Kind)
	}
	return nil
}

// Fresh returns the records that the owner of now, or its controller, set.
func (n Name) Fresh() []Record {
	var out []Record
	for _, r := range n.Records {
		if r.OwnerEpoch == n.OwnerEpoch {
			out = append(out, r)
		}
	}
	return out
}
