// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package data

import (
	"slices"
	"testing"
)

// What the tests against the official interpreter, which are outside this package
// because the interpreter's harness imports it, need from inside.

// ParticleIDOfTests is the salt of all signatures in tests.
const ParticleIDOfTests = particleID

// Case is particle data with the code it is worth, 0 for accepted. AquaVM gives
// another where Differs.
type Case struct {
	Wire    []byte
	Want    Code
	Differs bool
}

// SecretOfPeer is the secret key of peer A, B or C.
func SecretOfPeer(name string) []byte { return slices.Repeat([]byte{name[0] - 'A' + 1}, 32) }

// IDOfPeer is the peer id of peer A, B or C.
func IDOfPeer(name string) string {
	k, err := NewKeyPair(Ed25519, SecretOfPeer(name))
	if err != nil {
		panic(err)
	}
	return k.PeerID()
}

// Recorded is data that AquaVM 0.62.0 wrote, by file name.
func Recorded(t testing.TB) map[string][]byte { return recorded(t) }

// EnvelopeOf wraps an archive.
func EnvelopeOf(inner []byte) []byte {
	return append(envelopeHead(Versions{FormatVersion, InterpreterVersion}, len(inner)), inner...)
}

// ForgedCases are the rows of TestVerifyForgeries.
func ForgedCases(t testing.TB) map[string]Case {
	cases := make(map[string]Case)
	for name, tt := range forgeries() {
		f := newForge(t)
		tt.edit(f)
		cases[name] = Case{mustEncode(t, f.build()), tt.want, tt.differs}
	}
	return cases
}

// EnvelopeCases are the rows of TestOpen.
func EnvelopeCases() map[string]Case {
	cases := make(map[string]Case)
	for name, tt := range envelopes() {
		cases[name] = Case{tt.b, tt.want, tt.differs}
	}
	return cases
}
