// SPDX-License-Identifier: Apache-2.0

//go:build chaos

package procnet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
)

// block is what the tests read of a block.
type block struct {
	Height int64
	Hash   string // the app hash that its header names
	ID     string
}

func blockAt(ctx context.Context, t *testing.T, v *procnet.Validator, height int64) block {
	t.Helper()
	out := get(ctx, t, fmt.Sprintf("http://127.0.0.1:%d/block?height=%d", v.Ports.RPC, height))
	var answer struct {
		Result struct {
			BlockID struct {
				Hash string `json:"hash"`
			} `json:"block_id"`
			Block struct {
				Header struct {
					Height  string `json:"height"`
					AppHash string `json:"app_hash"`
				} `json:"header"`
			} `json:"block"`
		} `json:"result"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("block %d: %v: %s", height, err, out)
	}
	h, err := strconv.ParseInt(answer.Result.Block.Header.Height, 10, 64)
	if err != nil {
		t.Fatalf("block %d: %s", height, out)
	}
	return block{Height: h, Hash: answer.Result.Block.Header.AppHash, ID: answer.Result.BlockID.Hash}
}

func get(ctx context.Context, t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sameState fails the test unless all validators name the same app hash at a height.
func sameState(ctx context.Context, t *testing.T, n *procnet.Net, height int64) {
	t.Helper()
	want := blockAt(ctx, t, n.Validators[0], height)
	for i, v := range n.Validators[1:] {
		if got := blockAt(ctx, t, v, height); got != want {
			t.Errorf("validator %d has %+v, want %+v", i+1, got, want)
		}
	}
}

// TestAValidatorJoinsFromASnapshot has a fourth validator begin with a snapshot that it verifies with two others.
func TestAValidatorJoinsFromASnapshot(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{101, 100, 100, 1}, Idle: []int{3}, Config: func(_ int, f *network.File) {
		f.App.StateSync.SnapshotInterval = 10
	}})
	n.WaitHeight(ctx, 24, 0, 1, 2)
	if _, err := n.Run(ctx, "tx", "bank", "send", "account-0", n.Accounts[3].Bech32(), "1000aflt", "--yes"); err != nil {
		t.Fatal(err)
	}
	trusted := blockAt(ctx, t, n.Validators[0], 5)
	late := n.Validators[3]
	if err := home.SetKeys(late.Home.Comet(), map[string]string{
		"statesync.enable":         "true",
		"statesync.rpc_servers":    strconv.Quote(n.Validators[0].RPC() + "," + n.Validators[1].RPC()),
		"statesync.trust_height":   "5",
		"statesync.trust_hash":     strconv.Quote(trusted.ID),
		"statesync.trust_period":   strconv.Quote("1h0m0s"),
		"statesync.discovery_time": strconv.Quote("5s"),
	}); err != nil {
		t.Fatal(err)
	}
	late.Start()
	n.WaitHeight(ctx, 30)
	s, err := late.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := get(ctx, t, fmt.Sprintf("http://127.0.0.1:%d/block?height=3", late.Ports.RPC))
	if !strings.Contains(string(out), "lowest height") {
		t.Errorf("the late validator has block 3, so it did not begin with a snapshot: %s", out)
	}
	n.WaitHeight(ctx, s.Height+3)
	sameState(ctx, t, n, s.Height+2)
}

// TestAnUpgradeByGovernance votes a plan through, sees the old program stop at its height, and goes on with a new one.
func TestAnUpgradeByGovernance(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	next := filepath.Join(t.TempDir(), "fluenced-next")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "upgradetest", "-ldflags", "-s -w", "-o", next, "github.com/go-fluence/fluence/cmd/fluenced")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n := procnet.Start(t, procnet.Options{Genesis: shortVotes})
	n.WaitHeight(ctx, 2)
	s, err := n.Validators[0].Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	height := s.Height + 60
	mustRun(ctx, t, n, "tx", "upgrade", "software-upgrade", "next", "--upgrade-height", strconv.FormatInt(height, 10), "--no-validate",
		"--title", "next", "--summary", "a store and longer epochs", "--deposit", "10000000000000000000aflt", "--from", "account-0", "--yes")
	waitFor(ctx, t, func() bool { return strings.Contains(ask(ctx, n, "query", "gov", "proposals"), "VOTING_PERIOD") })
	mustRun(ctx, t, n, "tx", "gov", "vote", "1", "yes", "--from", "validator-0", "--yes")
	waitFor(ctx, t, func() bool { return strings.Contains(ask(ctx, n, "query", "upgrade", "plan"), "next") })
	n.Binary = next // for those that start from here on
	for waiting := slices.Clone(n.Validators); len(waiting) > 0; {
		waiting = slices.DeleteFunc(waiting, func(v *procnet.Validator) bool { return upgraded(ctx, t, v) })
		if ctx.Err() != nil {
			t.Fatalf("%d validators do not stop at the height of the plan", len(waiting))
		}
	}
	n.WaitHeight(ctx, height+4)
	sameState(ctx, t, n, height+3)
	if applied := ask(ctx, n, "query", "upgrade", "applied", "next"); !strings.Contains(applied, strconv.FormatInt(height, 10)) {
		t.Errorf("applied plan: %s", applied)
	}
	out, err := n.Run(ctx, "state", "prove", "next", "0x01")
	if err != nil || !strings.Contains(out, fmt.Sprintf("%x", "upgraded")) && !strings.Contains(out, "upgraded") {
		t.Errorf("the new store: %v %s", err, out)
	}
}

// upgraded starts a validator anew if it has stopped for the plan. One that did not hear of the last block from the
// others before they stopped hears of it when they are back.
func upgraded(ctx context.Context, t *testing.T, v *procnet.Validator) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := v.Wait(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if err == nil {
		t.Errorf("validator %d ended without an error", v.Index)
	}
	if log := v.Log(5); !strings.Contains(log, `plan "next" at height`) || !strings.Contains(log, "install the version") {
		t.Errorf("validator %d does not say what it needs:\n%s", v.Index, log)
	}
	v.Start()
	return true
}

// TestGoingBackABlock takes a block back on one validator, and everything on another; both come back to the same state.
func TestGoingBackABlock(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{101, 100, 100, 100}})
	n.WaitHeight(ctx, 6)
	back := n.Validators[3]
	if _, err := back.Run(ctx, "state", "rollback"); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("rollback of a running validator: %v", err)
	}
	for _, args := range [][]string{{"state", "rollback"}, {"state", "rollback", "--hard"}, {"state", "reset", "--yes"}} {
		if err := back.Stop(); err != nil {
			t.Fatal(err)
		}
		out, err := back.Run(ctx, args...)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("fluenced %s: %s", strings.Join(args, " "), out)
		back.Start()
		s, err := n.Validators[0].Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n.WaitHeight(ctx, s.Height+4)
		sameState(ctx, t, n, s.Height+3)
	}
}

// shortVotes makes governance decide in six seconds.
func shortVotes(state map[string]json.RawMessage) error {
	var g map[string]any
	if err := json.Unmarshal(state["gov"], &g); err != nil {
		return err
	}
	params, ok := g["params"].(map[string]any)
	if !ok {
		return fmt.Errorf("gov has no params: %s", state["gov"])
	}
	params["voting_period"], params["expedited_voting_period"] = "6s", "3s"
	text, err := json.Marshal(g)
	state["gov"] = text
	return err
}

func mustRun(ctx context.Context, t *testing.T, n *procnet.Net, args ...string) {
	t.Helper()
	if _, err := n.Run(ctx, args...); err != nil {
		t.Fatal(err)
	}
}

// ask returns what a command printed, or nothing.
func ask(ctx context.Context, n *procnet.Net, args ...string) string {
	out, err := n.Run(ctx, args...)
	if err != nil {
		return ""
	}
	return out
}

func waitFor(ctx context.Context, t *testing.T, done func() bool) {
	t.Helper()
	if err := procnet.Poll(ctx, done); err != nil {
		t.Fatal(err)
	}
}
