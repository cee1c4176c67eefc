// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

// ledger is a chain in memory with perimeters and no deals. Its blocks come fast.
type ledger struct {
	mu         sync.Mutex // guards all below
	perimeters []perimeter.Perimeter
	events     []chain.Event // of the next block
	height     uint64
}

func (l *ledger) At(context.Context) (chain.Height, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return chain.Height{Number: l.height, Time: time.Now()}, nil
}

func (l *ledger) PerimetersOf(context.Context, []string) ([]perimeter.Perimeter, chain.Height, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]perimeter.Perimeter(nil), l.perimeters...), chain.Height{Number: l.height}, nil
}

func (l *ledger) RevocationsOf(context.Context, trust.Key) ([]trust.Revocation, chain.Height, error) {
	return nil, chain.Height{}, nil
}

func (l *ledger) DealsOf(context.Context, [32]byte) ([]chain.PeerDeal, chain.Height, error) {
	return nil, chain.Height{}, nil
}

func (l *ledger) Workers(context.Context, chain.DealID) ([]chain.DealWorker, chain.Height, error) {
	return nil, chain.Height{}, chain.ErrNoDeal
}

func (l *ledger) ActivateWorker(context.Context, chain.Activation) (chain.Receipt, error) {
	return chain.Receipt{}, chain.ErrNoKey
}

func (l *ledger) Account() string { return "" }

func (l *ledger) Follow(ctx context.Context, after uint64, each func(context.Context, chain.Block) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := after; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		l.mu.Lock()
		b := chain.Block{Height: chain.Height{Number: n + 1, Time: time.Now()}, Events: l.events}
		l.mu.Unlock()
		if err := each(ctx, b); err != nil {
			return err
		}
	}
}

// change changes perimeters and has every block from now on say so.
func (l *ledger) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	l.events = []chain.Event{{Type: chain.EventPerimeterMember}}
}

// chat is the services of a group chat: members says who is one, history keeps texts.
type chat struct {
	mu    sync.Mutex // guards all below
	added []string
}

func (s *chat) Call(_ context.Context, c pipeline.Call) (pipeline.Result, error) {
	switch c.Service + "." + c.Function {
	case "members.is_member":
		return pipeline.Result{JSON: fmt.Appendf(nil, `{"ok":%v}`, string(c.Args[0]) != `"nobody"`)}, nil
	case "history.add":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.added = append(s.added, string(c.Args[0]))
		return pipeline.Result{JSON: fmt.Append(nil, len(s.added))}, nil
	}
	return pipeline.Result{Code: 1, JSON: []byte(`"no such function"`)}, nil
}

func (s *chat) Owner(_ pipeline.Scope, service string) (libp2ppeer.ID, bool) {
	return "its owner", service == "members" || service == "history"
}

func (s *chat) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.added)
}

// groupChat is three peers of three owners and a client, inside one perimeter.
type groupChat struct {
	ledger                  *ledger
	relay, members, history *testPeer
	kept                    *chat
	client                  *client.Client
}

