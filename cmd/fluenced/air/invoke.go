// SPDX-License-Identifier: Apache-2.0

package air

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/air"
)

func invokeCommand() *cobra.Command {
	var lines bool
	cmd := &cobra.Command{
		Use:   "invoke",
		Short: "Run one step of a script over particle data",
		Long: `Run one step of the interpreter: a JSON object on standard input says everything the
step depends on, one on standard output says what came out. Bytes are base64,
secret_key is the 32-byte Ed25519 seed. With --lines, one object per line each way;
an input that is not understood gives {"error": "..."} on its line.

  $ fluenced air invoke < step.json
  {
    "ret_code": 0,
    "error_message": "",
    "data": "g6d2ZXJzaW9upjAuMTcuMrNpbnRlcnByZX...",
    "next_peer_pks": [],
    "call_requests": {},
    ...
  }
  $ fluenced air invoke --lines < steps.jsonl > outcomes.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lines {
				return invokeLines(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			}
			return invokeOnce(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&lines, "lines", false, "one JSON object per line, in and out")
	return cmd
}

// invokeOnce runs the one step that r describes.
func invokeOnce(ctx context.Context, r io.Reader, w io.Writer) error {
	b, err := readAll(r)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	in, err := readInput(b)
	if err != nil {
		return term.Hint(err, "see: fluenced air invoke --help")
	}
	out, err := air.Invoke(ctx, in)
	if err != nil {
		return err
	}
	return term.JSON(w, writeOutcome(out))
}

// cachedScripts bounds the scripts that invoke --lines remembers, in bytes.
const cachedScripts = 16 << 20

// invokeLines runs a step for every line of r, and answers each before it reads
// the next.
func invokeLines(ctx context.Context, r io.Reader, w io.Writer) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxFileBytes)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	interpreter := air.NewInterpreter(cachedScripts)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := enc.Encode(invokeLine(ctx, interpreter, lines.Bytes())); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return nil
}

// refusal is the answer to a line that is not understood.
type refusal struct {
	Error string `json:"error"`
}

func invokeLine(ctx context.Context, i *air.Interpreter, line []byte) any {
	in, err := readInput(line)
	if err != nil {
		return refusal{err.Error()}
	}
	out, err := i.Invoke(ctx, in)
	if err != nil {
		return refusal{err.Error()}
	}
	return writeOutcome(out)
}

// input is the JSON form of air.Input.
type input struct {
	Air         string            `json:"air"`
	PrevData    []byte            `json:"prev_data"`
	Data        []byte            `json:"data"`
	Params      params            `json:"params"`
	CallResults map[uint32]result `json:"call_results"`
}

// params is the JSON form of air.Params.
type params struct {
	InitPeerID          string        `json:"init_peer_id"`
	CurrentPeerID       string        `json:"current_peer_id"`
	Timestamp           uint64        `json:"timestamp"`
	TTL                 uint32        `json:"ttl"`
	KeyFormat           air.KeyFormat `json:"key_format"`
	SecretKey           []byte        `json:"secret_key"`
	ParticleID          string        `json:"particle_id"`
	AirSizeLimit        uint64        `json:"air_size_limit"`
	ParticleSizeLimit   uint64        `json:"particle_size_limit"`
	CallResultSizeLimit uint64        `json:"call_result_size_limit"`
	HardLimitEnabled    bool          `json:"hard_limit_enabled"`
}

// result is the JSON form of air.Result; Result is JSON text, valid or not.
type result struct {
	RetCode int32  `json:"ret_code"`
	Result  string `json:"result"`
}

// readInput reads the JSON form of a step.
func readInput(b []byte) (air.Input, error) {
	var j input
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&j); err != nil {
		return air.Input{}, fmt.Errorf("read the step: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return air.Input{}, errors.New("read the step: more than one JSON object")
	}
	p := j.Params
	in := air.Input{
		Script: j.Air, Prev: j.PrevData, Data: j.Data, Results: make(map[uint32]air.Result, len(j.CallResults)),
		Params: air.Params{
			InitPeerID: p.InitPeerID, CurrentPeerID: p.CurrentPeerID, Timestamp: p.Timestamp, TTL: p.TTL,
			KeyFormat: p.KeyFormat, SecretKey: p.SecretKey, ParticleID: p.ParticleID,
			AirSizeLimit: p.AirSizeLimit, ParticleSizeLimit: p.ParticleSizeLimit,
			CallResultSizeLimit: p.CallResultSizeLimit, HardLimit: p.HardLimitEnabled,
		},
	}
	for id, r := range j.CallResults {
		in.Results[id] = air.Result{Code: r.RetCode, JSON: []byte(r.Result)}
	}
	return in, nil
}

// outcome is the JSON form of air.Outcome.
type outcome struct {
	RetCode                 int64               `json:"ret_code"`
	ErrorMessage            string              `json:"error_message"`
	Data                    []byte              `json:"data"`
	NextPeerPKs             []string            `json:"next_peer_pks"`
	CallRequests            map[uint32]air.Call `json:"call_requests"`
	AirSizeLimitExceeded    bool                `json:"air_size_limit_exceeded"`
	ParticleLimitExceeded   bool                `json:"particle_size_limit_exceeded"`
	CallResultLimitExceeded bool                `json:"call_result_size_limit_exceeded"`
}

// writeOutcome makes the JSON form of an outcome; absent parts are empty, not
// null.
func writeOutcome(o air.Outcome) outcome {
	j := outcome{
		RetCode: o.Code, ErrorMessage: o.Message, Data: append([]byte{}, o.Data...),
		NextPeerPKs: append([]string{}, o.Next...), CallRequests: make(map[uint32]air.Call, len(o.Calls)),
		AirSizeLimitExceeded: o.Exceeded.Air, ParticleLimitExceeded: o.Exceeded.Particle,
		CallResultLimitExceeded: o.Exceeded.CallResult,
	}
	for id, c := range o.Calls {
		c.Args = append([]json.RawMessage{}, c.Args...)
		c.Tetraplets = append([][]air.Tetraplet{}, c.Tetraplets...)
		for i, list := range c.Tetraplets {
			c.Tetraplets[i] = append([]air.Tetraplet{}, list...)
		}
		c.Origins = append([][]air.Origin{}, c.Origins...)
		j.CallRequests[id] = c
	}
	return j
}
