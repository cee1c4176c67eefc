// SPDX-License-Identifier: Apache-2.0

package types

import (
	"crypto/ed25519"
	"encoding/binary"
)

// peerDomain begins what a peer signs to be in a provider's offer.
const peerDomain = "fluence/market/peer/v1"

// PeerBytes returns what a compute peer signs with its libp2p key to be bound to
// a provider and to its own account:
//
//	"fluence/market/peer/v1" ‖ u16be len ‖ chain id ‖ u8 len ‖ provider ‖ u8 len ‖ owner ‖ u64be expires
//
// Provider and owner are the raw bytes of their addresses, expires is the last
// second since 1970 in which the chain takes the signature.
func PeerBytes(chainID string, provider, owner []byte, expires uint64) []byte {
	b := binary.BigEndian.AppendUint16([]byte(peerDomain), uint16(len(chainID)))
	b = append(append(b, chainID...), byte(len(provider)))
	b = append(append(b, provider...), byte(len(owner)))
	return binary.BigEndian.AppendUint64(append(b, owner...), expires)
}

// VerifyPeer checks a signature over PeerBytes by the key that is the peer's id.
//
// Errors: ErrInvalidField, ErrInvalidSignature.
func VerifyPeer(peer []byte, chainID string, provider, owner []byte, expires uint64, signature []byte) error {
	if err := CheckID("peer id", peer, ed25519.PublicKeySize); err != nil {
		return err
	}
	if len(signature) != ed25519.SignatureSize {
		return ErrInvalidSignature.Wrapf("signature of peer %x: %d bytes, want %d", peer, len(signature), ed25519.SignatureSize)
	}
	if !ed25519.Verify(peer, PeerBytes(chainID, provider, owner, expires), signature) {
		return ErrInvalidSignature.Wrapf("signature of peer %x: sign again for this chain, provider, owner and expiry", peer)
	}
	return nil
}
