// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the peer that the builtins of a test speak for.
type world struct {
	dialled []peer.AddrInfo
	near    []peer.ID
	key     [sha256.Size]byte
}

func (w *world) Connected(id peer.ID) bool { return id == idOf(1) }

func (w *world) Connect(_ context.Context, to peer.AddrInfo) error {
	w.dialled = append(w.dialled, to)
	if to.ID == idOf(1) {
		return nil
	}
	return errors.New("no route")
}

func (w *world) Addresses(id peer.ID) ([]string, bool) {
	return []string{"/ip4/1.2.3.4/tcp/7777"}, id == idOf(1)
}

func (w *world) Neighborhood(key [sha256.Size]byte, count int, includeSelf bool) ([]peer.ID, error) {
	w.key = key
	ids := w.near
	if includeSelf {
		ids = append([]peer.ID{idOf(0)}, ids...)
	}
	return ids[:min(count, len(ids))], nil
}

func (w *world) Sign(scope peer.ID, data []byte) ([]byte, error) {
	return append([]byte(scope)[:2], data...), nil
}

func (w *world) Verify(scope peer.ID, data, signature []byte) (bool, error) {
	return string(signature) == string(scope)[:2]+string(data), nil
}

// idOf is a fixed peer id: an identity multihash of an Ed25519 key.
func idOf(n byte) peer.ID {
	raw := append([]byte{0, 36, 8, 1, 18, 32}, make([]byte, 32)...)
	raw[37] = n
	return peer.ID(raw)
}

