// SPDX-License-Identifier: Apache-2.0

package data

// Limits bounds what is accepted from the wire. A zero field means no bound but
// those of the format.
type Limits struct {
	Bytes   int // of the envelope, in bytes
	States  int // of the trace; their lore, ranges and generations may be four times as many
	Entries int // of all CID stores together, with the elements of canon results
	Signers int // of the signatures: each costs one verification
}

// DefaultLimits are the bounds of a peer: 64 MiB of data as upstream's default,
// and room for any particle that a bound particle id allows (1 024 hops).
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 20, States: 1 << 20, Entries: 1 << 20, Signers: 1024}
}

// partsPerState is the part of [Limits] for lists: one value of a fold leaves one
// lore with two ranges.
const partsPerState = 4
