// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"

	"github.com/go-fluence/fluence/proofs/trust"
)

// named is the key pair whose seed is the SHA-256 of a name.
func named(t testing.TB, name string) (ed25519.PrivateKey, trust.Key) {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	priv := ed25519.NewKeyFromSeed(seed[:])
	key, err := trust.NewKey(trust.Ed25519, priv.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return priv, key
}

func issue(by ed25519.PrivateKey, to trust.Key) trust.Trust {
	tr := trust.Trust{IssuedFor: to, ExpiresAt: 2000000000, IssuedAt: 1700000000}
	tr.Signature = trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(by, tr.SigningBytes())}
	return tr
}

func chain(t testing.TB) trust.Certificate {
	t.Helper()
	rootPriv, root := named(t, "root")
	_, bob := named(t, "bob")
	return trust.Certificate{Chain: []trust.Trust{issue(rootPriv, root), issue(rootPriv, bob)}}
}

// The vectors were made by the official library.
func TestVectors(t *testing.T) {
	rootPriv, root := named(t, "root")
	_, bob := named(t, "bob")
	if id := root.PeerID(); id != "12D3KooWBQ78j8waooUm1KEmvWRuxkRshgDv4V5uGtCbNskC4GiN" {
		t.Errorf("root is %s", id)
	}
	tr := issue(rootPriv, bob)
	if got := hex.EncodeToString(tr.SigningBytes()); got != "49fec2a08d53f3c2d78211f1600176569b1eb37ccea20bd67df390a3688cde6a" {
		t.Errorf("trust bytes %s", got)
	}
	if got := base58.Encode(tr.Signature.Raw); got != "F7bV7iiYbLYT6Tw74GkvcU2LGNtptE42kJ6ik2JYnyobrX5XqbJkWfBU1voYRATnVsR7QdRxWjWruWyC1R8ekKk" {
		t.Errorf("signature %s", got)
	}
	r := trust.Revocation{Revoked: bob, RevokedAt: 1700000100, RevokedBy: root}
	r.Signature = trust.Signature{Raw: ed25519.Sign(rootPriv, r.SigningBytes())}
	if got := hex.EncodeToString(r.SigningBytes()); got != "b429d382150b3994932d5f256dde0dad7f1f9d4d74af5a16282a499c2f1d9888" {
		t.Errorf("revocation bytes %s", got)
	}
	if got := base58.Encode(r.Signature.Raw); got != "67UtCsR3XsfQ5BghNkvBkQZA9UYMZe7GSSXLfj4Qeh3i2JJk83ZN9p4zzszbhobxjcG71afmRbEmDcSHH3DbpPT" {
		t.Errorf("revocation signature %s", got)
	}
	if err := r.Verify(); err != nil {
		t.Error(err)
	}
	const text = "11\n1111\n12ajxz1MscuDGbRjMHugaBxM3DMBH2o1RKHqZztbJAKzS\n" +
		"12oLpknEmMShKkgfzPvVdSmtk81e3w4WN5JX28varkzL2pDe7NsFXjcyiPGymEAj7VnbQxKBRSwWtNGgPbWaWkAFj\n2000000000\n1700000000\n" +
		"1GwCXyJ8AesaucFMTUSZmiFVMhVngpeBxaBC7mQJiZct3\n" +
		"1F7bV7iiYbLYT6Tw74GkvcU2LGNtptE42kJ6ik2JYnyobrX5XqbJkWfBU1voYRATnVsR7QdRxWjWruWyC1R8ekKk\n2000000000\n1700000000\n"
	if got, err := chain(t).MarshalText(); err != nil || string(got) != text {
		t.Errorf("text form:\n%s%v\nwant:\n%s", got, err, text)
	}
}

