// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// groupChat is the program of this test.
const groupChat = "aqua/group_chat.aqua"

type member struct {
	Peer  string `json:"peer_id"`
	Relay string `json:"relay_id"`
}

// backend is the three services of the messenger; each peer answers as all of
// them, and the program chooses where to ask.
type backend struct {
	mu      sync.Mutex // guards the fields below
	at      [2]string  // peers of members and history
	members []member
	history []string
}

// Owner says that the services belong to nobody, so that everybody may call.
func (*backend) Owner(pipeline.Scope, string) (libp2ppeer.ID, bool) { return "", false }

// Call answers.
func (b *backend) Call(_ context.Context, c pipeline.Call) (pipeline.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var v any
	switch c.Service + "." + c.Function {
	case "app.resolve_backend":
		v = object{"members": object{"peer_id": b.at[0], "service_id": "members"}, "history": object{"peer_id": b.at[1], "service_id": "history"}}
	case "members.is_member":
		var id string
		if err := json.Unmarshal(c.Args[0], &id); err != nil {
			return pipeline.Result{}, err
		}
		v = slices.ContainsFunc(b.members, func(m member) bool { return m.Peer == id })
	case "members.list":
		v = b.members
	case "history.message_sent":
		b.history = append(b.history, string(c.Args[1]))
		v = ""
	default:
		return pipeline.Result{}, builtin.ErrNotDefined
	}
	text, err := json.Marshal(v)
	return pipeline.Result{JSON: text}, err
}

// Members of a chat behind three relays, one of them away: the message reaches
// the others, and the sender hears how many.
func TestGroupChat(t *testing.T) {
	chat := &backend{}
	first := startPeer(t, t.TempDir(), nil, chat)
	through := func(c *config.Config) { c.BootstrapNodes = []string{first.tcp(t)} }
	second, third := startPeer(t, t.TempDir(), through, chat), startPeer(t, t.TempDir(), through, chat)
	for _, p := range []*relay{second, third} {
		eventually(t, "peers find each other", 15*time.Second, func() bool { return first.Host().Connected(p.ID()) })
	}
	chat.at = [2]string{second.ID().String(), third.ID().String()}

	d := startDriver(t)
	alice, bob := d.create(t, "alice", first), d.create(t, "bob", third)
	mallory := d.create(t, "mallory", second)
	carol := goClient(t, second)
	away, err := client.New(client.Config{Key: newKey(t), Relay: first.ws(t)})
	if err != nil {
		t.Fatal(err)
	}
	chat.members = []member{
		{away.ID().String(), first.ID().String()},
		{alice, first.ID().String()},
		{bob, third.ID().String()},
		{carol.ID().String(), second.ID().String()},
	}
	inbox := object{"message": "return true"}
	d.do(t, "register", object{"name": "bob", "file": groupChat, "service": "Inbox", "functions": inbox}, nil)
	sender := object{"error": "return", "delivered": "return"}
	for _, name := range []string{"alice", "mallory"} {
		d.do(t, "register", object{"name": name, "file": groupChat, "service": "Sender", "functions": sender}, nil)
	}
	got := make(chan string, 1)
	if err := carol.Handle("chat", "message", func(_ context.Context, c client.Call) (any, error) {
		var text string
		err := c.Bind(&text)
		got <- text
		return true, err
	}); err != nil {
		t.Fatal(err)
	}

	send := func(name string) (sent bool) {
		d.do(t, "call", object{"name": name, "file": groupChat, "fn": "send_message", "args": []any{"room", "good morning", first.ID().String(), 2}}, &sent)
		return sent
	}
	if !send("alice") {
		t.Error("alice could not send")
	}
	if text := <-got; text != "good morning" {
		t.Errorf("carol got %q", text)
	}
	var seen [][]any
	d.do(t, "seen", object{"key": "bob/message"}, &seen)
	if fmt.Sprint(seen) != "[[good morning]]" {
		t.Errorf("bob got %v", seen)
	}
	d.do(t, "seen", object{"key": "alice/delivered"}, &seen)
	if fmt.Sprint(seen) != "[[2]]" {
		t.Errorf("alice heard of %v deliveries, want 2", seen)
	}
	if send("mallory") {
		t.Errorf("mallory (%s), who is no member, could send", mallory)
	}
	if fmt.Sprint(chat.history) != `["good morning"]` {
		t.Errorf("history = %v, want one message", chat.history)
	}
}
