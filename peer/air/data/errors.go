// SPDX-License-Identifier: Apache-2.0

package data

import (
	"fmt"
	"strings"
)

// Code is the return code of the interpreter that an error stands for.
type Code int64

// The codes of refused data, as scripts and hosts see them.
//
// Source: aquavm@a600c173 air/src/preparation_step/errors.rs,
// air/src/utils/error_codes.rs.
const (
	CodeArchive    Code = 2     // the inner data cannot be read
	CodeEnvelope   Code = 3     // the envelope cannot be read
	CodeVersion    Code = 4     // the envelope cannot be read, its versions can
	CodeTooOld     Code = 6     // written by an interpreter that is too old
	CodeKey        Code = 7     // the key pair is malformed
	CodeCIDs       Code = 8     // a CID does not name its content, or content is missing
	CodeSignatures Code = 9     // a signature is missing or wrong
	CodeTooLarge   Code = 10    // a limit of the caller is exceeded
	CodeMissing    Code = 20010 // the trace names content that is nowhere
)

// Error is a refusal of particle data. Nothing of the data may be used.
type Error struct {
	Code Code
	Msg  string // what scripts and hosts see as the error message
}

// Error returns the message.
func (e *Error) Error() string { return e.Msg }

// Is makes errors.Is compare codes: errors.Is(err, &Error{Code: CodeSignatures}).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Msg == "" && t.Code == e.Code
}

// maxMessage bounds messages, in bytes: they quote what an attacker wrote.
const maxMessage = 1024

func refuse(code Code, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	if len(msg) > maxMessage {
		msg = strings.ToValidUTF8(msg[:maxMessage], "") + "…"
	}
	return &Error{Code: code, Msg: msg}
}

// archiveError is the refusal of inner data; what tells position and reason.
func archiveError(what string) *Error {
	return refuse(CodeArchive, "an error occurred while data deserialization: %s.\nAquaVM version is %s and it expects %s version.",
		what, InterpreterVersion, FormatVersion)
}

// envelopeError is the refusal of an envelope; v is what could be read of its
// versions.
func envelopeError(what string, v *Versions) *Error {
	if v == nil {
		return refuse(CodeEnvelope, "an error occurred while envelope deserialization: %s.\nAquaVM version is %s and it expects %s version.",
			what, InterpreterVersion, FormatVersion)
	}
	return refuse(CodeVersion, "an error occurred while data deserialization: %s.\nAquaVM's version is %s and it expects data of %s version.\n"+
		"Supplied data version is %s, it's produced by AquaVM of %s version.",
		what, InterpreterVersion, FormatVersion, v.Format, v.Interpreter)
}
