// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGovernanceChangesTheEpoch votes a proposal through with the commands a DAO
// member uses, and sees the next epoch follow it.
func TestGovernanceChangesTheEpoch(t *testing.T) {
	program := binary(t)
	home := filepath.Join(filepath.Dir(startDevnet(t)), "validator-0")
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, append(args, "--home", home)...).Output()
		if err != nil {
			t.Fatalf("fluenced %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("tx", "epoch", "update-params-proposal", `{"duration": "20s", "min_blocks": 2}`,
		"--title", "longer epochs", "--summary", "20 s", "--deposit", "10000000000000000000aflt", "--from", "customer", "--yes")
	eventually(t, "the proposal is voted on", 20*time.Second, func() bool {
		return strings.Contains(run("query", "gov", "proposals"), "PROPOSAL_STATUS_VOTING_PERIOD")
	})
	run("tx", "gov", "vote", "1", "yes", "--from", "validator-0", "--yes")
	eventually(t, "the running epoch lasts 20 s", 90*time.Second, func() bool {
		var seen struct {
			Current struct {
				Params struct{ Duration string }
			}
		}
		if err := json.Unmarshal([]byte(run("query", "epoch", "current", "--json")), &seen); err != nil {
			t.Fatal(err)
		}
		return seen.Current.Params.Duration == "20s"
	})
	if status := run("query", "gov", "proposal", "1"); !strings.Contains(status, "PROPOSAL_STATUS_PASSED") {
		t.Errorf("proposal: %s", status)
	}
}
