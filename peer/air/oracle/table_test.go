// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import "testing"

// TestTableHoldsForAquaVM replays the transcripts with avm.wasm. With -rewrite it
// writes them, so that no expectation of the table is ours.
func TestTableHoldsForAquaVM(t *testing.T) {
	replay(t, newEngine(t).New().Invoke)
}
