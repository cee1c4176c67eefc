// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// network is what the test reads of devnet.json.
type network struct {
	Validators []struct {
		Name, Home   string
		PID          int
		PeerPID      int    `json:"peer_pid"`
		PeerID       string `json:"peer_id"`
		Multiaddrs   []string
		CometAddress string `json:"rpc"`
	}
	Accounts []struct{ Name, Bech32 string }
	Demo     *struct {
		DealID        string `json:"deal_id"`
		AppCID        string `json:"app_cid"`
		Provider      string
		CommitmentIDs []string `json:"commitment_ids"`
		Workers       []struct {
			PeerID   string `json:"peer_id"`
			WorkerID string `json:"worker_id"`
		}
	}
}

// job is a running devnet with its demo.
type job struct {
	t       *testing.T
	file    string
	net     network
	program string
}

// demoApp is the file that make demo builds.
const demoApp = "../../build/demo/guestbook.car"

func startJob(t *testing.T) *job {
	t.Helper()
	j := &job{t: t, program: binary(t)}
	j.file = startDevnet(t, "--validators", "3", "--demo=true", "--app", demoApp)
	read(t, j.file, &j.net)
	if j.net.Demo == nil {
		t.Fatal("the devnet has no demo; make demo builds its app")
	}
	return j
}

// run executes a command on a validator's home.
func (j *job) run(args ...string) string {
	j.t.Helper()
	var errOut strings.Builder
	cmd := exec.CommandContext(j.t.Context(), j.program, append(args, "--home", j.net.Validators[0].Home)...)
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		j.t.Fatalf("fluenced %s: %v\n%s%s", strings.Join(args, " "), err, out, errOut.String())
	}
	return string(out)
}

