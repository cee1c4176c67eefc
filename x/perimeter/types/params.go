// SPDX-License-Identifier: Apache-2.0

package types

// Bounds of the params.
const (
	maxMembers       = 4096
	minPolicyBytes   = 1 << 10
	maxPolicyBytes   = 256 << 10
	maxRules         = 1024
	maxRetention     = 100_000_000
	maxBatch         = 256
	defaultRetention = 100_000
)

// DefaultParams returns the params of every network.
func DefaultParams() Params {
	return Params{MaxMembers: maxMembers, MaxPolicyBytes: 64 << 10, MaxRules: 256, RetentionBlocks: defaultRetention, MaxBatch: 64}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	for _, b := range []struct {
		name           string
		v, least, most uint64
	}{
		{"max_members", uint64(p.MaxMembers), 1, maxMembers},
		{"max_policy_bytes", uint64(p.MaxPolicyBytes), minPolicyBytes, maxPolicyBytes},
		{"max_rules", uint64(p.MaxRules), 1, maxRules},
		{"retention_blocks", p.RetentionBlocks, 1, maxRetention},
		{"max_batch", uint64(p.MaxBatch), 1, maxBatch},
	} {
		if b.v < b.least || b.v > b.most {
			return ErrInvalidParams.Wrapf("%s %d: want %d to %d", b.name, b.v, b.least, b.most)
		}
	}
	return nil
}
