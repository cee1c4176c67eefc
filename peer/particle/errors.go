// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"errors"
	"fmt"
)

// Why a particle or a frame is refused. Every refusal of this package is a
// *RefusedError that wraps one of them.
var (
	// ErrFrame means that the length or the codec prefix of a frame is wrong.
	ErrFrame = errors.New("bad frame")
	// ErrTooLarge means that a frame or a field is above its limit.
	ErrTooLarge = errors.New("too large")
	// ErrTruncated means that bytes ended before what they announced.
	ErrTruncated = errors.New("truncated")
	// ErrTrailing means that bytes follow the particle inside its frame.
	ErrTrailing = errors.New("trailing bytes")
	// ErrField means that a field is missing, doubled, of a wrong type or range.
	ErrField = errors.New("bad field")
	// ErrAction means that the frame is no particle but another known action.
	ErrAction = errors.New("not a particle")
	// ErrUTF8 means that a text field is not UTF-8.
	ErrUTF8 = errors.New("not UTF-8")
	// ErrID means that an id is empty, too long or unfit for a file name.
	ErrID = errors.New("bad particle id")
	// ErrBoundID means that an id with the prefix fl1. is malformed or belongs
	// to another initiator, time, TTL or script.
	ErrBoundID = errors.New("bad bound particle id")
	// ErrInitPeerID means that the initiator is no peer id which holds its key.
	ErrInitPeerID = errors.New("bad initiator")
	// ErrSignature means that the signature is not the initiator's.
	ErrSignature = errors.New("bad particle signature")
	// ErrExpired means that the particle's life is over.
	ErrExpired = errors.New("particle expired")
	// ErrFuture means that the timestamp is too far ahead of the clock.
	ErrFuture = errors.New("particle from the future")
	// ErrTimestamp means that a timestamp cannot be used.
	ErrTimestamp = errors.New("bad timestamp")
	// ErrTTL means that a TTL is 0 or above its limit.
	ErrTTL = errors.New("bad TTL")
	// ErrNesting means that the script is nested too deep.
	ErrNesting = errors.New("script nested too deep")
)

// RefusedError says which field made a particle unacceptable and what to do.
// It never quotes more than a short, escaped part of foreign bytes.
type RefusedError struct {
	Field  string // wire name of the field, or "frame"
	Reason error  // one of the Err values of this package
	Detail string // what was seen and what would be right
}

// Error returns the reason, the field and the detail in one line.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v: field %s: %s", e.Reason, e.Field, e.Detail)
}

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Reason }

func refuse(reason error, field, format string, args ...any) error {
	return &RefusedError{Field: field, Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Reason returns a short, constant name of why err refused a particle, for a
// counter or a log: "expired", "signature", "frame" and so on; "other" for an
// error that is not of this package.
func Reason(err error) string {
	names := []struct {
		err  error
		name string
	}{
		{ErrFrame, "frame"},
		{ErrTooLarge, "too_large"},
		{ErrTruncated, "truncated"},
		{ErrTrailing, "trailing"},
		{ErrField, "field"},
		{ErrAction, "action"},
		{ErrUTF8, "utf8"},
		{ErrID, "id"},
		{ErrBoundID, "bound_id"},
		{ErrInitPeerID, "initiator"},
		{ErrSignature, "signature"},
		{ErrExpired, "expired"},
		{ErrFuture, "future"},
		{ErrTimestamp, "timestamp"},
		{ErrTTL, "ttl"},
		{ErrNesting, "nesting"},
	}
	for _, n := range names {
		if errors.Is(err, n.err) {
			return n.name
		}
	}
	return "other"
}
