// SPDX-License-Identifier: Apache-2.0

package types

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Lengths of ids and keys in bytes.
const (
	DealIDBytes    = 20
	WorkerIDBytes  = 32
	PeerIDBytes    = 32
	OfferIDBytes   = 32
	UnitIDBytes    = 32
	PeerKeyBytes   = 32
	SignatureBytes = 64
	CIDBytes       = 36
)

// rawSHA256 is how a binary CIDv1 of raw bytes under sha2-256 begins.
var rawSHA256 = [4]byte{0x01, 0x55, 0x12, 0x20}

const (
	dealDomain   = "fluence/deal/v1"
	workerDomain = "fluence/worker/v1"
)

// DealID returns the id of the n-th deal of an account, counted from 0: the first 20
// bytes of the SHA-256 of
//
//	"fluence/deal/v1" ‖ u16be len ‖ chain id ‖ u8 len ‖ owner's address ‖ u64be n
func DealID(chainID string, owner []byte, n uint64) []byte {
	b := binary.BigEndian.AppendUint16([]byte(dealDomain), uint16(len(chainID)))
	b = append(append(b, chainID...), byte(len(owner)))
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(append(b, owner...), n))
	return sum[:DealIDBytes]
}

// WorkerID returns the id of the n-th worker of the chain: n in 32 bytes, big-endian.
func WorkerID(n uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, WorkerIDBytes-8, WorkerIDBytes), n)
}

// ActivationBytes returns what a worker's key signs when the worker is activated:
//
//	"fluence/worker/v1" ‖ u16be len ‖ chain id ‖ deal id ‖ worker id ‖ peer id
func ActivationBytes(chainID string, deal, worker, peerID []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte(workerDomain), uint16(len(chainID)))
	b = append(append(b, chainID...), deal...)
	return append(append(b, worker...), peerID...)
}

// Hex returns 0x and lower-case hex digits.
func Hex(id []byte) string { return "0x" + hex.EncodeToString(id) }

// ParseDealID reads a deal id of 0x and 40 hex digits.
//
// Errors: ErrInvalidID.
func ParseDealID(s string) ([]byte, error) { return parseHex("deal_id", s, DealIDBytes) }

// ParseWorkerID reads a worker id of 0x and 64 hex digits.
//
// Errors: ErrInvalidID.
func ParseWorkerID(s string) ([]byte, error) { return parseHex("worker_id", s, WorkerIDBytes) }

// ParsePeerID reads a libp2p peer id of an ed25519 key, or that key in hex.
//
// Errors: ErrInvalidID.
func ParsePeerID(s string) ([]byte, error) {
	id, err := markettypes.ParsePeer("peer_id", s)
	if err != nil {
		return nil, ErrInvalidID.Wrap(err.Error())
	}
	return id, nil
}

func parseHex(field, s string, n int) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 2*n {
		return nil, ErrInvalidID.Wrapf("%s: want 0x and %d hex digits", field, 2*n)
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, ErrInvalidID.Wrapf("%s: %v", field, err)
	}
	return b, nil
}

// CheckID refuses an id of another length.
//
// Errors: ErrInvalidID.
func CheckID(field string, id []byte, n int) error {
	if len(id) != n {
		return ErrInvalidID.Wrapf("%s: %d bytes, want %d", field, len(id), n)
	}
	return nil
}

// CheckCID refuses what is no CIDv1 of 36 bytes, raw and sha2-256.
//
// Errors: ErrInvalidID.
func CheckCID(field string, cid []byte) error {
	if len(cid) != CIDBytes || [4]byte(cid[:4]) != rawSHA256 {
		return ErrInvalidID.Wrapf("%s: want a CIDv1 of raw bytes under sha2-256, 36 bytes that begin 0x01551220", field)
	}
	return nil
}
