// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/mr-tron/base58"
)

// Bound ids.
const (
	BoundPrefix    = "fl1."                   // every id with this prefix is checked
	NonceSize      = 16                       // bytes of N
	MaxHopsLimit   = 1024                     // largest H
	DefaultMaxHops = 64                       // H when a client has no opinion
	bindingDomain  = "fluence/particle-id/v1" // start of the hashed bytes
)

// BoundID is an id that commits to the initiator, time, TTL and script of its
// particle, so that nothing signed under it counts elsewhere. Its text is
//
//	fl1.H.N.B   H  max hops, decimal without leading zero, 1 to 1024
//	            N  16 random bytes in base58
//	            B  base58 of SHA-256(domain | u8 length | init_peer_id |
//	               u64le timestamp | u32le ttl | u16le H | SHA-256(script) | N)
type BoundID struct {
	MaxHops uint16
	Nonce   [NonceSize]byte
	Binding [sha256.Size]byte
}

// String returns the text of b.
func (b BoundID) String() string {
	return fmt.Sprintf("%s%d.%s.%s", BoundPrefix, b.MaxHops, base58.Encode(b.Nonce[:]), base58.Encode(b.Binding[:]))
}

// BindID returns the bound id for p's initiator, time, TTL and script. It does
// not change p; sign after setting the id.
//
// Errors: ErrBoundID for hops outside 1 to MaxHopsLimit, ErrInitPeerID for an
// initiator longer than 255 bytes.
func BindID(p *Particle, maxHops uint16, nonce [NonceSize]byte) (string, error) {
	if maxHops < 1 || maxHops > MaxHopsLimit {
		return "", refuse(ErrBoundID, "id", "max hops %d; choose 1 to %d", maxHops, MaxHopsLimit)
	}
	if len(p.InitPeerID) > 255 {
		return "", refuse(ErrInitPeerID, "init_peer_id", "%d bytes, at most 255", len(p.InitPeerID))
	}
	return BoundID{MaxHops: maxHops, Nonce: nonce, Binding: binding(p, maxHops, nonce)}.String(), nil
}

// ParseBoundID reads the one canonical text of a bound id.
//
// Errors: ErrBoundID.
func ParseBoundID(s string) (BoundID, error) {
	var b BoundID
	parts := strings.Split(s, ".")
	if len(s) > 128 || len(parts) != 4 || parts[0]+"." != BoundPrefix {
		return b, refuse(ErrBoundID, "id", "want fl1.H.N.B")
	}
	hops, err := strconv.ParseUint(parts[1], 10, 16)
	if err != nil || hops < 1 || hops > MaxHopsLimit || strconv.FormatUint(hops, 10) != parts[1] {
		return b, refuse(ErrBoundID, "id", "hops %q; want 1 to %d without leading zero", parts[1], MaxHopsLimit)
	}
	b.MaxHops = uint16(hops)
	if err := decodeExact(parts[2], b.Nonce[:]); err != nil {
		return b, refuse(ErrBoundID, "id", "nonce: %v", err)
	}
	if err := decodeExact(parts[3], b.Binding[:]); err != nil {
		return b, refuse(ErrBoundID, "id", "binding: %v", err)
	}
	return b, nil
}

// CheckBoundID recomputes p's id when it has the bound prefix. bound is false,
// and err nil, for any other id.
//
// Errors: ErrBoundID.
func CheckBoundID(p *Particle) (bound bool, err error) {
	if !strings.HasPrefix(p.ID, BoundPrefix) {
		return false, nil
	}
	b, err := ParseBoundID(p.ID)
	if err != nil {
		return false, err
	}
	if len(p.InitPeerID) > 255 {
		return false, refuse(ErrBoundID, "init_peer_id", "%d bytes, at most 255", len(p.InitPeerID))
	}
	want := binding(p, b.MaxHops, b.Nonce)
	if subtle.ConstantTimeCompare(want[:], b.Binding[:]) != 1 {
		return false, refuse(ErrBoundID, "id", "made for another initiator, time, ttl or script; make a new id for each particle")
	}
	return true, nil
}

func binding(p *Particle, maxHops uint16, nonce [NonceSize]byte) [sha256.Size]byte {
	script := sha256.Sum256([]byte(p.Script))
	b := make([]byte, 0, 256)
	b = append(b, bindingDomain...)
	b = append(b, byte(len(p.InitPeerID)))
	b = append(b, p.InitPeerID...)
	b = binary.LittleEndian.AppendUint64(b, p.Timestamp)
	b = binary.LittleEndian.AppendUint32(b, p.TTL)
	b = binary.LittleEndian.AppendUint16(b, maxHops)
	b = append(b, script[:]...)
	b = append(b, nonce[:]...)
	return sha256.Sum256(b)
}

// decodeExact decodes canonical base58 of exactly len(dst) bytes into dst.
func decodeExact(s string, dst []byte) error {
	if len(s) > 2*len(dst) {
		return fmt.Errorf("%d characters for %d bytes", len(s), len(dst))
	}
	b, err := base58.Decode(s)
	if err != nil {
		return fmt.Errorf("%q is not base58", s)
	}
	if len(b) != len(dst) || base58.Encode(b) != s {
		return fmt.Errorf("%q is not canonical base58 of %d bytes", s, len(dst))
	}
	copy(dst, b)
	return nil
}
