// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Reason says in one word why a proposal was rejected. It is a label of fluence_proposals_rejected_total.
type Reason string

// Reasons to reject a proposal.
const (
	// ReasonPanic is a panic while the proposal was judged.
	ReasonPanic Reason = "panic"
	// ReasonNoSystem is a block that does not start with a system transaction.
	ReasonNoSystem Reason = "no_system_tx"
	// ReasonSystem is a system transaction that is not canonical or that a module refuses.
	ReasonSystem Reason = "bad_system_tx"
	// ReasonSystemAgain is a system message anywhere but in the first transaction.
	ReasonSystemAgain Reason = "system_tx_again"
	// ReasonDecode is a transaction that does not decode, is too large or nested too deep.
	ReasonDecode Reason = "undecodable_tx"
	// ReasonDuplicate is a transaction that stands twice.
	ReasonDuplicate Reason = "duplicate_tx"
	// ReasonAnte is a transaction that the ante chain refuses: fee, signature, sequence, limits.
	ReasonAnte Reason = "refused_tx"
	// ReasonBlockGas is more gas than a block has.
	ReasonBlockGas Reason = "block_gas"
	// ReasonBlockBytes is more bytes than a block has.
	ReasonBlockBytes Reason = "block_bytes"
	// ReasonLaneGas is one kind of transaction with more gas than its share.
	ReasonLaneGas Reason = "lane_gas"
	// ReasonLaneBytes is one kind of transaction with more bytes than its share.
	ReasonLaneBytes Reason = "lane_bytes"
)

// Reasons returns all reasons to reject a proposal.
func Reasons() []Reason {
	return []Reason{
		ReasonPanic, ReasonNoSystem, ReasonSystem, ReasonSystemAgain, ReasonDecode, ReasonDuplicate, ReasonAnte,
		ReasonBlockGas, ReasonBlockBytes, ReasonLaneGas, ReasonLaneBytes,
	}
}

// Rejection is why a proposal, or one transaction for a proposal, was refused.
type Rejection struct {
	// Reason is the class of the fault.
	Reason Reason
	// Index is where the transaction stands in the block.
	Index int
	// Err is the detail.
	Err error
}

// Error returns reason, place and detail.
func (r *Rejection) Error() string {
	return fmt.Sprintf("%s: transaction %d: %v", r.Reason, r.Index, r.Err)
}

// Unwrap returns the detail.
func (r *Rejection) Unwrap() error { return r.Err }

func reject(reason Reason, err error) *Rejection { return &Rejection{Reason: reason, Err: err} }

// newRejectedCounter returns the counter of rejected proposals with every reason at zero. The first application
// of a process exports it.
func newRejectedCounter() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "fluence_proposals_rejected_total",
		Help: "Proposals this validator voted against, by reason.",
	}, []string{"reason"})
	for _, r := range Reasons() {
		c.WithLabelValues(string(r))
	}
	export(c)
	return c
}

// newCheckPanicsCounter returns the counter of transactions whose check panicked in the mempool.
func newCheckPanicsCounter() prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "fluence_mempool_check_panics_total",
		Help: "Transactions whose check panicked; each is a fault of this program.",
	})
	export(c)
	return c
}

// export offers a metric where CometBFT's are. Of several applications in a process, the first one's is exported.
func export(c prometheus.Collector) {
	var again prometheus.AlreadyRegisteredError
	if err := prometheus.DefaultRegisterer.Register(c); err != nil && !errors.As(err, &again) {
		panic(err)
	}
}

// Rejections returns how many proposals this application rejected for a reason.
func (a *App) Rejections(reason Reason) uint64 {
	var m dto.Metric
	if err := a.rejected.WithLabelValues(string(reason)).Write(&m); err != nil {
		return 0
	}
	return uint64(m.GetCounter().GetValue())
}

// VerifiedSignatures returns how many signatures this application verified, and how many times it remembered that it
// had.
func (a *App) VerifiedSignatures() (verified, remembered uint64) { return a.signatures.Counts() }
