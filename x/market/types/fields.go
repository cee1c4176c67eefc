// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/go-fluence/fluence/proofs/trust"
)

// CheckID refuses an id of another size.
//
// Errors: ErrInvalidField.
func CheckID(field string, id []byte, size int) error {
	if len(id) != size {
		return ErrInvalidField.Wrapf("%s: %d bytes, want %d", field, len(id), size)
	}
	return nil
}

// CheckIDs refuses a list without entries or with more than limit, ids of another
// size, and repeated ones.
//
// Errors: ErrInvalidField, ErrBatchTooLarge.
func CheckIDs(field string, ids [][]byte, size, limit int) error {
	if len(ids) == 0 {
		return ErrInvalidField.Wrapf("%s: empty, want 1 to %d", field, limit)
	}
	if len(ids) > limit {
		return ErrBatchTooLarge.Wrapf("%s: %d, want at most %d", field, len(ids), limit)
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if err := CheckID(field, id, size); err != nil {
			return err
		}
		if seen[string(id)] {
			return ErrInvalidField.Wrapf("%s: %x stands there twice", field, id)
		}
		seen[string(id)] = true
	}
	return nil
}

// CheckCID refuses bytes that are not a CIDv1 with a sha2-256 digest.
//
// Errors: ErrInvalidField.
func CheckCID(field string, cid []byte) error {
	if len(cid) != CIDSize || cid[0] != 1 || cid[1] >= 0x80 || !bytes.Equal(cid[2:4], []byte{0x12, 0x20}) {
		return ErrInvalidField.Wrapf("%s: want the %d bytes of a CIDv1 with a sha2-256 digest", field, CIDSize)
	}
	return nil
}

// CheckText refuses text that is too long or not UTF-8, and too short text.
//
// Errors: ErrInvalidField.
func CheckText(field, s string, minBytes, maxBytes int) error {
	if len(s) < minBytes || len(s) > maxBytes {
		return ErrInvalidField.Wrapf("%s: %d bytes, want %d to %d", field, len(s), minBytes, maxBytes)
	}
	if !utf8.ValidString(s) {
		return ErrInvalidField.Wrapf("%s: not UTF-8", field)
	}
	return nil
}

// ParseID reads an id of the given size in hexadecimal, with or without 0x.
//
// Errors: ErrInvalidField.
func ParseID(field, s string, size int) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil || len(b) != size {
		return nil, ErrInvalidField.Wrapf("%s: want %d bytes in hexadecimal", field, size)
	}
	return b, nil
}

// ParsePeer reads a peer id in hexadecimal or as libp2p text.
//
// Errors: ErrInvalidField.
func ParsePeer(field, s string) ([]byte, error) {
	if b, err := ParseID(field, s, IDSize); err == nil {
		return b, nil
	}
	k, err := trust.KeyOfPeer(s)
	if err != nil || k.Format != trust.Ed25519 {
		return nil, ErrInvalidField.Wrapf("%s: want a libp2p peer id of an ed25519 key, or its %d bytes in hexadecimal", field, IDSize)
	}
	return k.Append(nil)[1:], nil
}
