// SPDX-License-Identifier: Apache-2.0

package air

import "github.com/go-fluence/fluence/peer/air/exec"

// Input is everything a run depends on.
//
// Prev is what this peer stored after its last run of the particle, Data what
// arrived; either may be empty. Prev is trusted: keep it where only this peer
// writes. Results answers calls of earlier runs by their number.
type Input struct {
	Script  string
	Prev    []byte
	Data    []byte
	Params  Params
	Results map[uint32]Result
	Budget  Budget
	// Statements asks for Outcome.Statements.
	Statements bool
}

// KeyFormat names the signature scheme of Params.SecretKey.
type KeyFormat uint8

// KeyEd25519 is the only supported format; any other ends a run with code 7.
const KeyEd25519 KeyFormat = 0

// Params is what the script can see of its particle, the peer that runs it, and
// the key it signs with.
type Params struct {
	InitPeerID    string    // who made the particle
	CurrentPeerID string    // who runs it; must belong to SecretKey
	Timestamp     uint64    // milliseconds since 1970
	TTL           uint32    // milliseconds
	KeyFormat     KeyFormat // KeyEd25519
	SecretKey     []byte    // 32-byte seed
	ParticleID    string    // the salt of every signature in the data

	// Limits in bytes; zero takes the default of AquaVM: 16 MiB for the script,
	// 64 MiB for arriving data, 32 MiB for one call result. Passing one sets a
	// flag in Outcome.Exceeded, or with HardLimit ends the run with code 10.
	AirSizeLimit        uint64
	ParticleSizeLimit   uint64
	CallResultSizeLimit uint64
	HardLimit           bool
}

// Defaults of the size limits of Params, in bytes.
const (
	DefaultAirSizeLimit        uint64 = 16 << 20
	DefaultParticleSizeLimit   uint64 = 64 << 20
	DefaultCallResultSizeLimit uint64 = 32 << 20
)

// Budget bounds the work of a run; zero fields take their defaults.
type Budget = exec.Budget

// Result is the host's answer to a Call.
type Result = exec.Result
