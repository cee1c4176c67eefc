// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/client"
)

// The names of the tests in this file and its neighbours follow the scenarios of
// upstream's peer tests (nox@b349812f0:crates/nox-tests/tests); the scripts are
// ours.

// joined waits at where until the stream has n elements and freezes it as #out.
func joined(stream, where, n, out string) string {
	return fmt.Sprintf(`(new $seen (seq
	 (fold $%s e (seq (ap e $seen) (seq (canon %s $seen #now) (xor (match #now.length %s (null)) (next e)))))
	 (canon %s $%s #%s)))`, stream, where, n, where, stream, out)
}

func TestTopologyIdentityHeavy(t *testing.T) {
	swarm := startSwarm(t, 3)
	a, b := startClient(t, swarm[0]), startClient(t, swarm[1])
	reached := make(chan struct{}, 1)
	if err := b.Handle("probe", "hit", func(context.Context, client.Call) (any, error) {
		reached <- struct{}{}
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	args := map[string]any{"b": b.ID().String()}
	body := `(call b ("probe" "hit") [])`
	for _, i := range []int{1, 2, 1, 0} {
		name := fmt.Sprint("n", i)
		args[name] = swarm[i].ID().String()
		body = fmt.Sprintf(`(seq (call %s ("op" "noop") []) %s)`, name, body)
	}
	if _, err := a.Send(t.Context(), client.Script{AIR: load([]string{"b", "n0", "n1", "n2"}, body), Args: args}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(10 * time.Second):
		t.Fatal("the other client was not reached")
	}
}

func TestTopologyInitPeerIDHeavy(t *testing.T) {
	swarm := startSwarm(t, 3)
	c := startClient(t, swarm[0])
	var near []string
	waitFor(t, "the routing table", func() bool {
		got := execute(t, c, load([]string{"me"}, `(seq (call relay ("kad" "neighborhood") [me]) (seq (call relay ("kad" "neighborhood") [me [] []] near) `+respond("near")+`))`), map[string]any{"me": c.ID().String()})
		near = decode[[]string](t, got[0])
		return len(near) == 2
	})
	for _, p := range swarm[1:] {
		if !slices.Contains(near, p.ID().String()) {
			t.Errorf("neighborhood %v lacks %s", near, p.ID())
		}
	}
}

func TestTopologyJoinHeavy(t *testing.T) {
	swarm := startSwarm(t, 3)
	c := startClient(t, swarm[0])
	script := load([]string{"peers", "n"}, `(seq
	 (par (fold peers p (par (seq (call p ("op" "identity") [p] $out) (call relay ("op" "noop") [])) (next p))) (null))
	 (seq `+joined("out", "relay", "n", "all")+respond("#all")+`))`)
	got := decode[[]string](t, execute(t, c, script, map[string]any{"peers": ids(swarm), "n": len(swarm)})[0])
	want := ids(swarm)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("joined %v, want %v", got, want)
	}
}

func TestLoopTopologyFoldFoldSeqJoin(t *testing.T) {
	c := startClient(t, startPeer(t, t.TempDir(), nil))
	rows := [][]string{{"a", "b"}, {"c"}, {}, {"d", "e", "f"}}
	script := load([]string{"rows"}, `(seq
	 (fold rows row (seq (fold row x (seq (ap x $flat) (next x))) (next row)))
	 (seq (canon relay $flat #flat) `+respond("#flat #flat.length")+`))`)
	got := execute(t, c, script, map[string]any{"rows": rows})
	if flat := decode[[]string](t, got[0]); strings.Join(flat, "") != "abcdef" || got[1] != "6" {
		t.Errorf("flat = %v", got)
	}
}

func TestLoopTopologyFoldFoldPairsSeqJoin(t *testing.T) {
	swarm := startSwarm(t, 4)
	c := startClient(t, swarm[0])
	type pair struct {
		Peer string   `json:"peer"`
		Rows []string `json:"rows"`
	}
	var pairs []pair
	want := ""
	for i, p := range swarm {
		pairs = append(pairs, pair{p.ID().String(), []string{string(rune('A' + 2*i)), string(rune('B' + 2*i))}})
		want += pairs[i].Rows[0] + pairs[i].Rows[1]
	}
	script := load([]string{"pairs"}, `(seq
	 (fold pairs p (seq (fold p.$.rows x (seq (call p.$.peer ("op" "concat_strings") [x "!"] $out) (next x))) (next p)))
	 (seq (canon relay $out #out) `+respond("#out")+`))`)
	got := decode[[]string](t, execute(t, c, script, map[string]any{"pairs": pairs})[0])
	if text := strings.ReplaceAll(strings.Join(got, ""), "!", ""); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestLoopTopologyFoldParSameNodeStream(t *testing.T) {
	swarm := startSwarm(t, 3)
	c := startClient(t, swarm[0])
	var targets []string
	for i := range 12 {
		targets = append(targets, swarm[i%3].ID().String())
	}
	script := load([]string{"targets", "n"}, `(seq
	 (par (fold targets p (par (seq (call p ("op" "identity") [p] $out) (call relay ("op" "noop") [])) (next p))) (null))
	 (seq `+joined("out", "relay", "n", "all")+respond("#all")+`))`)
	got := decode[[]string](t, execute(t, c, script, map[string]any{"targets": targets, "n": len(targets)})[0])
	slices.Sort(got)
	slices.Sort(targets)
	if !slices.Equal(got, targets) {
		t.Errorf("%d results, want %d", len(got), len(targets))
	}
}

func TestLoopTopologyFoldOnRemotePeer(t *testing.T) {
	swarm := startSwarm(t, 2)
	c := startClient(t, swarm[0])
	script := load([]string{"far"}, `(seq
	 (call far ("op" "array") [1 2 3] xs)
	 (seq (fold xs x (seq (call far ("math" "mul") [x 10] $out) (next x)))
	 (seq (canon far $out #out) `+respond("#out")+`)))`)
	if got := execute(t, c, script, map[string]any{"far": swarm[1].ID().String()})[0]; got != "[10,20,30]" {
		t.Errorf("got %s", got)
	}
}

func TestTwoClientsThroughTwoRelays(t *testing.T) {
	swarm := startSwarm(t, 2)
	alice, bob := startClient(t, swarm[0]), startClient(t, swarm[1])
	if err := bob.Handle("hi", "greet", func(_ context.Context, call client.Call) (any, error) {
		var name string
		if err := call.Bind(&name); err != nil {
			return nil, err
		}
		return "hi " + name, nil
	}); err != nil {
		t.Fatal(err)
	}
	script := load([]string{"bobs", "bob"}, `(seq (call relay ("op" "noop") [])
	 (seq (call bobs ("op" "noop") [])
	 (seq (call bob ("hi" "greet") ["alice"] answer)
	 (seq (call bobs ("op" "noop") []) `+respond("answer")+`))))`)
	got := execute(t, alice, script, map[string]any{"bobs": swarm[1].ID().String(), "bob": bob.ID().String()})
	if got[0] != `"hi alice"` {
		t.Errorf("got %v", got)
	}
}

func TestParRaceWithTimeout(t *testing.T) {
	swarm := startSwarm(t, 2)
	c := startClient(t, swarm[0])
	gone := startPeer(t, t.TempDir(), nil)
	gone.stop()
	script := load([]string{"far"}, `(seq
	 (par (call far ("op" "identity") ["far"] $out)
	      (seq (call relay ("peer" "timeout") [200 "timeout"] late) (ap late $out)))
	 (seq (canon relay $out #out) `+respond("#out.$.[0]")+`))`)
	begin := time.Now()
	if got := execute(t, c, script, map[string]any{"far": gone.ID().String()})[0]; got != `"timeout"` {
		t.Errorf("unreachable peer: %s", got)
	}
	if took := time.Since(begin); took < 200*time.Millisecond || took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	race := load([]string{"far"}, `(seq
	 (par (seq (call far ("op" "identity") ["far"] $out) (call relay ("op" "noop") []))
	      (seq (call relay ("peer" "timeout") [5000 "timeout"] late) (ap late $out)))
	 (seq (canon relay $out #out) `+respond("#out.$.[0]")+`))`)
	begin = time.Now()
	if got := execute(t, c, race, map[string]any{"far": swarm[1].ID().String()})[0]; got != `"far"` {
		t.Errorf("reachable peer: %s", got)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("race took %v", took)
	}
}

func TestBooleanXorAndMatch(t *testing.T) {
	c := startClient(t, startPeer(t, t.TempDir(), nil))
	script := load([]string{"yes", "no"}, `(seq (call relay ("op" "noop") [])
	 (seq (xor (match yes true (ap "then" $out)) (ap "else" $out))
	 (seq (xor (match no true (ap "then" $out)) (ap "else" $out))
	 (seq (xor (mismatch yes no (ap "differ" $out)) (ap "same" $out))
	 (seq (canon relay $out #out) `+respond("#out")+`)))))`)
	if got := execute(t, c, script, map[string]any{"yes": true, "no": false})[0]; got != `["then","else","differ"]` {
		t.Errorf("got %s", got)
	}
}

func TestErrorsReachTheScript(t *testing.T) {
	c := startClient(t, startPeer(t, t.TempDir(), nil))
	script := load(nil, `(seq
	 (xor (call relay ("nosuch" "f") [] x) (ap :error: $errors))
	 (seq (xor (call relay ("peer" "connect") ["x"]) (ap :error: $errors))
	 (seq (canon relay $errors #errors) `+respond("#errors")+`)))`)
	var errs []struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(execute(t, c, script, nil)[0]), &errs); err != nil || len(errs) != 2 {
		t.Fatalf("errors = %v, %v", errs, err)
	}
	if want := `Local service error, ret_code is 1, error message is '"Service with id 'nosuch' not found (function f)"'`; errs[0].Code != 10000 || errs[0].Message != want {
		t.Errorf("got %d %s", errs[0].Code, errs[0].Message)
	}
	if want := "This function is only available to the host or worker spells"; !strings.Contains(errs[1].Message, want) {
		t.Errorf("got %s", errs[1].Message)
	}
}

func TestTetrapletsNameTheOrigin(t *testing.T) {
	swarm := startSwarm(t, 2)
	c := startClient(t, swarm[0])
	script := load([]string{"far"}, `(seq (call far ("op" "array") ["a" "b"] xs)
	 (seq (call relay ("op" "noop") []) (call %init_peer_id% ("callbackSrv" "inspect") [xs.$.[1] far "literal"])))`)
	seen := make(chan client.Call, 1)
	_, err := c.Send(t.Context(), client.Script{AIR: script, Args: map[string]any{"far": swarm[1].ID().String()}, Callbacks: map[string]client.Function{
		"inspect": func(_ context.Context, call client.Call) (any, error) { seen <- call; return nil, nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case call := <-seen:
		first, second := call.Tetraplets[0][0], call.Tetraplets[1][0]
		if first.PeerPK != swarm[1].ID().String() || first.ServiceID != "op" || first.FunctionName != "array" || first.Lens != ".$.[1]" {
			t.Errorf("tetraplet = %+v", first)
		}
		if second.PeerPK != c.ID().String() || second.ServiceID != "getDataSrv" || second.FunctionName != "far" {
			t.Errorf("tetraplet = %+v", second)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("callback was not called")
	}
}

func TestPeerIdentifyAndContacts(t *testing.T) {
	swarm := startSwarm(t, 2)
	c := startClient(t, swarm[0])
	script := load([]string{"far"}, `(seq (call far ("peer" "identify") [] info)
	 (seq (call relay ("peer" "is_connected") [far] near)
	 (seq (call relay ("peer" "get_contact") [far] contact) `+respond("info near contact")+`)))`)
	got := execute(t, c, script, map[string]any{"far": swarm[1].ID().String()})
	info := decode[map[string]any](t, got[0])
	for _, field := range []string{"external_addresses", "allowed_binaries"} {
		if _, ok := info[field].([]any); !ok {
			t.Errorf("%s = %v, want an array", field, info[field])
		}
	}
	if info["air_version"] != "0.62.0" || got[1] != "true" || !strings.Contains(got[2], swarm[1].ID().String()) {
		t.Errorf("got %v", got)
	}
}
