// SPDX-License-Identifier: Apache-2.0

// Package procnet is a network of real validator processes for tests: it builds the
// program, starts validators on loopback, and lets a test kill, pause, restart,
// slow down and cut off any of them. Nothing of it outlives the test.
package procnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
)

// EnvBinary names a built fluenced to test, instead of building one.
const EnvBinary = "FLUENCED_BINARY"

// Waits of the kit.
const (
	// pollEvery is the pause between two looks at a validator.
	pollEvery = 100 * time.Millisecond
	// stopWithin is how long a validator may take to stop when asked.
	stopWithin = 30 * time.Second
)

// Options is what a network is made of; the zero value is three validators with
// blocks every 300 ms.
type Options struct {
	Stakes        []int64       // whole FLT, one per validator; nil for 101, 100, 100
	TimeoutCommit time.Duration // pause after a block; zero for 200 ms
	Idle          []int         // validators that Start does not start
	// Config changes the configuration of validator i before it is written.
	Config func(i int, f *network.File)
	// Genesis changes the genesis state by module.
	Genesis func(map[string]json.RawMessage) error
}

// Net is a running network.
type Net struct {
	Validators []*Validator
	Accounts   []network.Account // funded, in every validator's keyring by name
	Binary     string

	t     testing.TB
	links map[[2]int]*Link
}

// build builds the program once per test process.
var build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(EnvBinary); path != "" {
		return filepath.Abs(path)
	}
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	path := filepath.Join(root, "build", "fluenced")
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, "./cmd/fluenced")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build fluenced: %w\n%s", err, out)
	}
	return path, nil
})

// Binary returns the path of the program under test, building it when needed.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Start lays a network out and starts its validators. It ends with the test.
func Start(t testing.TB, opts Options) *Net {
	t.Helper()
	n := &Net{Binary: Binary(t), t: t, links: map[[2]int]*Link{}}
	if opts.Stakes == nil {
		opts.Stakes = []int64{101, 100, 100}
	}
	if opts.TimeoutCommit == 0 {
		opts.TimeoutCommit = 200 * time.Millisecond
	}
	if err := n.layOut(opts); err != nil {
		t.Fatal(err)
	}
	idle := map[int]bool{}
	for _, i := range opts.Idle {
		idle[i] = true
	}
	for i, v := range n.Validators {
		t.Cleanup(v.cleanUp)
		if !idle[i] {
			v.Start()
		}
	}
	return n
}

// fixedAccounts is how many funded accounts a network has.
const fixedAccounts = 4

func (n *Net) layOut(opts Options) error {
	dir := n.t.TempDir()
	spec := network.Spec{ChainID: params.ChainIDLocal, TimeoutCommit: opts.TimeoutCommit, Time: time.Now().Truncate(time.Second), Edit: opts.Genesis}
	for i := range fixedAccounts {
		a, err := network.KnownAccount(fmt.Sprintf("account-%d", i), uint32(i))
		if err != nil {
			return err
		}
		n.Accounts = append(n.Accounts, a.Funded(1_000_000, 1_000_000))
	}
	spec.Accounts = n.Accounts
	ports, err := freePorts(7 * len(opts.Stakes))
	if err != nil {
		return err
	}
	for i, stake := range opts.Stakes {
		op, err := network.KnownAccount(fmt.Sprintf("validator-%d", i), uint32(100+i))
		if err != nil {
			return err
		}
		p := ports[7*i:]
		v := &Validator{
			net: n, Index: i, Home: home.Dir(filepath.Join(dir, op.Name)), Operator: op,
			Ports: network.Ports{P2P: p[0], RPC: p[1], GRPC: p[2], REST: p[3], JSONRPC: p[4], JSONRPCWS: p[5], Metrics: p[6], ListenHost: "127.0.0.1"},
		}
		n.Validators = append(n.Validators, v)
		spec.Validators = append(spec.Validators, network.Validator{
			Name: op.Name, Home: v.Home, Operator: op.Funded(10*stake, 0), StakeFLT: stake,
			P2P: fmt.Sprintf("127.0.0.1:%d", p[0]), Ports: &v.Ports,
			Edit: func(f *network.File) {
				localFile(f)
				if opts.Config != nil {
					opts.Config(i, f)
				}
			},
		})
	}
	_, ids, err := network.Write(spec)
	if err != nil {
		return err
	}
	for _, v := range n.Validators {
		if err := network.SaveKeys(v.Home, append(n.Accounts, v.Operator)...); err != nil {
			return err
		}
	}
	return n.connect(ids)
}

