// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"fmt"
	"math"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// result reads a service result of the trace and checks that it belongs to the
// call: same function, same arguments.
func (r *run) result(t *target, cid data.CID) (val, *Error) {
	agg, ok := r.cids.ServiceResults.Get(cid)
	if !ok {
		return val{}, fault(CodeMissing, "service result aggregate for CID %q not found", string(cid))
	}
	text, ok := r.cids.Values.Get(agg.Value)
	if !ok {
		return val{}, fault(CodeMissing, "value for CID %q not found", string(agg.Value))
	}
	stored, ok := r.cids.Tetraplets.Get(agg.Tetraplet)
	if !ok {
		return val{}, fault(CodeMissing, "tetraplet for CID %q not found", string(agg.Tetraplet))
	}
	if agg.ArgumentHash != t.hash {
		return val{}, fault(CodeParameters, "call argument_hash doesn't match expected parameters: expected %s, got %s ", t.hash, agg.ArgumentHash)
	}
	if stored != *t.tet {
		return val{}, fault(CodeParameters, "call tetraplet doesn't match expected parameters: expected %+v, got %+v ", *t.tet, stored)
	}
	if err := r.charge(len(text)); err != nil {
		return val{}, err
	}
	json, err := value.Parse(text)
	if err != nil {
		return val{}, fault(CodeMissing, "value for CID %q is no JSON: %v", string(agg.Value), err)
	}
	return val{json: json, tet: t.tet, prov: data.Provenance{Kind: data.FromServiceResult, CID: cid}, pos: r.t.pos()}, nil
}

// refail raises the error of a failed call again.
func (r *run) refail(t *target, state *data.State) *Error {
	v, err := r.result(t, state.CID())
	if err != nil {
		return err
	}
	code, msg, err := failure(v.json)
	if err != nil {
		return err
	}
	r.complete = false
	r.t.push(*state)
	return serviceFault(code, msg)
}

// failure reads the value of a failed call.
func failure(v value.Value) (code int32, msg string, err *Error) {
	rawCode, _ := v.Field("ret_code")
	rawMsg, _ := v.Field("message")
	n, isInt := rawCode.AsInt()
	msg, isText := rawMsg.AsString()
	if !isInt || !isText || n < math.MinInt32 || n > math.MaxInt32 {
		return 0, "", fault(CodeFailedValue, "failed to deserialize to CallServiceFailed: %s", v)
	}
	return int32(n), msg, nil
}

func serviceFault(code int32, msg string) *Error {
	return fault(CodeService, "Local service error, ret_code is %d, error message is '%s'", code, msg)
}

// consume takes the host's answer to a request of an earlier run, or waits on
// for it.
func (r *run) consume(t *target, state *data.State) *Error {
	res, ok := r.take(state.CallID())
	if !ok {
		r.complete = false
		r.t.push(*state)
		return nil
	}
	if t.wait {
		return fault(CodeParameters, "call argument_hash doesn't match expected parameters: expected known arguments, got a result ")
	}
	if err := r.charge(len(res.JSON)); err != nil {
		return err
	}
	text := string(res.JSON)
	if res.Code != 0 {
		return r.failed(t, res.Code, text)
	}
	json, err := value.Parse(text)
	if err != nil {
		return r.failed(t, math.MaxInt32, fmt.Sprintf(
			"call_service result 'ret_code: 0, result: '%s'' can't be serialized or deserialized with an error: %v", text, err))
	}
	if t.op.output == 0 {
		r.t.push(data.Unused(data.ValueCID(json.Text())))
		return nil
	}
	v := val{json: json, tet: t.tet, pos: r.t.pos()}
	cid := r.track(t, json, res.JSON)
	v.prov = data.Provenance{Kind: data.FromServiceResult, CID: cid}
	if t.op.output == ast.Scalar {
		if err := r.setScalar(t.op.slot, &v); err != nil {
			return err
		}
		r.t.push(data.Scalar(cid))
	} else {
		if err := r.streams[t.op.slot].add(&v, generation{matrix: newValues}); err != nil {
			return err
		}
		r.t.push(data.Stream(cid, 0))
	}
	return r.visit(t, cid, &v)
}

// take returns the host's answer under id, once.
func (r *run) take(id uint32) (Result, bool) {
	res, ok := r.in.Results[id]
	if !ok {
		return Result{}, false
	}
	if _, twice := r.used[id]; twice {
		return Result{}, false
	}
	if r.used == nil {
		r.used = make(map[uint32]struct{}, len(r.in.Results))
	}
	r.used[id] = struct{}{}
	return res, true
}

// failed writes the state of a failed service call and raises its error.
func (r *run) failed(t *target, code int32, msg string) *Error {
	cid := r.track(t, value.NewObject(
		value.Member{Name: "message", Value: value.FromString(msg)},
		value.Member{Name: "ret_code", Value: value.FromInt(int64(code))},
	), nil)
	r.t.push(data.Failed(cid))
	return serviceFault(code, msg)
}

// track puts a result of this peer into the stores; raw is for keepValue.
func (r *run) track(t *target, json value.Value, raw []byte) data.CID {
	agg := data.ServiceResult{Value: r.keepValue(json, raw), ArgumentHash: t.hash, Tetraplet: r.keepTetraplet(t.tet)}
	cid := agg.CID()
	r.cids.ServiceResults.Insert(cid, agg)
	return cid
}