func newGroupChat(t *testing.T) *groupChat {
	g := &groupChat{ledger: &ledger{height: 1}, kept: &chat{}}
	edit := func(s *chat, boot *testPeer) func(*config.Config, *peer.Deps) {
		return func(c *config.Config, d *peer.Deps) {
			d.Chain, d.Services = g.ledger, s
			if boot != nil {
				c.BootstrapNodes = []string{boot.address(t, "/tcp/")}
			}
		}
	}
	g.relay = startPeer(t, t.TempDir(), edit(&chat{}, nil))
	g.members = startPeer(t, t.TempDir(), edit(&chat{}, g.relay))
	g.history = startPeer(t, t.TempDir(), edit(g.kept, g.relay))
	g.ledger.change(func() {
		g.ledger.perimeters = []perimeter.Perimeter{{
			ID: strings.Repeat("cd", 32), Version: 1, State: perimeter.Active, Number: 1,
			Policy: perimeter.Policy{AnyScript: true, Rules: []perimeter.Rule{
				{Service: "members", Function: "is_member", Who: perimeter.Anyone},
				{Service: "history", Function: "add", Who: perimeter.Anyone, Requires: []perimeter.Requirement{{
					Role: "auth", Service: "members", Function: "is_member", Args: []perimeter.Template{{Source: perimeter.Initiator}}, Path: ".ok", Equals: "true",
				}}},
			}},
			Members: []perimeter.Member{
				{Peer: g.members.ID().String(), Service: "members", Role: "auth", Follow: true},
				{Peer: g.history.ID().String(), Service: "history", Follow: true},
			},
		}}
	})
	waitFor(t, "peers to find each other", func() bool {
		return g.members.Host().Connected(g.relay.ID()) && g.history.Host().Connected(g.relay.ID())
	})
	g.client = startClient(t, g.relay)
	waitFor(t, "the perimeter to count", func() bool { return strings.Contains(g.say(t, `(null)`), "door.7.requires") })
	return g
}

// say runs the gate, then adds to the history, and returns what came of it.
func (g *groupChat) say(t *testing.T, gate string) string {
	t.Helper()
	return g.run(t, gate, `(call history ("history" "add") ["hi" %init_peer_id%] n)`)
}

func (g *groupChat) run(t *testing.T, gate, then string) string {
	t.Helper()
	script := load([]string{"members", "history"}, `(xor (seq (call relay ("op" "noop") []) (seq `+gate+` (seq `+then+` (seq (call relay ("op" "noop") []) `+respond("n")+`)))) (seq (call relay ("op" "noop") []) `+respond(":error:.$.message")+`))`)
	got := execute(t, g.client, script, map[string]any{"members": g.members.ID().String(), "history": g.history.ID().String()})
	if len(got) != 1 {
		t.Fatalf("answer %v", got)
	}
	return got[0]
}

const whoIsMember = `(call members ("members" "is_member") [%init_peer_id%] who)`

func TestGroupChatInsideAPerimeter(t *testing.T) {
	g := newGroupChat(t)
	if got := g.say(t, whoIsMember); got != "1" {
		t.Fatalf("honest: %s", got)
	}
	for name, gate := range map[string]string{
		"nobody was asked":              `(null)`,
		"the wrong question":            `(call members ("members" "is_member") ["somebody"] who)`,
		"asked the relay instead (F10)": `(call relay ("members" "is_member") [%init_peer_id%] who)`,
		"a confused deputy (F6)":        `(call members ("op" "identity") [%init_peer_id%] who)`,
		"the initiator says so itself":  `(seq (call %init_peer_id% ("getDataSrv" "members") [] who) (call relay ("op" "noop") []))`,
	} {
		if got := g.say(t, gate); !strings.Contains(got, "door.7.requires") && !strings.Contains(got, "door.4.owner") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if n := g.kept.count(); n != 1 {
		t.Errorf("%d texts were added, want the honest one", n)
	}
	if got := g.run(t, whoIsMember, `(seq (call relay ("op" "identity") ["from outside"] text) (call history ("history" "add") [text %init_peer_id%] n))`); !strings.Contains(got, "door.8.origin") {
		t.Errorf("text that an outsider vouches for: %s", got)
	}
	g.ledger.change(func() { g.ledger.perimeters[0].Members = g.ledger.perimeters[0].Members[1:] })
	waitFor(t, "the removal to count", func() bool {
		return strings.Contains(g.run(t, `(null)`, `(call members ("members" "is_member") [%init_peer_id%] n)`), "door.4.owner")
	})
	if got := g.say(t, `(xor `+whoIsMember+` (null))`); !strings.Contains(got, "door.7.requires") {
		t.Errorf("after the member was removed: %s", got)
	}
	if n := g.kept.count(); n != 1 {
		t.Errorf("%d texts were added, want the honest one", n)
	}
}
