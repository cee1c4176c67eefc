// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// The fields of error objects.
const (
	codeField    = "error_code"
	messageField = "message"
	instrField   = "instruction"
	peerField    = "peer_id"
)

// errorObject is what `%last_error%` or `:error:` holds. Its value is made when
// first read.
type errorObject struct {
	json value.Value
	made bool

	err   *Error
	in    ast.Instr
	peer  string
	named bool // peer is part of the object

	tet  *data.Tetraplet // nil: a literal
	prov data.Provenance
	org  *origin
}

// errorState is an error object and whether an error may replace it.
type errorState struct {
	obj    *errorObject
	frozen bool
	// cause is the error that the xor around the present right branch caught;
	// `fail :error:` raises it again.
	cause *Error
}

func noErrorJSON() value.Value { return rawError(0, "", "", "", false, false) }

func rawError(code int64, msg, in, peer string, withInstr, withPeer bool) value.Value {
	m := make([]value.Member, 0, 4)
	m = append(m, value.Member{Name: codeField, Value: value.FromInt(code)})
	if withInstr {
		m = append(m, value.Member{Name: instrField, Value: value.FromString(in)})
	}
	m = append(m, value.Member{Name: messageField, Value: value.FromString(msg)})
	if withPeer {
		m = append(m, value.Member{Name: peerField, Value: value.FromString(peer)})
	}
	return value.NewObject(m...)
}

func (e *errorObject) value() value.Value {
	if !e.made {
		e.json = rawError(int64(e.err.Code), e.err.Msg, e.in.String(), e.peer, true, e.named)
		e.made = true
	}
	return e.json
}

// record lets `%last_error%` and `:error:` hold a catchable error, unless they
// hold an earlier one that is still on its way up. tet is the call's tetraplet,
// nil for other instructions and for calls without a resolved triplet.
//
// Source: air.md 3.7.
func (r *run) record(err *Error, in *instr, tet *data.Tetraplet) {
	if r.lastError.frozen && r.error.frozen {
		return
	}
	peer := r.in.CurrentPeer
	if tet != nil {
		peer = tet.PeerPK
	}
	org := &origin{kind: failedOrigin, peer: peer}
	if !r.lastError.frozen && err.Code != CodeMatch && err.Code != CodeMismatch {
		r.lastError.obj = &errorObject{err: err, in: in.src, peer: peer, named: true, tet: tet, org: org}
		r.lastError.frozen = true
	}
	if !r.error.frozen {
		r.error.obj = &errorObject{err: err, in: in.src, peer: peer, named: in.withPeer, tet: tet, org: org}
		r.error.cause = nil
		r.error.frozen = true
	}
}

// setLastError makes an error object of the script's own the last error.
func (r *run) setLastError(a *arg) {
	peer := r.in.InitPeer
	if a.tet != nil {
		peer = a.tet.PeerPK
	}
	org := &origin{kind: failedOrigin, peer: peer, refs: []ref{a.ref()}}
	r.lastError.obj = &errorObject{json: a.json, made: true, tet: a.tet, prov: a.prov, org: org}
	r.lastError.frozen = true
}

// checkErrorObject refuses what `fail` cannot raise.
func checkErrorObject(v value.Value) *Error {
	if v.Kind() != value.Object {
		return fault(CodeErrorObject, "scalar should have an object type to be converted into error object, but '%s' doesn't have", v)
	}
	code, ok := v.Field(codeField)
	if !ok {
		return fault(CodeErrorObject, "scalar '%s' must have field with name '%s'", v, codeField)
	}
	signed, isInt := code.AsInt()
	if _, isUint := code.AsUint(); !isInt && !isUint {
		return fault(CodeErrorObject, "%s of scalar '%s' must have %s type", codeField, v, "integer")
	}
	if isInt && signed == 0 {
		return fault(CodeErrorObject, "error code must be non-zero, but it is zero")
	}
	msg, ok := v.Field(messageField)
	if !ok {
		return fault(CodeErrorObject, "scalar '%s' must have field with name '%s'", v, messageField)
	}
	if msg.Kind() != value.String {
		return fault(CodeErrorObject, "%s of scalar '%s' must have %s type", messageField, v, "string")
	}
	return nil
}