// ask decodes what a reading command prints.
func (j *job) ask(v any, args ...string) {
	j.t.Helper()
	out := j.run(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		j.t.Fatalf("fluenced %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// javascript calls the guestbook on every worker with the official client.
func (j *job) javascript(author string) string {
	j.t.Helper()
	cmd := exec.CommandContext(j.t.Context(), "node", "../../docs/examples/guestbook/call.mjs", j.file, author, "signed by "+author)
	out, err := cmd.CombinedOutput()
	if err != nil {
		j.t.Fatalf("call.mjs: %v\n%s", err, out)
	}
	return string(out)
}

func (j *job) epoch() uint64 {
	j.t.Helper()
	var e struct{ Current struct{ Number string } }
	j.ask(&e, "query", "epoch", "current")
	var n uint64
	if _, err := fmt.Sscan(e.Current.Number, &n); err != nil {
		j.t.Fatal(err)
	}
	return n
}

type coin struct{ Denom, Amount string }

func (c coin) amount(t *testing.T) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(c.Amount, 10)
	if !ok {
		t.Fatalf("amount %q", c.Amount)
	}
	return n
}

// bill is the money of the deal, all of it.
func (j *job) bill() (balance, locked *big.Int) {
	j.t.Helper()
	var b struct{ Balance, Locked coin }
	j.ask(&b, "query", "deal", "balance", j.net.Demo.DealID)
	return b.Balance.amount(j.t), b.Locked.amount(j.t)
}

// shares are what the workers of the deal earned so far, together.
func (j *job) shares() (provider, delegator *big.Int) {
	j.t.Helper()
	var r struct {
		Rewards []struct {
			Provider  coin `json:"provider_reward"`
			Delegator coin `json:"delegator_reward"`
		}
	}
	j.ask(&r, "query", "deal", "rewards", j.net.Demo.DealID)
	provider, delegator = new(big.Int), new(big.Int)
	for _, w := range r.Rewards {
		provider.Add(provider, w.Provider.amount(j.t))
		delegator.Add(delegator, w.Delegator.amount(j.t))
	}
	return provider, delegator
}

type unit struct {
	State     string
	Successes int
	Failures  int
}

func (j *job) units() []unit {
	j.t.Helper()
	var p struct{ Units []unit }
	j.ask(&p, "provider", "status", "--provider", j.net.Demo.Provider)
	return p.Units
}

func (j *job) count(state string) (n int) {
	for _, u := range j.units() {
		if u.State == state {
			n++
		}
	}
	return n
}

// TestMainJob is the job of the whole project, from an empty folder: a customer's Aqua function, sent from the official
// JavaScript client, runs on Wasm services of providers who prove their hardware, and the chain bills what is rented.
func TestMainJob(t *testing.T) {
	j := startJob(t)
	deposit := big.NewInt(10_000 * 10_000 * 2) // price, epochs, workers of the demo

	said := j.javascript("Alice")
	for _, w := range j.net.Demo.Workers {
		if !strings.Contains(said, "worker "+w.WorkerID+" on "+w.PeerID) {
			t.Errorf("worker %s was not called:\n%s", w.WorkerID, said)
		}
	}
	if n := strings.Count(said, "Hello, Alice!"); n != 2 {
		t.Errorf("%d of 2 workers greet:\n%s", n, said)
	}
	w := j.net.Demo.Workers[0]
	answer := j.run("particle", "send", "--relay", j.net.Validators[2].Multiaddrs[0], "--script", "../../docs/examples/guestbook/greet.air",
		"--data", fmt.Sprintf(`{"host":%q,"worker":%q,"name":"Bob"}`, w.PeerID, w.WorkerID))
	if !strings.Contains(answer, "Hello, Bob!") {
		t.Errorf("particle send: %s", answer)
	}

	goClient := exec.CommandContext(t.Context(), "go", "run", "../../docs/examples/greet", j.file, "Dave")
	if out, err := goClient.CombinedOutput(); err != nil || strings.Count(string(out), "Hello, Dave!") != 2 {
		t.Errorf("docs/examples/greet: %v\n%s", err, out)
	}

	until(t, "both idle units have proved in two epochs", 3*time.Minute, func() bool {
		proved := 0
		for _, u := range j.units() {
			if u.State == "proving" && u.Successes >= 2 {
				proved++
			}
		}
		return proved == 2
	})
	if n := j.count("in_deal"); n != 2 {
		t.Errorf("%d units in the deal, want 2", n)
	}
	j.accounts(deposit)
	j.restart()
	if said := j.javascript("Carol"); !strings.Contains(said, "Alice: signed by Alice") || !strings.Contains(said, "Carol: signed by Carol") {
		t.Errorf("the guestbook lost entries:\n%s", said)
	}
	j.stop(deposit)
}

// accounts compares the deal's bill with what the workers earned, in one epoch.
func (j *job) accounts(deposit *big.Int) {
	j.t.Helper()
	for range 5 {
		before := j.epoch()
		balance, locked := j.bill()
		provider, delegator := j.shares()
		if j.epoch() != before {
			continue // the next epoch began between the questions
		}
		if sum := new(big.Int).Add(balance, locked); sum.Cmp(deposit) != 0 {
			j.t.Errorf("balance %s and locked %s are not the deposit of %s", balance, locked, deposit)
		}
		if earned := new(big.Int).Add(provider, delegator); earned.Cmp(locked) != 0 || earned.Sign() <= 0 {
			j.t.Errorf("earned %s, billed %s", earned, locked)
		}
		if five := new(big.Int).Mul(delegator, big.NewInt(5)); five.Cmp(locked) != 0 {
			j.t.Errorf("the delegator earns %s of %s, want a fifth", delegator, locked)
		}
		return
	}
	j.t.Error("epochs end faster than questions are answered")
}

// restart kills validator 2 and waits until the supervisor has it back and in step.
func (j *job) restart() {
	j.t.Helper()
	victim := j.net.Validators[2]
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		j.t.Fatal(err)
	}
	height := func(home string) (h int64) {
		out, err := exec.CommandContext(j.t.Context(), j.program, "status", "--json", "--home", home).Output()
		var s struct{ Height int64 }
		if err != nil || json.Unmarshal(out, &s) != nil {
			return 0
		}
		return s.Height
	}
	at := height(j.net.Validators[0].Home)
	until(j.t, "validator 2 is back and in step", time.Minute, func() bool { return height(victim.Home) > at+3 })
}

// stop ends the deal: the customer has the rest of the money back, the workers are gone, and all units prove again.
func (j *job) stop(deposit *big.Int) {
	j.t.Helper()
	j.run("deal", "stop", j.net.Demo.DealID, "--from", "customer", "--yes")
	if balance, locked := j.bill(); balance.Sign() != 0 || locked.Sign() != 0 {
		j.t.Errorf("a stopped deal still holds %s and %s", balance, locked)
	}
	started := big.NewInt(1_000_000_000_000) // uusd of each account in genesis
	gained := map[string]*big.Int{}
	for _, a := range j.net.Accounts[:3] {
		var b struct{ Balance coin }
		j.ask(&b, "query", "bank", "balance", a.Bech32, "uusd")
		gained[a.Name] = new(big.Int).Sub(b.Balance.amount(j.t), started)
	}
	paid := new(big.Int).Neg(gained["customer"])
	if paid.Sign() <= 0 || paid.Cmp(deposit) >= 0 {
		j.t.Errorf("the customer paid %s of a deposit of %s", paid, deposit)
	}
	if sum := new(big.Int).Add(gained["provider"], gained["member"]); sum.Cmp(paid) != 0 {
		j.t.Errorf("the customer paid %s, provider and delegator have %s", paid, sum)
	}
	if four := new(big.Int).Mul(gained["member"], big.NewInt(4)); four.Cmp(gained["provider"]) != 0 {
		j.t.Errorf("the delegator has %s beside the provider's %s, want a quarter of that", gained["member"], gained["provider"])
	}
	until(j.t, "all four units prove again", 2*time.Minute, func() bool { return j.count("proving") == 4 })
	w := j.net.Demo.Workers[0]
	until(j.t, "the peer has removed its worker", time.Minute, func() bool {
		out, err := exec.CommandContext(j.t.Context(), j.program, "particle", "send", "--relay", j.net.Validators[0].Multiaddrs[0],
			"--script", filepath.Join("..", "..", "docs", "examples", "guestbook", "greet.air"), "--timeout", "3s",
			"--data", fmt.Sprintf(`{"host":%q,"worker":%q,"name":"Bob"}`, w.PeerID, w.WorkerID)).CombinedOutput()
		return err != nil && !strings.Contains(string(out), "Hello")
	})
}

// until is eventually for questions that cost a process each.
func until(t *testing.T, what string, limit time.Duration, done func() bool) {
	t.Helper()
	end := time.Now().Add(limit)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !done() {
		if <-tick.C; time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
