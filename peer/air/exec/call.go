// SPDX-License-Identifier: Apache-2.0

// Package exec runs planned AIR scripts over particle data: it walks the
// instructions, merges the previous and the current trace, and collects the
// calls the host must make and the peers the particle goes to next.
//
// Running is pure: no clock, randomness, goroutine, file, network, or effect of
// map order, and every loop, recursion and allocation stands under a Budget.
// The package neither decodes particle data nor signs it; package air does.
//
// The instructions follow AquaVM 0.62.0 (data format 0.17.2); the deviations
// are those of docs/spec/air.md and are named where they happen.
package exec

import "encoding/json"

// Call is one request to the host: run Function of Service here, with Args.
//
// Args, Tetraplets and Origins have one entry per argument. An argument is
// compact JSON text with sorted keys. Its tetraplets are one for a plain value
// and one per element for a canon stream or map, so an empty canon has none.
// Its origins are never empty; they say who vouches for the value.
type Call struct {
	Service    string            `json:"service_id"`
	Function   string            `json:"function_name"`
	Args       []json.RawMessage `json:"arguments"`
	Tetraplets [][]Tetraplet     `json:"tetraplets"`
	Origins    [][]Origin        `json:"origins"`
}

// Result is the host's answer to a Call. Code 0 is success, and JSON is then
// the value as JSON text in any spelling; any other code is a service error and
// JSON its message, which should be JSON text too. Text that is not JSON counts
// as a failed call.
type Result struct {
	Code int32  `json:"ret_code"`
	JSON []byte `json:"result"`
}
