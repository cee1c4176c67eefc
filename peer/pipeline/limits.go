// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"runtime"
	"time"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

// Limits bounds what particles may take from this peer. Every field must be
// above zero; start from DefaultLimits.
type Limits struct {
	Particle particle.Limits // what is admitted at all

	Parallel     int           // runs of the interpreter at one time
	Queue        int           // stays with arrivals that wait for a run
	Mailbox      int           // arrivals that wait in one stay
	MailboxBytes int64         // data of all waiting arrivals
	Lives        int           // particles alive
	LivesShare   int           // particles alive that one delivering peer brought first
	Calls        int           // working calls at one time
	CallsPerStay int           // calls at one time of one stay
	Waits        int           // waiting calls (peer.timeout) at one time
	Sends        int           // sends under way
	SendsTo      int           // sends under way to one peer
	SendBytes    int64         // data of the sends under way
	ResultBytes  int           // JSON of one call result
	CallTime     time.Duration // longest working call
	Budget       Budget        // of one particle
	Run          air.Budget    // of one run of the interpreter
}

// Budget is what one particle, by its signature, may use here over its whole
// life, in all scopes together. Sends, Bytes, Targets and Lookups that run out
// stop further sends; Calls and Gas make further calls fail with an error that
// the script can catch; Runs and Time end the particle.
type Budget struct {
	Targets    int           // different peers it is sent to
	Sends      int           // sends
	Bytes      int64         // sum of sent data, or BytesPer times the largest data received if that is more
	BytesTimes int64         // see Bytes
	Lookups    int           // sends to peers without a connection
	Runs       int           // runs of the interpreter
	Time       time.Duration // time in the interpreter
	Calls      int           // service calls
	Gas        uint64        // gas of service calls
}

// DefaultLimits are those of a public relay.
//
// The budget of sends is that of the perimeter spec, §3; the rest is ours.
func DefaultLimits() Limits {
	return Limits{
		Particle:     particle.DefaultLimits(),
		Parallel:     2 * runtime.NumCPU(),
		Queue:        4096,
		Mailbox:      64,
		MailboxBytes: 256 << 20,
		Lives:        200_000,
		LivesShare:   50_000,
		Calls:        256,
		CallsPerStay: 32,
		Waits:        16_384,
		Sends:        4096,
		SendsTo:      1024,
		SendBytes:    512 << 20,
		ResultBytes:  32 << 20,
		CallTime:     time.Minute,
		Budget: Budget{
			Targets: 1024, Sends: 4096, Bytes: 16 << 20, BytesTimes: 4, Lookups: 8,
			Runs: 16_384, Time: 20 * time.Second, Calls: 65_536, Gas: 1 << 40,
		},
	}
}

// Validate names the first field that is not above zero.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Parallel", int64(l.Parallel)},
		{"Queue", int64(l.Queue)},
		{"Mailbox", int64(l.Mailbox)},
		{"MailboxBytes", l.MailboxBytes},
		{"Lives", int64(l.Lives)},
		{"LivesShare", int64(l.LivesShare)},
		{"Calls", int64(l.Calls)},
		{"CallsPerStay", int64(l.CallsPerStay)},
		{"Waits", int64(l.Waits)},
		{"Sends", int64(l.Sends)},
		{"SendsTo", int64(l.SendsTo)},
		{"SendBytes", l.SendBytes},
		{"ResultBytes", int64(l.ResultBytes)},
		{"CallTime", int64(l.CallTime)},
		{"Budget.Targets", int64(l.Budget.Targets)},
		{"Budget.Sends", int64(l.Budget.Sends)},
		{"Budget.Bytes", l.Budget.Bytes},
		{"Budget.BytesTimes", l.Budget.BytesTimes},
		{"Budget.Lookups", int64(l.Budget.Lookups)},
		{"Budget.Runs", int64(l.Budget.Runs)},
		{"Budget.Time", int64(l.Budget.Time)},
		{"Budget.Calls", int64(l.Budget.Calls)},
	} {
		if f.value <= 0 {
			return fmt.Errorf("limit %s is %d, want more than 0", f.name, f.value)
		}
	}
	return nil
}
