// SPDX-License-Identifier: Apache-2.0

package service

import "errors"

// Errors of services. Their kinds are for errors.Is; the texts are those that
// official peers give, and stand without the kind.
var (
	// ErrConfig says that a configuration does not hold together.
	ErrConfig = errors.New("bad service configuration")
	// ErrLoad says that a module is not loaded or linked.
	ErrLoad = errors.New("module not loaded")
	// ErrArguments says that arguments do not fit the function.
	ErrArguments = errors.New("bad arguments")
	// ErrResult says that a result has no JSON form.
	ErrResult = errors.New("bad result")
	// ErrUnknown names a module or function that is not there.
	ErrUnknown = errors.New("unknown function")
	// ErrExecution says that the function did not end well; it wraps the engine's error.
	ErrExecution = errors.New("execution failed")
	// ErrClosed says that the service was closed.
	ErrClosed = errors.New("service is closed")
)

// Error is an error with the text that official peers give.
type Error struct {
	Kind error // one of the above
	Text string
	Err  error // what it came from, or nil
}

// Error returns the text alone.
func (e *Error) Error() string { return e.Text }

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
