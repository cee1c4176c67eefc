// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"errors"
	"fmt"
)

var (
	// ErrConfig means that a field of Config cannot work.
	ErrConfig = errors.New("client config")
	// ErrNotRunning means that Run was not called or has ended.
	ErrNotRunning = errors.New("client is not running")
	// ErrTimeout means that a particle's life ended before its result came.
	ErrTimeout = errors.New("particle expired without a result")
	// ErrBusy means that too many particles are alive at once.
	ErrBusy = errors.New("client has too many particles")
	// ErrFunction means that a function cannot be registered.
	ErrFunction = errors.New("bad function")
)

// InterpreterError is a script that could not be run here: it does not parse, or
// an error reached its root.
type InterpreterError struct {
	Code    int64 // AquaVM's number
	Message string
}

// Error returns the number and the text.
func (e *InterpreterError) Error() string {
	return fmt.Sprintf("script error %d: %s", e.Code, e.Message)
}

// ScriptError is an error that the script itself reported, as compiled Aqua does
// with whatever it does not catch.
type ScriptError struct {
	Code        int64           // of AquaVM; 10000 for a failed service call
	Message     string          // its text
	Instruction string          // what failed
	PeerID      string          // where
	Raw         json.RawMessage // the whole error object
}

// Error returns the text and the place.
func (e *ScriptError) Error() string {
	if e.Message == "" {
		return "script failed: " + string(e.Raw)
	}
	return fmt.Sprintf("script failed at %s: %s", e.PeerID, e.Message)
}

// scriptError reads what a script passes to errorHandlingSrv.error.
func scriptError(args []json.RawMessage) *ScriptError {
	e := &ScriptError{Raw: json.RawMessage("null")}
	if len(args) == 0 {
		return e
	}
	e.Raw = args[0]
	var fields struct {
		Code        int64  `json:"error_code"`
		Message     string `json:"message"`
		Instruction string `json:"instruction"`
		PeerID      string `json:"peer_id"`
	}
	if json.Unmarshal(args[0], &fields) == nil {
		e.Code, e.Message, e.Instruction, e.PeerID = fields.Code, fields.Message, fields.Instruction, fields.PeerID
	}
	return e
}