// TestOfficialCertificates takes the certificates that ship with the official
// package: all 35 trusts verify while they are valid, none does today.
func TestOfficialCertificates(t *testing.T) {
	b, err := os.ReadFile("testdata/certificates.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Certificates []trust.Certificate }
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	trusts := 0
	for i, c := range doc.Certificates {
		if err := c.Verify(1700000000); err != nil {
			t.Errorf("certificate %d: %v", i, err)
		}
		if err := c.Verify(c.Chain[0].ExpiresAt); err != nil {
			t.Errorf("certificate %d in its last second: %v", i, err)
		}
		issuer := c.Chain[0].IssuedFor
		for k, tr := range c.Chain {
			trusts++
			if err := tr.Verify(issuer, 1790000000); !errors.Is(err, trust.ErrExpired) {
				t.Errorf("certificate %d, trust %d now: %v, want ErrExpired", i, k, err)
			}
			issuer = tr.IssuedFor
		}
		roundTrip(t, c)
	}
	if len(doc.Certificates) != 12 || trusts != 35 {
		t.Errorf("%d certificates with %d trusts, want 12 with 35", len(doc.Certificates), trusts)
	}
}

func roundTrip(t *testing.T, c trust.Certificate) {
	t.Helper()
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := trust.DecodeCertificate(b); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("binary form: %+v, %v; want %+v", got, err, c)
	}
	text, err := c.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var got trust.Certificate
	if err := got.UnmarshalText(text); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("text form: %+v, %v; want %+v", got, err, c)
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again trust.Certificate
	if err := json.Unmarshal(j, &again); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("JSON form: %+v, %v; want %+v", again, err, c)
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	malloryPriv, mallory := named(t, "mallory")
	tests := map[string]struct {
		edit func(*trust.Certificate)
		want error
	}{
		"honest":                {func(*trust.Certificate) {}, nil},
		"another subject":       {func(c *trust.Certificate) { c.Chain[1].IssuedFor = mallory }, trust.ErrSignature},
		"a later end":           {func(c *trust.Certificate) { c.Chain[1].ExpiresAt++ }, trust.ErrSignature},
		"an earlier begin":      {func(c *trust.Certificate) { c.Chain[1].IssuedAt-- }, trust.ErrSignature},
		"another issuer":        {func(c *trust.Certificate) { c.Chain[1] = issue(malloryPriv, mallory) }, trust.ErrSignature},
		"root not self-signed":  {func(c *trust.Certificate) { c.Chain[0] = issue(malloryPriv, c.Chain[0].IssuedFor) }, trust.ErrSignature},
		"links exchanged":       {func(c *trust.Certificate) { c.Chain[0], c.Chain[1] = c.Chain[1], c.Chain[0] }, trust.ErrSignature},
		"signature of 63 bytes": {func(c *trust.Certificate) { c.Chain[1].Signature.Raw = c.Chain[1].Signature.Raw[1:] }, trust.ErrSignature},
		"another format":        {func(c *trust.Certificate) { c.Chain[1].Signature.Format = trust.Secp256k1 }, trust.ErrSignature},
		"no key at all":         {func(c *trust.Certificate) { c.Chain[0].IssuedFor = trust.Key{} }, trust.ErrSignature},
		"an unknown format": {func(c *trust.Certificate) {
			c.Chain[0].IssuedFor, c.Chain[0].Signature.Format = trust.Key{Format: 9}, 9
		}, trust.ErrKeyFormat},
		"empty": {func(c *trust.Certificate) { c.Chain = nil }, trust.ErrChain},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := chain(t)
			tt.edit(&c)
			if err := c.Verify(1800000000); !errors.Is(err, tt.want) {
				t.Errorf("Verify = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestSecp256k1(t *testing.T) {
	priv := secp256k1.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32))
	key, err := trust.NewKey(trust.Secp256k1, priv.PubKey().SerializeCompressed())
	if err != nil {
		t.Fatal(err)
	}
	tr := trust.Trust{IssuedFor: key, ExpiresAt: 2, IssuedAt: 1}
	sum := sha256.Sum256(tr.SigningBytes())
	tr.Signature = trust.Signature{Format: trust.Secp256k1, Raw: ecdsa.Sign(priv, sum[:]).Serialize()}
	if err := tr.Verify(key, 2); err != nil {
		t.Error(err)
	}
	roundTrip(t, trust.Certificate{Chain: []trust.Trust{tr, tr}})
	if id := key.PeerID(); !strings.HasPrefix(id, "16Uiu2HA") {
		t.Errorf("peer id %s", id)
	}
}

func TestMalformedFormsAreRefused(t *testing.T) {
	good, err := chain(t).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	cut := func(edit func([]byte) []byte) []byte { return edit(bytes.Clone(good)) }
	binary := map[string][]byte{
		"empty":            nil,
		"head only":        good[:6],
		"one trust":        cut(func(b []byte) []byte { b[6] = 1; return b }),
		"200 trusts":       cut(func(b []byte) []byte { b[6] = 200; return b }),
		"three, two there": cut(func(b []byte) []byte { b[6] = 3; return b }),
		"truncated":        good[:len(good)-1],
		"trailing":         append(bytes.Clone(good), 0),
		"key length":       cut(func(b []byte) []byte { b[8] = 200; return b }),
		"key format":       cut(func(b []byte) []byte { b[9] = 1; return b }),
	}
	for name, b := range binary {
		if c, err := trust.DecodeCertificate(b); err == nil {
			t.Errorf("%s: accepted as %+v", name, c)
		}
	}
	for _, text := range []string{"", "11", "11\n1111", "11\n1111\na\nb\n1", "11\n1111\n0\n0\n1\n1\n", "11\n1111\n\n\n1\n1\n", strings.Repeat("1\n", 100_000)} {
		var c trust.Certificate
		if err := c.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("text %.40q: accepted", text)
		}
	}
	for _, text := range []string{`{"issued_for":"x"}`, `{"issued_for":"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N","sig_type":"ed25519","signature":""}`, `7`, `{"issued_for":"12D3KooWBQ78j8waooUm1KEmvWRuxkRshgDv4V5uGtCbNskC4GiN","sig_type":"rsa"}`} {
		var tr trust.Trust
		if err := json.Unmarshal([]byte(text), &tr); err == nil {
			t.Errorf("JSON %s: accepted", text)
		}
	}
	if _, err := (trust.Certificate{Chain: make([]trust.Trust, 256)}).Append(nil); !errors.Is(err, trust.ErrChain) {
		t.Errorf("256 trusts: %v, want ErrChain", err)
	}
}

