// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"context"

	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

// Types of the events after which perimeters or revocations have to be read again.
const (
	EventPerimeterVersion = "fluence.perimeter.v1.EventVersion"
	EventPerimeterMember  = "fluence.perimeter.v1.EventMember"
	EventRevoked          = "fluence.trust.v1.EventRevoked"
	EventAnchored         = "fluence.trust.v1.EventAnchored"
	// EventDealPrefix begins the types of all events of deals.
	EventDealPrefix = "fluence.deal.v1."
)

// Perimeters reads security perimeters. Safe for concurrent use.
type Perimeters interface {
	// PerimetersOf returns the current version of every perimeter in which a service
	// of one of the subjects is a member, ascending by id, whole: with the policies
	// that members accepted, and the workers of deals that are members. A subject is
	// a peer id, or a deal id as DealID.String writes it.
	//
	// Errors: ErrUnavailable, ErrWrongChain.
	PerimetersOf(ctx context.Context, subjects []string) ([]perimeter.Perimeter, Height, error)
}

// Revocations reads who no longer trusts whom. Safe for concurrent use.
type Revocations interface {
	// RevocationsOf returns the recorded revocations of a key that stand: those that
	// no newer anchored trust undid.
	//
	// Errors: ErrUnavailable, ErrWrongChain.
	RevocationsOf(ctx context.Context, subject trust.Key) ([]trust.Revocation, Height, error)
}
