// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"encoding/binary"
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/crypto/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

// maxPeerIDText is above the longest base58 peer id that embeds an Ed25519 or a
// secp256k1 key (53 characters).
const maxPeerIDText = 64

// SignedBytes returns what the initiator signs, with no prefix and no hash:
//
//	id | timestamp: u64 little endian | ttl: u32 little endian | script
//
// Source: nox@b349812f0:particle-protocol/src/particle.rs, as_bytes.
func (p *Particle) SignedBytes() []byte {
	b := make([]byte, 0, len(p.ID)+12+len(p.Script))
	b = append(b, p.ID...)
	b = binary.LittleEndian.AppendUint64(b, p.Timestamp)
	b = binary.LittleEndian.AppendUint32(b, p.TTL)
	return append(b, p.Script...)
}

// Sign sets p.Signature with key.
//
// Errors: ErrInitPeerID when key is not that of p.InitPeerID.
func (p *Particle) Sign(key crypto.PrivKey) error {
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return fmt.Errorf("initiator of the key: %w", err)
	}
	if id.String() != p.InitPeerID {
		return refuse(ErrInitPeerID, "init_peer_id", "the key belongs to %s; sign with the initiator's key", id)
	}
	sig, err := key.Sign(p.SignedBytes())
	if err != nil {
		return fmt.Errorf("sign particle %s: %w", p.ID, err)
	}
	p.Signature = sig
	return nil
}

// Verify checks that p.Signature is the initiator's over SignedBytes.
//
// Errors: ErrInitPeerID, ErrSignature.
func (p *Particle) Verify() error {
	key, err := InitiatorKey(p.InitPeerID)
	if err != nil {
		return err
	}
	ok, err := key.Verify(p.SignedBytes(), p.Signature)
	if err != nil || !ok {
		return refuse(ErrSignature, "signature", "%d bytes do not verify against the initiator's key; sign id, timestamp, ttl and script", len(p.Signature))
	}
	return nil
}

// InitiatorKey returns the public key inside a base58 peer id. Only Ed25519 and
// secp256k1 keys fit into an id; any other form, and any second spelling of the
// same id, is refused: scripts compare ids as text.
//
// Errors: ErrInitPeerID.
func InitiatorKey(id string) (crypto.PubKey, error) {
	if len(id) == 0 || len(id) > maxPeerIDText {
		return nil, refuse(ErrInitPeerID, "init_peer_id", "%d characters; use a base58 peer id with an Ed25519 key", len(id))
	}
	pid, err := peer.Decode(id)
	if err != nil {
		return nil, refuse(ErrInitPeerID, "init_peer_id", "%q is no peer id; use its base58 text", id)
	}
	key, err := pid.ExtractPublicKey()
	if err != nil {
		return nil, refuse(ErrInitPeerID, "init_peer_id", "%q does not hold its key; use an Ed25519 key", id)
	}
	if t := key.Type(); t != pb.KeyType_Ed25519 && t != pb.KeyType_Secp256k1 {
		return nil, refuse(ErrInitPeerID, "init_peer_id", "%q holds a key of type %v; use an Ed25519 key", id, t)
	}
	if again, err := peer.IDFromPublicKey(key); err != nil || again.String() != id {
		return nil, refuse(ErrInitPeerID, "init_peer_id", "%q is not the usual spelling of that id; use its base58 text", id)
	}
	return key, nil
}
