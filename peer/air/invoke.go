// SPDX-License-Identifier: Apache-2.0

package air

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// Invoke runs one step of a particle without a cache; see [Interpreter.Invoke].
func Invoke(ctx context.Context, in Input) (Outcome, error) {
	var i Interpreter
	return i.Invoke(ctx, in)
}

// Invoke runs one step of a particle: it verifies the arrived data, merges them
// with the previous, runs the script as far as it goes, and signs the result.
//
// The outcome is a function of the input alone. Arrived data that are refused,
// for whatever reason, give an outcome with a code and with previous data
// unchanged, not an error.
//
// Errors: that of ctx when it ended; then nothing happened.
//
// Source: air.md 2.
func (i *Interpreter) Invoke(ctx context.Context, in Input) (Outcome, error) {
	s := step{in: &in, budget: in.Budget.WithDefaults()}
	out, err := s.run(ctx, i)
	if ended := ctx.Err(); ended != nil {
		return Outcome{}, fmt.Errorf("particle %s: %w", in.Params.ParticleID, ended)
	}
	if err == nil {
		return out, nil
	}
	return Outcome{Code: codeOf(err), Message: messageOf(err), Data: in.Prev, Exceeded: s.exceeded}, nil
}

// step is one run of an interpreter.
type step struct {
	in       *Input
	budget   Budget
	exceeded Limits

	prev, cur *data.InterpreterData
	signers   *data.Signers // of both
	key       *data.KeyPair
}

// run does everything in the order of AquaVM, so that of several faults the same
// one is reported.
func (s *step) run(ctx context.Context, i *Interpreter) (Outcome, error) {
	if err := s.checkSizes(); err != nil {
		return Outcome{}, err
	}
	if err := s.read(); err != nil {
		return Outcome{}, err
	}
	if err := s.verify(); err != nil {
		return Outcome{}, err
	}
	plan, err := i.plan(s.in.Script)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.checkResults(); err != nil {
		return Outcome{}, err
	}
	p := &s.in.Params
	if s.key, err = i.key(p.KeyFormat, p.SecretKey); err != nil {
		return Outcome{}, err
	}
	cids := s.prev.CIDs
	cids.Add(&s.cur.CIDs)
	out, err := plan.Run(ctx, &exec.Input{
		Prev: s.prev.Trace, Current: s.cur.Trace, CIDs: cids,
		LastCallID: s.prev.LastCallRequestID, Results: s.in.Results,
		InitPeer: p.InitPeerID, CurrentPeer: p.CurrentPeerID, Timestamp: p.Timestamp, TTL: p.TTL,
		Budget: s.budget, Statements: s.in.Statements,
	})
	if err != nil {
		return Outcome{}, err
	}
	return s.finish(out)
}

// finish signs and encodes what the run made.
func (s *step) finish(out *exec.Output) (Outcome, error) {
	if out.Err != nil && !out.Err.Code.Catchable() {
		return Outcome{}, out.Err
	}
	if err := s.sign(out); err != nil {
		return Outcome{}, err
	}
	encoded, err := data.Encode(&data.InterpreterData{
		Trace: out.Trace, LastCallRequestID: out.LastCallID, CIDs: out.CIDs, Signatures: s.signers.Signatures(),
	})
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{
		Data: encoded, Next: out.Next, Calls: out.Calls, Exceeded: s.exceeded, Statements: out.Statements,
	}
	switch {
	case out.Err != nil:
		o.Code, o.Message = int64(out.Err.Code), out.Err.Msg
	case len(out.Unused) > 0:
		o.Code = CodeUnusedResults
		o.Message = fmt.Sprintf("after finishing execution of supplied AIR, there are some unprocessed call results: %v, probably a wrong call_id used", out.Unused)
	}
	return o, nil
}

func codeOf(err error) int64 {
	var (
		inData   *data.Error
		inScript *parse.Error
		inRun    *exec.Error
	)
	switch {
	case errors.As(err, &inRun):
		return int64(inRun.Code)
	case errors.As(err, &inData):
		return int64(inData.Code)
	case errors.As(err, &inScript):
		return parse.Code
	}
	return int64(exec.CodeTrace)
}

func messageOf(err error) string {
	var inScript *parse.Error
	if errors.As(err, &inScript) {
		return inScript.Message()
	}
	return err.Error()
}
