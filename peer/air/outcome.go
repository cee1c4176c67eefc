// SPDX-License-Identifier: Apache-2.0

package air

import "github.com/go-fluence/fluence/peer/air/exec"

// Outcome is what a run gives the host. The host stores Data, then makes Calls
// and sends Data to Next, whatever Code is.
//
// Code 0 is success. A catchable error that reached the root (10000 and up) or
// an unprocessed call result (30000) still fills every field. After a
// preparation error (1 to 10) or an uncatchable one (20000 and up) Data is
// Input.Prev unchanged, and there are no calls and no next peers.
//
// Next is sorted, has no duplicates and never holds the current peer. It may
// hold text that is no peer id, since the script chooses it.
type Outcome struct {
	Code       int64
	Message    string
	Data       []byte
	Next       []string
	Calls      map[uint32]Call
	Exceeded   Limits
	Statements []Statement
}

// Limits tells which size limits of Params the input passed.
type Limits struct {
	Air        bool
	Particle   bool
	CallResult bool
}

// Call is one request to the host, keyed in Outcome.Calls by the number its
// Result must carry.
type Call = exec.Call

// Tetraplet names the call and the lens a value came from.
type Tetraplet = exec.Tetraplet

// Origin is one party that vouches for a value.
type Origin = exec.Origin

// OriginKind says in which role a party vouches.
type OriginKind = exec.OriginKind

// The kinds of origin.
const (
	OriginUnknown   = exec.OriginUnknown
	OriginInitiator = exec.OriginInitiator
	OriginResult    = exec.OriginResult
	OriginCanon     = exec.OriginCanon
	OriginFailed    = exec.OriginFailed
)

// Statement is one verified, successful result that the run visited.
type Statement = exec.Statement

// CodeUnusedResults is the code of a run that was handed results nobody had
// asked for. Everything else in its outcome is good.
const CodeUnusedResults int64 = 30000