func newRegistry(t testing.TB) (*Registry, *world) {
	t.Helper()
	w := &world{near: []peer.ID{idOf(1), idOf(2), idOf(3)}}
	r, err := New(Deps{
		Self: idOf(0), Managers: []peer.ID{idOf(9)}, Network: w, Routing: w, Signer: w,
		Identify: func() Info { return Info{NodeVersion: "v"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// call makes a call as the given initiator; args is a JSON array.
func call(t testing.TB, r *Registry, from peer.ID, name, args string) pipeline.Result {
	t.Helper()
	service, function, _ := strings.Cut(name, ".")
	c := pipeline.Call{
		Scope:    pipeline.Scope{Host: idOf(0), Peer: idOf(0)},
		Particle: &particle.Particle{ID: "p", InitPeerID: from.String()},
		Service:  service, Function: function,
	}
	if err := json.Unmarshal([]byte(args), &c.Args); err != nil {
		t.Fatalf("%s: %v", args, err)
	}
	res, err := r.Call(context.Background(), c)
	if err != nil {
		t.Fatalf("%s%s = %v", name, args, err)
	}
	if !json.Valid(res.JSON) {
		t.Fatalf("%s%s answers %q, which is not JSON", name, args, res.JSON)
	}
	return res
}

// TestTable reads testdata/calls.txt: one call per line, "service.function args
// => value" or "service.function args !! error text".
func TestTable(t *testing.T) {
	r, _ := newRegistry(t)
	raw, err := os.ReadFile("testdata/calls.txt")
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for n, line := range strings.Split(string(raw), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		want, code := "", int32(0)
		head, value, ok := strings.Cut(line, " => ")
		if want = value; !ok {
			head, value, ok = strings.Cut(line, " !! ")
			text, err := encode(value)
			if err != nil || !ok {
				t.Fatalf("line %d is not a case: %s", n+1, line)
			}
			want, code = string(text), 1
		}
		name, args, _ := strings.Cut(head, " ")
		covered[name] = true
		if res := call(t, r, idOf(5), name, args); res.Code != code || string(res.JSON) != want {
			t.Errorf("line %d: %s %s\n got %d %s\nwant %d %s", n+1, name, args, res.Code, res.JSON, code, want)
		}
	}
	for _, service := range []string{"op", "math", "cmp", "array", "json", "debug"} {
		for name := range r.entries[service] {
			if !covered[service+"."+name] {
				t.Errorf("%s.%s has no case in testdata/calls.txt", service, name)
			}
		}
	}
}

func TestEveryFunctionOfAquaLibIsThereOrComesWithWasm(t *testing.T) {
	r, _ := newRegistry(t)
	have := strings.Join(r.Functions(), " ")
	for _, name := range strings.Fields(`
		op.noop op.array_length op.array op.concat op.identity op.string_to_b58 op.string_from_b58 op.bytes_to_b58
		op.bytes_from_b58 op.sha256_string op.concat_strings peer.identify peer.timestamp_ms peer.timestamp_sec
		peer.timeout peer.is_connected peer.connect peer.get_contact kad.neighborhood kad.merge sig.sign sig.verify
		sig.get_peer_id debug.stringify run-console.print math.add math.sub math.mul math.fmul math.div math.rem
		math.pow math.log cmp.gt cmp.gte cmp.lt cmp.lte cmp.cmp array.sum array.dedup array.intersect array.diff
		array.sdiff array.slice array.length json.obj json.put json.puts json.parse json.stringify json.obj_pairs json.puts_pairs`) {
		if !strings.Contains(have, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestIdentifyHasNoNullLists(t *testing.T) {
	r, _ := newRegistry(t)
	want := `{"external_addresses":[],"node_version":"v","air_version":"","spell_version":"","allowed_binaries":[],"vm_info":null}`
	if res := call(t, r, idOf(5), "peer.identify", "[]"); string(res.JSON) != want {
		t.Errorf("identify = %s", res.JSON)
	}
}

func TestGuardedFunctions(t *testing.T) {
	const denied = `"This function is only available to the host or worker spells"`
	tests := map[string]struct {
		from peer.ID
		ok   bool
	}{"host": {idOf(0), true}, "manager": {idOf(9), true}, "stranger": {idOf(5), false}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, w := newRegistry(t)
			printed := call(t, r, tt.from, "run-console.print", `["hello"]`)
			connect := call(t, r, tt.from, "peer.connect", fmt.Sprintf(`[%q, ["/ip4/1.2.3.4/tcp/1"]]`, idOf(1)))
			if !tt.ok {
				if string(printed.JSON) != denied || string(connect.JSON) != denied || len(w.dialled) != 0 {
					t.Errorf("stranger got %s, %s and %d dials", printed.JSON, connect.JSON, len(w.dialled))
				}
				return
			}
			if string(printed.JSON) != `""` || string(connect.JSON) != "true" || len(w.dialled) != 1 {
				t.Errorf("got %s, %s and %d dials", printed.JSON, connect.JSON, len(w.dialled))
			}
			if res := call(t, r, tt.from, "peer.connect", fmt.Sprintf(`[%q]`, idOf(2))); string(res.JSON) != "false" {
				t.Errorf("failed dial = %s, want false", res.JSON)
			}
		})
	}
}

func TestContacts(t *testing.T) {
	r, _ := newRegistry(t)
	tests := map[string]string{
		"is_connected 1": "true", "is_connected 2": "false", "is_connected 0": "true",
		"get_contact 1": fmt.Sprintf(`[{"peer_id":%q,"addresses":["/ip4/1.2.3.4/tcp/7777"]}]`, idOf(1)),
		"get_contact 2": "[]",
	}
	for name, want := range tests {
		function, n, _ := strings.Cut(name, " ")
		if res := call(t, r, idOf(5), "peer."+function, fmt.Sprintf("[%q]", idOf(n[0]-'0'))); string(res.JSON) != want {
			t.Errorf("%s = %s, want %s", name, res.JSON, want)
		}
	}
	if res := call(t, r, idOf(5), "peer.is_connected", `["nonsense"]`); res.Code != 1 {
		t.Errorf("bad peer id = %s, want an error", res.JSON)
	}
}

func TestTimeoutIsBoundByTheParticle(t *testing.T) {
	r, _ := newRegistry(t)
	tests := map[string]struct {
		args, want string
		code       int32
		took       time.Duration
	}{
		"number":       {`[100,"late"]`, `"late"`, 0, 100 * time.Millisecond},
		"text":         {`["250",["late"]]`, `"late"`, 0, 250 * time.Millisecond},
		"no message":   {`[1]`, `""`, 0, time.Millisecond},
		"past its end": {`[18446744073709551615,"never"]`, `"particle ended before the timeout: context deadline exceeded"`, 1, time.Second},
		"no duration":  {`[]`, `"Field 'duration_ms' is missing from args to call_service"`, 1, 0},
		"negative":     {`[-1]`, `"Error deserializing field 'duration_ms': expected u64, got -1"`, 1, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				c := pipeline.Call{Service: "peer", Function: "timeout", Particle: &particle.Particle{}}
				if err := json.Unmarshal([]byte(tt.args), &c.Args); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				res, err := r.Call(ctx, c)
				if err != nil || res.Code != tt.code || string(res.JSON) != tt.want || time.Since(begin) != tt.took {
					t.Errorf("got %d %s, %v after %v", res.Code, res.JSON, err, time.Since(begin))
				}
			})
		})
	}
	if r.Kind("peer", "timeout") != pipeline.Wait || r.Kind("op", "noop") != pipeline.Pure || r.Kind("x", "y") != pipeline.Effect {
		t.Error("kinds are wrong")
	}
}

func TestNeighborhood(t *testing.T) {
	r, w := newRegistry(t)
	key := `"` + idOf(7).String() + `"`
	res := call(t, r, idOf(5), "kad.neighborhood", "["+key+"]")
	var ids []string
	if err := json.Unmarshal(res.JSON, &ids); err != nil || len(ids) != 3 || ids[0] != idOf(1).String() {
		t.Errorf("neighborhood = %s", res.JSON)
	}
	wrapped := append([]byte{0x12, byte(len(idOf(7)))}, idOf(7)...)
	if w.key != sha256.Sum256(wrapped) {
		t.Errorf("asked for key %x, want the hash of the bytes wrapped as a multihash", w.key)
	}
	if res = call(t, r, idOf(5), "kad.neighborhood", "["+key+", [], [1]]"); !strings.HasPrefix(string(res.JSON), `["`) || strings.Contains(string(res.JSON), ",") {
		t.Errorf("one neighbour = %s", res.JSON)
	}
	if res = call(t, r, idOf(5), "kad.neighborhood", "["+key+", false, 20, true]"); !strings.Contains(string(res.JSON), idOf(0).String()) {
		t.Errorf("include_self = %s", res.JSON)
	}
	if res = call(t, r, idOf(5), "kad.neighborhood", `["2", true]`); res.Code != 1 {
		t.Errorf("bad multihash = %s, want an error", res.JSON)
	}
	if res = call(t, r, idOf(5), "kad.neigh_with_addrs", "["+key+", false, 1]"); string(res.JSON) != fmt.Sprintf(`[{"peer_id":%q,"addresses":["/ip4/1.2.3.4/tcp/7777"]}]`, idOf(1)) {
		t.Errorf("neigh_with_addrs = %s", res.JSON)
	}
}

func TestSign(t *testing.T) {
	self := idOf(0).String()
	good := air.Tetraplet{PeerPK: self, ServiceID: "registry", FunctionName: "get_record_bytes"}
	own := air.Origin{Kind: air.OriginResult, Peer: self, Service: "registry", Function: "get_record_bytes"}
	tests := map[string]struct {
		from    peer.ID
		edit    func(c *pipeline.Call)
		success bool
	}{
		"own particle":     {idOf(0), func(*pipeline.Call) {}, true},
		"manager":          {idOf(9), func(*pipeline.Call) {}, true},
		"stranger":         {idOf(5), func(*pipeline.Call) {}, false},
		"other function":   {idOf(0), func(c *pipeline.Call) { c.Tetraplets[0][0].FunctionName = "get_key_bytes" }, false},
		"other peer":       {idOf(0), func(c *pipeline.Call) { c.Tetraplets[0][0].PeerPK = idOf(1).String() }, false},
		"lens":             {idOf(0), func(c *pipeline.Call) { c.Tetraplets[0][0].Lens = ".$.[0]" }, false},
		"stream":           {idOf(0), func(c *pipeline.Call) { c.Tetraplets[0] = append(c.Tetraplets[0], good) }, false},
		"no tetraplets":    {idOf(0), func(c *pipeline.Call) { c.Tetraplets = nil }, false},
		"forged tetraplet": {idOf(0), func(c *pipeline.Call) { c.Origins[0][0] = air.Origin{Kind: air.OriginUnknown} }, false},
		"nobody":           {idOf(0), func(c *pipeline.Call) { c.Origins = nil }, false},
		"canon":            {idOf(0), func(c *pipeline.Call) { c.Origins[0] = append(c.Origins[0], air.Origin{Kind: air.OriginCanon}) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegistry(t)
			c := pipeline.Call{
				Scope: pipeline.Scope{Host: idOf(0), Peer: idOf(0)}, Particle: &particle.Particle{InitPeerID: tt.from.String()},
				Service: "sig", Function: "sign", Args: []json.RawMessage{json.RawMessage("[1,2,255]")},
				Tetraplets: [][]air.Tetraplet{{good}}, Origins: [][]air.Origin{{own}},
			}
			tt.edit(&c)
			res, err := r.Call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			var got signResult
			if err := json.Unmarshal(res.JSON, &got); err != nil || res.Code != 0 || got.Success != tt.success {
				t.Fatalf("sign = %d %s, %v; want success %v", res.Code, res.JSON, err, tt.success)
			}
			if tt.success != (len(got.Signature) == 1) || tt.success == (len(got.Error) == 1) {
				t.Errorf("sign = %s, want options as arrays", res.JSON)
			}
		})
	}
	r, _ := newRegistry(t)
	if res := call(t, r, idOf(5), "sig.verify", "[[0,36,7],[7]]"); string(res.JSON) != "true" {
		t.Errorf("verify = %s", res.JSON)
	}
	if res := call(t, r, idOf(5), "sig.get_peer_id", "[]"); string(res.JSON) != `"`+self+`"` {
		t.Errorf("get_peer_id = %s", res.JSON)
	}
}

// others answers for service "wasm" only.
type others struct{}

func (others) Call(_ context.Context, c pipeline.Call) (pipeline.Result, error) {
	if c.Service != "wasm" {
		return pipeline.Result{}, ErrNotDefined
	}
	return pipeline.Result{JSON: []byte("1"), Gas: 7}, nil
}

func TestOtherServicesJoin(t *testing.T) {
	r, _ := newRegistry(t)
	r.Fallback(others{})
	if res := call(t, r, idOf(5), "wasm.f", "[]"); string(res.JSON) != "1" || res.Gas != 7 {
		t.Errorf("fallback = %s with gas %d", res.JSON, res.Gas)
	}
	for _, name := range []string{"nosuch.f", "peer.nosuch"} {
		service, function, _ := strings.Cut(name, ".")
		want := fmt.Sprintf(`"Service with id '%s' not found (function %s)"`, service, function)
		if res := call(t, r, idOf(5), name, "[]"); res.Code != 1 || string(res.JSON) != want {
			t.Errorf("%s = %d %s, want %s", name, res.Code, res.JSON, want)
		}
	}
	if err := r.Add("op", map[string]Entry{"noop": {}}); err == nil {
		t.Error("Add replaced a builtin")
	}
	if err := r.Add("srv", map[string]Entry{"list": pure(func(*Args) (any, error) { return []string{}, nil })}); err != nil {
		t.Errorf("Add = %v", err)
	}
	if res := call(t, r, idOf(5), "srv.list", "[]"); string(res.JSON) != "[]" {
		t.Errorf("srv.list = %s", res.JSON)
	}
}

func TestLongBase58IsRefusedFast(t *testing.T) {
	r, _ := newRegistry(t)
	long := `["` + strings.Repeat("z", 1<<20) + `"]`
	begin := time.Now()
	for _, name := range []string{"op.string_to_b58", "op.string_from_b58", "op.bytes_from_b58", "kad.neighborhood"} {
		if res := call(t, r, idOf(5), name, long); res.Code != 1 {
			t.Errorf("%s took 1 MiB", name)
		}
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("refusals took %v", took)
	}
}

func FuzzCall(f *testing.F) {
	r, _ := newRegistry(f)
	names := r.Functions()
	for i := range names {
		f.Add(uint8(i), []byte(`[1,2]`))
		f.Add(uint8(i), []byte(`["a",["b"],{"c":1.5e300}]`))
	}
	f.Fuzz(func(t *testing.T, n uint8, args []byte) {
		service, function, _ := strings.Cut(names[int(n)%len(names)], ".")
		if function == "timeout" {
			return
		}
		c := pipeline.Call{Scope: pipeline.Scope{Host: idOf(0), Peer: idOf(0)}, Particle: &particle.Particle{InitPeerID: idOf(0).String()}, Service: service, Function: function}
		if json.Unmarshal(args, &c.Args) != nil {
			return
		}
		res, err := r.Call(context.Background(), c)
		if err != nil || !json.Valid(res.JSON) {
			t.Fatalf("%s.%s%s = %d %q, %v", service, function, args, res.Code, res.JSON, err)
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	r, _ := newRegistry(b)
	c := pipeline.Call{Particle: &particle.Particle{InitPeerID: "x"}, Service: "op", Function: "identity", Args: []json.RawMessage{json.RawMessage(`"hello"`)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Call(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}
