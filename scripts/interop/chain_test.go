// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// binary returns the program under test: FLUENCED_BINARY, or one built here.
func binary(t *testing.T) string {
	t.Helper()
	if b := os.Getenv("FLUENCED_BINARY"); b != "" {
		return b
	}
	out := filepath.Join(t.TempDir(), "fluenced")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", out, "../../cmd/fluenced")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	return out
}

// startDevnet runs a local network of one validator until the test ends, and
// returns the path of its devnet.json.
func startDevnet(t *testing.T, flags ...string) string {
	t.Helper()
	home := t.TempDir()
	var said bytes.Buffer
	cmd := exec.Command(binary(t), append([]string{"devnet", "--home", home, "--validators", "1", "--demo=false"}, flags...)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(time.Minute):
			_ = cmd.Process.Kill()
			t.Error("devnet does not end after SIGINT")
		}
	})
	file, deadline := filepath.Join(home, "devnet.json"), time.After(3*time.Minute)
	for {
		if _, err := os.Stat(file); err == nil {
			return file
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("devnet ended: %v\n%s", err, said.String())
		case <-deadline:
			t.Fatal("devnet is not ready after 3 min")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// TestEthereumTools drives the chain with unmodified ethers, solc and OpenZeppelin.
func TestEthereumTools(t *testing.T) {
	file := startDevnet(t)
	node := exec.CommandContext(t.Context(), "node", "chain.mjs", file)
	var problems bytes.Buffer
	node.Stderr = &problems
	out, err := node.Output()
	if err != nil {
		t.Fatalf("chain.mjs: %v\n%s", err, problems.String())
	}
	var seen struct {
		ChainID  int
		Transfer struct {
			Status, GasUsed int
			Got             string
		}
		Token struct {
			Mine, Theirs, Overdraft string
			Logs                    int
		}
		Epoch struct{ Number, Direct, Length, Logs int }
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if seen.ChainID != 31337 || seen.Transfer.Status != 1 || seen.Transfer.GasUsed != 21000 || seen.Transfer.Got != "1500000000000000000" {
		t.Errorf("transfer: %+v on chain %d", seen.Transfer, seen.ChainID)
	}
	if seen.Token.Mine != "600" || seen.Token.Theirs != "400" || seen.Token.Logs != 1 || seen.Token.Overdraft != "CALL_EXCEPTION" {
		t.Errorf("token: %+v", seen.Token)
	}
	if seen.Epoch.Number < 1 || seen.Epoch.Direct < seen.Epoch.Number || seen.Epoch.Length != 15 || seen.Epoch.Logs != 1 {
		t.Errorf("epoch: %+v", seen.Epoch)
	}
}

// TestCommittedContractsAreCompiledFromTheirSource compares what tests deploy with
// what the pinned solc makes of contracts/solidity.
func TestCommittedContractsAreCompiledFromTheirSource(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "node", "compile.mjs").Output()
	if err != nil {
		t.Fatal(err)
	}
	var fresh map[string]struct{ Bytecode string }
	if err := json.Unmarshal(out, &fresh); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../contracts/testdata/EpochReader.json")
	if err != nil {
		t.Fatal(err)
	}
	var kept struct{ Bytecode string }
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if kept.Bytecode == "" || kept.Bytecode != fresh["EpochReader"].Bytecode {
		t.Error("contracts/testdata/EpochReader.json is not what contracts/solidity compiles to")
	}
}