func localFile(f *network.File) {
	f.Comet.P2P.AllowDuplicateIP = true
	f.Comet.P2P.AddrBookStrict = false
	f.Comet.P2P.PexReactor = false
	f.Comet.P2P.PersistentPeersMaxDialPeriod = time.Second
	f.Comet.LogLevel = "*:error,consensus:info,state:info,server:info"
	f.Client.KeyringBackend = keyring.BackendTest
}

// connect puts a proxy between every two validators and has them dial it.
func (n *Net) connect(ids []network.Identity) error {
	for i, v := range n.Validators {
		var peers []string
		for j, other := range n.Validators {
			if i == j {
				continue
			}
			l := n.link(i, j)
			addr, err := l.forward(n.t, fmt.Sprintf("127.0.0.1:%d", other.Ports.P2P))
			if err != nil {
				return err
			}
			peers = append(peers, ids[j].NodeID+"@"+addr)
		}
		if err := home.SetKeys(v.Home.Comet(), map[string]string{"p2p.persistent_peers": fmt.Sprintf("%q", strings.Join(peers, ","))}); err != nil {
			return err
		}
	}
	return nil
}

func (n *Net) link(i, j int) *Link {
	key := [2]int{min(i, j), max(i, j)}
	if n.links[key] == nil {
		n.links[key] = newLink()
	}
	return n.links[key]
}

// Link returns the connection between validators i and j.
func (n *Net) Link(i, j int) *Link {
	n.t.Helper()
	l := n.links[[2]int{min(i, j), max(i, j)}]
	if l == nil {
		n.t.Fatalf("no link between validators %d and %d", i, j)
	}
	return l
}

// Isolate cuts validator i off from all others; Rejoin undoes it.
func (n *Net) Isolate(i int) { n.each(i, (*Link).Cut) }

// Rejoin heals every link of validator i.
func (n *Net) Rejoin(i int) { n.each(i, (*Link).Heal) }

func (n *Net) each(i int, f func(*Link)) {
	for key, l := range n.links {
		if key[0] == i || key[1] == i {
			f(l)
		}
	}
}

// Run executes one command of the program against validator 0 and returns what it
// printed. A failing command is an error that holds its words.
func (n *Net) Run(ctx context.Context, args ...string) (string, error) {
	return n.Validators[0].Run(ctx, args...)
}

// WaitHeight waits until each of the validators (all when none is named) has the
// block at height, and fails the test when ctx ends first.
func (n *Net) WaitHeight(ctx context.Context, height int64, validators ...int) {
	n.t.Helper()
	if len(validators) == 0 {
		for i := range n.Validators {
			validators = append(validators, i)
		}
	}
	for _, i := range validators {
		v := n.Validators[i]
		var last string
		err := Poll(ctx, func() bool {
			s, err := v.Status(ctx)
			last = fmt.Sprintf("height %d, %v", s.Height, err)
			return err == nil && s.Height >= height
		})
		if err != nil {
			n.t.Fatalf("validator %d did not reach height %d: %s\n%s", i, height, last, v.Log(20))
		}
	}
}

// Poll repeats done until it is true.
func Poll(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// freePorts returns count different ports nobody listens on, below the range from
// which systems take the ports of outgoing connections: those would be taken again
// between here and the start of a validator.
func freePorts(count int) ([]int, error) {
	const lowest, highest = 12_000, 30_000
	var ports []int
	for range 100 * count {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(highest-lowest)))
		if err != nil {
			continue
		}
		defer func() { _ = ln.Close() }()
		if ports = append(ports, ln.Addr().(*net.TCPAddr).Port); len(ports) == count {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("%d free ports found, want %d", len(ports), count)
}

// lastLines returns the last count lines of text.
func lastLines(text []byte, count int) string {
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-count):], []byte("\n")))
}
