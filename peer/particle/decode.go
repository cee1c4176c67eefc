// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"math"
)

// maxFields bounds the entries of the map, known and unknown.
const maxFields = 64

// Decode reads the body of a frame. Keys may come in any order; unknown keys are
// skipped; doubled keys, missing keys and bytes after the map are refused.
// Signature and data may be binaries or arrays of numbers, as js-client sends.
// Signature and Data alias body when they are binaries: do not reuse body.
//
// Nothing about the particle's meaning is checked: see Limits.Check.
//
// Errors: ErrFrame, ErrTruncated, ErrTrailing, ErrField, ErrAction, ErrUTF8.
//
// Source: nox@b349812f0:particle-protocol/src/libp2p_protocol/codec/fluence.rs;
// npm @fluencelabs/js-client 0.9.0 particle/Particle.js.
func Decode(body []byte) (*Particle, error) {
	if len(body) < minBody {
		return nil, refuse(ErrTruncated, "frame", "%d bytes; a particle needs more", len(body))
	}
	if body[0] != codecByte0 || body[1] != codecByte1 {
		return nil, refuse(ErrFrame, "frame", "starts with %#02x %#02x; want 0x81 0x04, MessagePack", body[0], body[1])
	}
	r := reader{b: body, at: codecSize}
	d := decoder{reader: &r, p: new(Particle)}
	if err := d.fields(); err != nil {
		return nil, err
	}
	if rest := len(body) - r.at; rest != 0 {
		return nil, refuse(ErrTrailing, "frame", "%d bytes after the particle", rest)
	}
	return d.p, d.complete()
}

// decoder fills p from the entries of one map.
type decoder struct {
	*reader
	p    *Particle
	seen uint16 // bit i: known key i was read
}

func (d *decoder) fields() error {
	n, err := d.mapLen()
	if err != nil {
		return err
	}
	if n > maxFields {
		return refuse(ErrField, "frame", "%d fields; at most %d", n, maxFields)
	}
	for range n {
		key, err := d.text("frame")
		if err != nil {
			return err
		}
		if err := d.field(key); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) field(key string) (err error) {
	for i, known := range knownKeys() {
		if key != known {
			continue
		}
		if d.seen&(1<<i) != 0 {
			return refuse(ErrField, key, "is there twice")
		}
		d.seen |= 1 << i
	}
	switch key {
	case keyAction:
		return d.action()
	case keyID:
		d.p.ID, err = d.text(key)
	case keyInitPeerID:
		d.p.InitPeerID, err = d.text(key)
	case keyTimestamp:
		d.p.Timestamp, err = d.uint(key, math.MaxUint64)
	case keyTTL:
		var ttl uint64
		ttl, err = d.uint(key, math.MaxUint32)
		d.p.TTL = uint32(ttl)
	case keyScript:
		d.p.Script, err = d.text(key)
	case keySignature:
		d.p.Signature, err = d.bytes(key)
	case keyData:
		d.p.Data, err = d.bytes(key)
	default:
		err = d.skip(0)
	}
	return err
}

func (d *decoder) action() error {
	action, err := d.text(keyAction)
	if err != nil {
		return err
	}
	if action != actionParticle {
		return refuse(ErrAction, keyAction, "is %.32q; only %q is handled", action, actionParticle)
	}
	return nil
}

// complete refuses a map that lacked a known key.
func (d *decoder) complete() error {
	for i, key := range knownKeys() {
		if d.seen&(1<<i) == 0 {
			return refuse(ErrField, key, "is missing")
		}
	}
	return nil
}

func knownKeys() [fieldCount]string {
	return [...]string{keyAction, keyID, keyInitPeerID, keyTimestamp, keyTTL, keyScript, keySignature, keyData}
}
