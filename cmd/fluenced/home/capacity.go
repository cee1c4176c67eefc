// SPDX-License-Identifier: Apache-2.0

package home

// Keys of [capacity] in app.toml: how this validator verifies capacity proofs.
const (
	KeyVerifierWorkers = "capacity.verifier-workers"
	KeyVerifierCaches  = "capacity.verifier-caches"
	KeyVerdictsKept    = "capacity.verdicts-kept"
	KeyVerdictWait     = "capacity.verdict-wait"
)

// capacityTemplate is our own section of app.toml.
const capacityTemplate = `
###############################################################################
###                          Capacity proofs                                ###
###############################################################################

[capacity]

# Processes that verify capacity proofs, each on one processor. 0 verifies nothing:
# refused on chains that prove capacity.
verifier-workers = 1

# RandomX caches that each process keeps, 256 MiB each. More than one helps only
# where many units prove at the same time.
verifier-caches = 1

# Number of batches whose verdicts are remembered, some 300 bytes each.
verdicts-kept = 16384

# How long judging a block waits for verdicts that this validator has not reached
# yet, before it votes against the block.
verdict-wait = "1s"
`

// setCapacityDefaults gives the keys of [capacity] that a home's app.toml may lack,
// since it was written by an older version.
func setCapacityDefaults(set func(key string, value any)) {
	set(KeyVerifierWorkers, 1)
	set(KeyVerifierCaches, 1)
	set(KeyVerdictsKept, 16384)
	set(KeyVerdictWait, "1s")
}
