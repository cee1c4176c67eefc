// SPDX-License-Identifier: Apache-2.0

package exec

// Budget bounds the work of one run. A field that is zero takes its default.
// Running out is the uncatchable error CodeBudget.
type Budget struct {
	// Steps counts visited instructions, lens accessors, merged states and
	// elements copied by folds and canons.
	Steps uint64
	// Bytes counts the bytes of particle data read, and the JSON bytes of values
	// made, copied into arguments or hashed, with a surcharge for every element
	// of a canon and every tetraplet.
	Bytes uint64
	// Signers is the number of signatures arriving data may carry.
	Signers uint32
	// Nesting is the depth of nested instructions while running; every `next`
	// of a fold nests its body once more.
	Nesting uint32
	// Origins is the number of members all origin sets of a run may have
	// together.
	Origins uint32
}

// Defaults of Budget.
const (
	DefaultSteps   uint64 = 1 << 20
	DefaultBytes   uint64 = 256 << 20
	DefaultSigners uint32 = 512
	DefaultNesting uint32 = 32_768
	DefaultOrigins uint32 = 1 << 20
)

// elementCost is what an element of a canon, or its tetraplet as that of an
// argument, counts in bytes besides its text.
const elementCost = 256

// WithDefaults returns b with its zero fields replaced.
func (b Budget) WithDefaults() Budget {
	if b.Steps == 0 {
		b.Steps = DefaultSteps
	}
	if b.Bytes == 0 {
		b.Bytes = DefaultBytes
	}
	if b.Signers == 0 {
		b.Signers = DefaultSigners
	}
	if b.Nesting == 0 {
		b.Nesting = DefaultNesting
	}
	if b.Origins == 0 {
		b.Origins = DefaultOrigins
	}
	return b
}
