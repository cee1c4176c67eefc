// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/go-fluence/fluence/peer/air"
)

// Invoke runs the official interpreter as air.Invoke runs ours. Limits of zero
// are taken as air takes them, as the defaults. The outcome has no origins and
// no statements, which AquaVM does not know.
//
// Errors: ErrTrap when the interpreter crashed; anything else is a fault of the
// harness.
func (a *AVM) Invoke(ctx context.Context, in air.Input) (air.Outcome, error) {
	if err := a.start(ctx); err != nil {
		return air.Outcome{}, err
	}
	args := make([]uint64, 0, 9)
	for _, b := range [][]byte{[]byte(in.Script), in.Prev, in.Data} {
		at, err := a.lower(ctx, b)
		if err != nil {
			return air.Outcome{}, err
		}
		args = append(args, at, uint64(len(b)))
	}
	params, err := a.lowerParams(ctx, &in.Params)
	if err != nil {
		return air.Outcome{}, err
	}
	results := encodeResults(in.Results)
	at, err := a.lower(ctx, results)
	if err != nil {
		return air.Outcome{}, err
	}
	args = append(args, params, at, uint64(len(results)))
	if _, err := a.call(ctx, "invoke", args...); err != nil {
		return air.Outcome{}, err
	}
	return a.liftOutcome(ctx)
}

// lowerParams writes the record of run parameters.
//
//	0 init peer, 8 current peer, 16 timestamp u64, 24 ttl u32, 28 key format u8,
//	29 secret key, 37 particle id, 45 script limit u64, 53 particle limit u64,
//	61 result limit u64, 69 hard limit u8; 70 bytes
func (a *AVM) lowerParams(ctx context.Context, p *air.Params) (uint64, error) {
	var rec []byte
	block := func(b []byte) error {
		at, err := a.lower(ctx, b)
		rec = binary.LittleEndian.AppendUint32(rec, uint32(at))
		rec = binary.LittleEndian.AppendUint32(rec, uint32(len(b)))
		return err
	}
	number := func(n, def uint64) {
		if n == 0 {
			n = def
		}
		rec = binary.LittleEndian.AppendUint64(rec, n)
	}
	if err := block([]byte(p.InitPeerID)); err != nil {
		return 0, err
	}
	if err := block([]byte(p.CurrentPeerID)); err != nil {
		return 0, err
	}
	number(p.Timestamp, 0)
	rec = binary.LittleEndian.AppendUint32(rec, p.TTL)
	rec = append(rec, byte(p.KeyFormat))
	if err := block(p.SecretKey); err != nil {
		return 0, err
	}
	if err := block([]byte(p.ParticleID)); err != nil {
		return 0, err
	}
	number(p.AirSizeLimit, air.DefaultAirSizeLimit)
	number(p.ParticleSizeLimit, air.DefaultParticleSizeLimit)
	number(p.CallResultSizeLimit, air.DefaultCallResultSizeLimit)
	hard := byte(0)
	if p.HardLimit {
		hard = 1
	}
	return a.lower(ctx, append(rec, hard))
}

// outcomeBytes is the size of the outcome record.
const outcomeBytes = 43

// liftOutcome reads the outcome record.
//
//	0 code i64, 8 message, 16 data, 24 next peers, 32 call requests,
//	40 three flags; 43 bytes
func (a *AVM) liftOutcome(ctx context.Context) (out air.Outcome, err error) {
	at, err := a.call(ctx, "get_result_ptr")
	if err != nil {
		return out, err
	}
	rec, err := a.lift(at, outcomeBytes)
	if err != nil {
		return out, err
	}
	out.Code = int64(binary.LittleEndian.Uint64(rec))
	message, err := a.liftBlock(rec[8:])
	if err != nil {
		return out, err
	}
	out.Message = string(message)
	if out.Data, err = a.liftBlock(rec[16:]); err != nil {
		return out, err
	}
	if out.Next, err = a.liftTexts(rec[24:]); err != nil {
		return out, err
	}
	requests, err := a.liftBlock(rec[32:])
	if err != nil {
		return out, err
	}
	if out.Calls, err = decodeRequests(requests); err != nil {
		return out, fmt.Errorf("call requests %x: %w", requests, err)
	}
	out.Exceeded = air.Limits{Air: rec[40] != 0, Particle: rec[41] != 0, CallResult: rec[42] != 0}
	_, err = a.call(ctx, "release_objects")
	return out, err
}

// liftBlock copies the bytes that a pair of offset and length points at.
func (a *AVM) liftBlock(pair []byte) ([]byte, error) {
	return a.lift(binary.LittleEndian.Uint32(pair), binary.LittleEndian.Uint32(pair[4:]))
}

// liftTexts copies an array of texts.
func (a *AVM) liftTexts(pair []byte) ([]string, error) {
	n := binary.LittleEndian.Uint32(pair[4:])
	pairs, err := a.lift(binary.LittleEndian.Uint32(pair), 8*n)
	if err != nil {
		return nil, err
	}
	var texts []string
	for ; len(pairs) > 0; pairs = pairs[8:] {
		b, err := a.liftBlock(pairs)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(b))
	}
	return texts, nil
}
