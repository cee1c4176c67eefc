// SPDX-License-Identifier: Apache-2.0

package particle_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/particle"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// The known particle, made by the serializer of js-client 0.9.0.
const (
	knownSeed   = "7h48PQ/f1rS9TxacmgODxbD42Il9B3KC117jvOPppPE="
	knownSigned = "Mjg4M2Y5NTktZTllNy00ODQzLThjMzctMjA1ZDM5M2NhMzcy/kguGYsBAABYGwAAYWJj"
	knownSig    = "KceXDnOfqe0dOnAxiDsyWBIvUq6WHoT0ge+VMHXOZsjZvCNH7/10oufdlYfcPomfv28On6E87ZhDcHGBZcb7Bw=="

	// boundVector was computed by a second implementation in another language.
	boundVector = "fl1.64.12drXXUifSrRnXLGbXg8E.DtRJhH8JoSqcsnZ9zC7jayVV3zt74j3CS42YRxWW8LHN"
)

func knownBody(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/js_client_body.hex")
	if err != nil {
		t.Fatal(err)
	}
	body, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func knownParticle(t testing.TB) *particle.Particle {
	t.Helper()
	return &particle.Particle{
		ID:         "2883f959-e9e7-4843-8c37-205d393ca372",
		InitPeerID: "12D3KooWANqfCDrV79MZdMnMqTvDdqSAPSxdgFY1L6DCq2DVGB4D",
		Timestamp:  1696934545662,
		TTL:        7000,
		Script:     "abc",
		Signature:  fromBase64(t, knownSig),
		Data:       []byte{1, 2, 200},
	}
}

func fromBase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keyOf(t testing.TB, seed []byte) crypto.PrivKey {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(seed))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestBodyOfJSClientDecodesAndVerifies(t *testing.T) {
	body := knownBody(t)
	if len(body) != 286 {
		t.Fatalf("vector has %d bytes, want 286", len(body))
	}
	got, err := particle.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if want := knownParticle(t); !equal(got, want) {
		t.Fatalf("Decode = %+v, want %+v", got, want)
	}
	if err := got.Verify(); err != nil {
		t.Errorf("Verify = %v, want nil", err)
	}
}

func TestOurFormIsTheSameWithBinaries(t *testing.T) {
	js, p := knownBody(t), knownParticle(t)
	got := particle.Encode(p)
	if len(got) != 250 {
		t.Errorf("Encode gives %d bytes, want 250", len(got))
	}
	key := []byte("\xa9signature")
	same := bytes.Index(js, key) + len(key)
	if !bytes.Equal(got[:same], js[:same]) {
		t.Errorf("Encode starts %x, want %x", got[:same], js[:same])
	}
	tail := append([]byte{0xc4, 0x40}, p.Signature...)
	tail = append(tail, "\xa4data\xc4\x03\x01\x02\xc8"...)
	if !bytes.Equal(got[same:], tail) {
		t.Errorf("Encode ends %x, want %x", got[same:], tail)
	}
}

func TestSignedBytesAndSignatureOfTheVector(t *testing.T) {
	p := knownParticle(t)
	if got, want := p.SignedBytes(), fromBase64(t, knownSigned); !bytes.Equal(got, want) {
		t.Fatalf("SignedBytes = %x, want %x", got, want)
	}
	key := keyOf(t, fromBase64(t, knownSeed))
	want := p.Signature
	p.Signature = nil
	if err := p.Sign(key); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.Signature, want) {
		t.Errorf("Sign = %x, want %x", p.Signature, want)
	}
}

func TestPeerIDOfTheFixedSeed(t *testing.T) {
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i + 1)
	}
	id, err := peer.IDFromPrivateKey(keyOf(t, seed))
	if err != nil {
		t.Fatal(err)
	}
	if want := "12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf"; id.String() != want {
		t.Errorf("peer id = %s, want %s", id, want)
	}
}

func TestBoundIDVector(t *testing.T) {
	p := knownParticle(t)
	var nonce [particle.NonceSize]byte
	for i := range nonce {
		nonce[i] = byte(i)
	}
	id, err := particle.BindID(p, 64, nonce)
	if err != nil {
		t.Fatal(err)
	}
	p.ID = id
	if want := boundVector; id != want {
		t.Errorf("BindID = %s, want %s", id, want)
	}
	if bound, err := particle.CheckBoundID(p); !bound || err != nil {
		t.Errorf("CheckBoundID = %v, %v, want true, nil", bound, err)
	}
}

func TestNewParticleIsAcceptedByDefaultLimits(t *testing.T) {
	key := keyOf(t, fromBase64(t, knownSeed))
	now := time.UnixMilli(1_800_000_000_000)
	p, err := particle.New(key, particle.Draft{
		Script: "(null)", TTL: 7 * time.Second, Time: now, Nonce: bytes.NewReader(make([]byte, 16)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := particle.DefaultLimits().Check(p, now); err != nil {
		t.Errorf("Check = %v, want nil", err)
	}
	p.Script += " "
	if err := particle.DefaultLimits().Check(p, now); !errors.Is(err, particle.ErrBoundID) {
		t.Errorf("Check of another script = %v, want %v", err, particle.ErrBoundID)
	}
}

func equal(a, b *particle.Particle) bool {
	return a.ID == b.ID && a.InitPeerID == b.InitPeerID && a.Timestamp == b.Timestamp && a.TTL == b.TTL &&
		a.Script == b.Script && bytes.Equal(a.Signature, b.Signature) && bytes.Equal(a.Data, b.Data)
}
