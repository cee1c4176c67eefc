// SPDX-License-Identifier: Apache-2.0

// Package wasmbin reads and writes the binary form of WebAssembly modules as far
// as the host needs it: sections, the core sections' entries, and function bodies
// instruction by instruction. It does not validate types (wazero does), never
// allocates what a module merely announces, and refuses what we do not run: relaxed SIMD,
// threads, exceptions, 64-bit memories.
//
// The norm is the WebAssembly core specification 2.0, section 5.
package wasmbin

import "errors"

// Errors of this package. Each returned error wraps one of them and says where.
var (
	// ErrMalformed says that bytes are not a module.
	ErrMalformed = errors.New("malformed module")
	// ErrTooLarge says that a module passes one of the Limits.
	ErrTooLarge = errors.New("module too large")
	// ErrUnsupported says that a module uses a feature that is not run here.
	ErrUnsupported = errors.New("unsupported feature")
)

// Limits bound what a module may hold. The zero value of a field means its default.
type Limits struct {
	Bytes     int // whole module; default 32 MiB
	Sections  int // sections, custom ones included; default 1 024
	Types     int // function types; default 10 000
	Functions int // imported and own functions; default 50 000
	Locals    int // parameters and locals of one function; default 5 000
	Globals   int // globals; default 10 000
	Body      int // bytes of one function body; default 8 MiB
	Nesting   int // blocks inside each other in one function; default 1 024
	Targets   int // labels of one br_table; default 65 536
	Segments  int // data and element segments, each; default 65 536
}

func or(n, d int) int {
	if n > 0 {
		return n
	}
	return d
}

// WithDefaults returns l with every field set.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Bytes:     or(l.Bytes, 32<<20),
		Sections:  or(l.Sections, 1024),
		Types:     or(l.Types, 10_000),
		Functions: or(l.Functions, 50_000),
		Locals:    or(l.Locals, 5_000),
		Globals:   or(l.Globals, 10_000),
		Body:      or(l.Body, 8<<20),
		Nesting:   or(l.Nesting, 1024),
		Targets:   or(l.Targets, 65_536),
		Segments:  or(l.Segments, 65_536),
	}
}
