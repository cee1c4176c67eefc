// SPDX-License-Identifier: Apache-2.0

package particle_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/particle"
)

func FuzzDecode(f *testing.F) {
	f.Add(knownBody(f))
	f.Add(particle.Encode(knownParticle(f)))
	f.Add([]byte("\x81\x04\xdf\xff\xff\xff\xff"))
	f.Add([]byte("\x81\x04\x81\xa4data\xdd\x00\x00\x00\x01\xcc"))
	limits := particle.DefaultLimits()
	now := time.UnixMilli(1_800_000_000_000)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := particle.Decode(body)
		if err != nil {
			if particle.Reason(err) == "other" {
				t.Fatalf("untyped refusal: %v", err)
			}
			return
		}
		if err := limits.Check(p, now); err != nil && particle.Reason(err) == "other" {
			t.Fatalf("untyped refusal: %v", err)
		}
		again, err := particle.Decode(particle.Encode(p))
		if err != nil || !equal(again, p) {
			t.Fatalf("decode of encode = %+v, %v, want %+v", again, err, p)
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	frame, err := particle.AppendFrame(nil, knownParticle(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, in []byte) {
		var reserved int
		body, err := particle.ReadFrame(bytes.NewReader(in), 1<<30, func(n int) error {
			reserved += n
			return nil
		})
		if reserved > 2*len(in)+8<<10 {
			t.Fatalf("reserved %d bytes for %d", reserved, len(in))
		}
		if err == nil && len(body) != reserved {
			t.Fatalf("body of %d bytes, reserved %d", len(body), reserved)
		}
	})
}

func FuzzParseBoundID(f *testing.F) {
	f.Add(boundVector)
	f.Add("fl1.1.1111111111111111.")
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := particle.ParseBoundID(text); err == nil && b.String() != text {
			t.Fatalf("%q reads as %s", text, b)
		}
	})
}

func BenchmarkDecodeJSForm(b *testing.B) {
	body := knownBody(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := particle.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode2MiB(b *testing.B) {
	p := knownParticle(b)
	p.Data = make([]byte, 2<<20)
	body := particle.Encode(p)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := particle.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	p := knownParticle(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}
