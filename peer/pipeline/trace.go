// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"encoding/hex"
	"encoding/json"
	"time"
)

// The kinds of Event.
const (
	EventArrive = "arrive" // admitted from From
	EventRefuse = "refuse" // not admitted, see Reason
	EventRun    = "run"    // one run: QueueUS waiting, RunUS in the interpreter, Code its result
	EventCall   = "call"   // one service call: RunUS in the service, Code its result
	EventKeep   = "keep"   // data made durable: RunUS until it was
	EventSend   = "send"   // sent to To: RunUS in the network
	EventDrop   = "drop"   // not sent to To, see Reason
	EventBudget = "budget" // Reason names the budget that ended it
	EventDoor   = "door"   // how the door judged a call of Service and Function: Detail
)

// Event is one thing that happened to a particle at this peer. Times are
// microseconds, sizes bytes of particle data or of a result.
type Event struct {
	At       int64  `json:"at_us"` // since 1970
	Kind     string `json:"kind"`
	Peer     string `json:"peer"` // who writes this
	Particle string `json:"particle"`
	Sig      string `json:"sig"` // first 8 bytes of the signature in hex
	Scope    string `json:"scope,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Service  string `json:"service,omitempty"`
	Function string `json:"function,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Code     int64  `json:"code,omitempty"`
	Bytes    int    `json:"bytes,omitempty"`
	QueueUS  int64  `json:"queue_us,omitempty"`
	RunUS    int64  `json:"run_us,omitempty"`

	Detail json.RawMessage `json:"detail,omitempty"`
}

// Tracer takes events as they happen; it must not block. Safe for concurrent use.
type Tracer interface {
	Trace(e Event)
}

// trace completes e and hands it on.
func (p *Pipeline) trace(e Event, signature []byte) {
	if p.deps.Tracer == nil {
		return
	}
	e.At = time.Now().UnixMicro()
	e.Peer = p.self.String()
	e.Sig = hex.EncodeToString(signature[:min(len(signature), 8)])
	p.deps.Tracer.Trace(e)
}

// traceStay is trace for something that happened in a stay.
func (p *Pipeline) traceStay(st *stay, e Event) {
	if p.deps.Tracer == nil {
		return
	}
	e.Particle, e.Scope = st.life.head.ID, st.scope.Peer.String()
	p.trace(e, st.life.head.Signature)
}
