// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"fmt"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// Code is a return code of the interpreter.
type Code int64

// Catchable errors: an `xor` may handle them, and scripts see code and text.
//
// Source: aquavm@a600c173 air/src/execution_step/errors/catchable_errors.rs.
const (
	CodeService      Code = 10000 // a service failed
	CodeMatch        Code = 10001 // match of different values
	CodeMismatch     Code = 10002 // mismatch of equal values
	CodeNoVariable   Code = 10003 // variable not set; most instructions wait instead
	CodeNotArray     Code = 10005 // fold over something else than an array
	CodeFail         Code = 10006 // raised by the script
	CodeLens         Code = 10007 // a lens does not fit its value
	CodeErrorObject  Code = 10008 // fail with something that is no error object
	CodeClearedByNew Code = 10009 // variable not set since its `new`
	CodeLength       Code = 10010 // .length of something else than an array
	CodeTriplet      Code = 10011 // peer, service or function is not a string
	CodeMapKey       Code = 10012 // stream map key is neither string nor integer
)

// Uncatchable errors: the run is void, previous data stays.
//
// Source: aquavm@a600c173 air/src/execution_step/errors/uncatchable_errors.rs.
const (
	CodeTrace          Code = 20000 // the data do not fit the script or each other
	CodeCompactify     Code = 20001 // a stream value stands at no stream state
	CodeNoFold         Code = 20003 // next outside its fold
	CodeIteratorShadow Code = 20004 // an iterator is set
	CodeIteratorTwice  Code = 20005 // nested folds with one iterator
	CodeResultKind     Code = 20006 // kind of result and of output differ
	CodeShadow         Code = 20007 // a scalar is set twice outside a fold
	CodeScope          Code = 20008 // end of a `new` whose scope is gone
	CodeMissing        Code = 20010 // the data name content they do not have
	CodeGeneration     Code = 20011 // a generation number no stream can have
	CodeFailedValue    Code = 20012 // a failed result is no failure object
	CodeStreamSize     Code = 20013 // more values than a stream may hold
	CodeKeyValue       Code = 20014 // an element of a canon map is no pair
	CodeNoMapValue     Code = 20016 // a canon made a scalar without a value
	CodeParameters     Code = 20017 // a state belongs to another call or canon
)

// Uncatchable errors of our own; package air names the deviations behind them.
const (
	CodeOwnState Code = 20100 // arriving data speak for this peer
	CodeSigners  Code = 20101 // merged states and kept signatures disagree
	CodeBudget   Code = 20102 // a limit of Budget is passed
)

const (
	catchableFirst   Code = 10000
	uncatchableFirst Code = 20000
)

// Catchable reports whether an `xor` may handle the code.
func (c Code) Catchable() bool { return c >= catchableFirst && c < uncatchableFirst }

// Error is what ended a run, or a part of it. Pos is the byte offset in the
// script of the instruction that raised it, -1 when there is none. Two errors
// are the same for errors.Is when their codes are equal.
type Error struct {
	Code Code
	Msg  string
	Pos  int
}

// Error returns the message as scripts see it.
func (e *Error) Error() string { return e.Msg }

// Is compares codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func (e *Error) joinable() bool { return e.Code == CodeNoVariable }

func fault(code Code, format string, args ...any) *Error {
	if len(args) == 0 {
		return &Error{Code: code, Msg: format, Pos: -1}
	}
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...), Pos: -1}
}

// traceFault is the refusal of data that do not fit an instruction.
func traceFault(in ast.Instr, format string, args ...any) *Error {
	why := fmt.Sprintf(format, args...)
	return &Error{
		Code: CodeTrace,
		Msg:  fmt.Sprintf("on instruction '%s' trace handler encountered an error: %s", in, why),
		Pos:  in.Span().Start,
	}
}