func TestRevocationJSON(t *testing.T) {
	rootPriv, root := named(t, "root")
	_, bob := named(t, "bob")
	r := trust.Revocation{Revoked: bob, RevokedAt: 5, RevokedBy: root}
	r.Signature = trust.Signature{Raw: ed25519.Sign(rootPriv, r.SigningBytes())}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got trust.Revocation
	if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, %v; want %+v", got, err, r)
	}
	got.RevokedBy = bob
	if err := got.Verify(); !errors.Is(err, trust.ErrSignature) {
		t.Errorf("revocation by somebody else: %v, want ErrSignature", err)
	}
}

func FuzzCertificate(f *testing.F) {
	b, err := chain(f).Append(nil)
	if err != nil {
		f.Fatal(err)
	}
	text, err := chain(f).MarshalText()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(text)
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := trust.DecodeCertificate(b); err == nil {
			_ = c.Verify(1)
			again, err := c.Append(nil)
			if err != nil || !bytes.Equal(again[6:], b[6:]) {
				t.Fatalf("written %x, %v; read %x", again, err, b)
			}
		}
		var c trust.Certificate
		if err := c.UnmarshalText(b); err == nil {
			_ = c.Verify(1)
		}
	})
}

func BenchmarkVerifyChainOfFour(b *testing.B) {
	rootPriv, root := named(b, "root")
	c := trust.Certificate{Chain: []trust.Trust{issue(rootPriv, root), issue(rootPriv, root), issue(rootPriv, root), issue(rootPriv, root)}}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Verify(1800000000); err != nil {
			b.Fatal(err)
		}
	}
}
