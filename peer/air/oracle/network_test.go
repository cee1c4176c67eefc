// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
	"github.com/go-fluence/fluence/peer/air/oracle"
	"github.com/go-fluence/fluence/peer/air/parse"
	"github.com/go-fluence/fluence/peer/air/value"
)

// member is one peer of a simulated network.
type member struct {
	oracle.Peer
	// official says that the outcomes of avm.wasm are kept, else ours.
	official bool
	kept     []byte
	// open holds the answers to requests that were not fed yet.
	open map[uint32]air.Result
}

// letter is particle data on its way to a member.
type letter struct {
	to   int
	data []byte
}

// setup is everything a run of a network follows from.
type setup struct {
	seed   uint64
	peers  int
	script string
	// hostile says that arriving data may be forged.
	hostile bool
}

// run is one simulated network. Every step runs both interpreters on the same
// input; the member decides whose outcome lives on.
type run struct {
	setup
	avm     *oracle.AVM
	rnd     *rand.Rand
	members []*member
	letters []letter
	sent    []letter
	steps   int
	// refusals counts outcomes that changed nothing.
	refusals int
	counts   map[string]int
	log      []string
	last     air.Input
	// poisoned is set when an outcome cannot be compared any further.
	poisoned bool
	// reenters says that the script may meet a defect of AquaVM, see there.
	reenters bool
	// amnesia says that members may lose what they kept.
	amnesia bool
	// lossy says that letters may be lost.
	lossy bool
}

const (
	particleID = "particle-1"
	maxSteps   = 40
)

var peerNames = []string{"A", "B", "C", "D", "E", "F"}

// drawSetup draws a network and its script.
func drawSetup(seed uint64) setup {
	rnd := rand.New(rand.NewPCG(seed, 1))
	s := setup{seed: seed, peers: 1 + rnd.IntN(3)}
	if rnd.IntN(4) == 0 {
		s.peers = 1 + rnd.IntN(len(peerNames))
	}
	var ids []string
	for _, n := range peerNames[:s.peers] {
		ids = append(ids, oracle.NewPeer(n).ID)
	}
	for range 50 { // most rules are easier to keep by drawing again
		s.script = writeScript(rnd, ids)
		if _, err := parse.Parse(s.script); err == nil {
			break
		}
	}
	if rnd.IntN(40) == 0 {
		s.script = damage(rnd, s.script)
	}
	return s
}

// simulate runs a network until nothing is left to do, and returns the first
// difference.
func simulate(ctx context.Context, avm *oracle.AVM, s setup, counts map[string]int) (*run, *difference) {
	n := &run{setup: s, avm: avm, rnd: rand.New(rand.NewPCG(s.seed, 2)), counts: counts}
	for _, name := range peerNames[:s.peers] {
		n.members = append(n.members, &member{Peer: oracle.NewPeer(name), official: n.rnd.IntN(2) == 0, open: map[uint32]air.Result{}})
	}
	n.amnesia, n.lossy = n.rnd.IntN(30) == 0, n.rnd.IntN(6) == 0
	if tree, err := parse.Parse(s.script); err == nil {
		n.reenters = reenters(tree.Root, map[string]bool{}, map[string]bool{})
	}
	n.letters = []letter{{}}
	for n.steps < maxSteps {
		more, d := n.step(ctx)
		if d != nil {
			return n, d
		}
		if !more {
			break
		}
	}
	n.survey()
	return n, nil
}

// choose draws which member runs next, and on what. ok is false when nothing is
// left.
func (n *run) choose() (to int, arrived []byte, ok bool) {
	var waiting []int
	for i, p := range n.members {
		if len(p.open) > 0 {
			waiting = append(waiting, i)
		}
	}
	switch {
	case len(n.letters) == 0 && len(waiting) == 0:
		return 0, nil, false
	case len(n.sent) > 0 && n.rnd.IntN(12) == 0: // something old, once more
		l := n.sent[n.rnd.IntN(len(n.sent))]
		return l.to, l.data, true
	case len(waiting) > 0 && (len(n.letters) == 0 || n.rnd.IntN(2) == 0):
		return waiting[n.rnd.IntN(len(waiting))], nil, true
	}
	i := n.rnd.IntN(len(n.letters))
	l := n.letters[i]
	if n.rnd.IntN(6) > 0 { // else it will come twice
		n.letters = slices.Delete(n.letters, i, i+1)
	}
	if n.lossy && n.steps > 0 && n.rnd.IntN(10) == 0 { // lost
		return n.choose()
	}
	return l.to, l.data, true
}

// step runs one member once.
func (n *run) step(ctx context.Context) (more bool, d *difference) {
	to, arrived, ok := n.choose()
	if !ok {
		return false, nil
	}
	n.steps++
	p := n.members[to]
	if n.amnesia && n.rnd.IntN(6) == 0 {
		p.kept, p.open = nil, map[uint32]air.Result{}
	}
	in := air.Input{
		Script: n.script, Prev: p.kept, Data: arrived, Results: n.results(p, arrived == nil),
		Budget: air.Budget{Steps: 5_000, Bytes: 4 << 20},
		Params: n.params(p),
	}
	n.last = in
	if forged := n.forge(in.Data); forged != nil {
		in.Data = forged
		n.last = in
		return n.forgedStep(ctx, p, in)
	}
	ours, theirs, d := n.both(ctx, in)
	if d != nil {
		return false, d
	}
	out := ours
	if p.official {
		out = theirs
	}
	n.record(p, &in, out)
	if out == nil || theirs == nil || out.Code == int64(parse.Code) {
		return false, nil
	}
	if refused(out.Code) {
		if n.refusals++; n.refusals > 2 { // the rest of this network would be more of the same
			return false, nil
		}
	}
	if n.poisoned { // the two go separate ways from here on
		return false, nil
	}
	n.apply(p, &in, out)
	return true, nil
}

// params are those of a step. Rarely one of them is unusual.
func (n *run) params(p *member) air.Params {
	params := air.Params{
		InitPeerID: n.members[0].ID, CurrentPeerID: p.ID, SecretKey: p.Seed, ParticleID: particleID,
		Timestamp: 1_700_000_000_000, TTL: 7000,
	}
	switch n.rnd.IntN(150) {
	case 0:
		params.AirSizeLimit, params.HardLimit = uint64(n.rnd.IntN(500)), n.rnd.IntN(2) == 0
	case 1:
		params.ParticleSizeLimit, params.HardLimit = uint64(n.rnd.IntN(2000)), n.rnd.IntN(2) == 0
	case 2:
		params.CallResultSizeLimit, params.HardLimit = uint64(n.rnd.IntN(50)), n.rnd.IntN(2) == 0
	case 3:
		params.SecretKey = p.Seed[:n.rnd.IntN(32)]
	case 4:
		params.KeyFormat = air.KeyFormat(1 + n.rnd.IntN(3))
	}
	return params
}

// forge returns a forged form of arriving data, or nil.
func (n *run) forge(arrived []byte) []byte {
	if !n.hostile || len(arrived) == 0 || n.rnd.IntN(3) == 0 {
		return nil
	}
	return forge(n.rnd, arrived, n.members)
}

// forgedStep runs both interpreters on forged data. The network forgets the
// outcome, so that what follows is not compared on impossible histories.
func (n *run) forgedStep(ctx context.Context, p *member, in air.Input) (more bool, d *difference) {
	n.counts["forged"]++
	ours, theirs, err := n.invoke(ctx, in)
	if err != nil {
		return false, err
	}
	n.record(p, &in, ours)
	return true, n.judgeForged(ctx, in, ours, theirs)
}

// results draws which open answers a member feeds now. Rarely there is one that
// nobody asked for.
func (n *run) results(p *member, must bool) map[uint32]air.Result {
	fed := map[uint32]air.Result{}
	for _, id := range slices.Sorted(maps.Keys(p.open)) {
		if must && n.rnd.IntN(4) > 0 || !must && n.rnd.IntN(3) == 0 {
			fed[id] = p.open[id]
		}
	}
	if n.rnd.IntN(300) == 0 {
		fed[77] = air.Result{JSON: []byte("1")}
	}
	return fed
}

// invoke runs both interpreters. theirs is nil where avm.wasm crashed.
func (n *run) invoke(ctx context.Context, in air.Input) (ours, theirs *air.Outcome, d *difference) {
	n.counts["invocations"]++
	a, err := air.Invoke(ctx, in)
	if err != nil {
		return nil, nil, differ("our error", "%v", err)
	}
	n.counts[fmt.Sprintf("code %d", a.Code)]++
	if exec.Code(a.Code) == exec.CodeBudget {
		// What is too much for a small budget keeps avm.wasm busy for minutes.
		n.counts["beyond the budget"]++
		return &a, nil, nil
	}
	b, err := n.avm.Invoke(ctx, in)
	if errors.Is(err, oracle.ErrTrap) {
		n.counts[fmt.Sprintf("avm.wasm crashed, ours %d", a.Code)]++
		return &a, nil, nil
	}
	if err != nil {
		return nil, nil, differ("harness", "%v", err)
	}
	if deviation(&a, &b) {
		n.counts[fmt.Sprintf("named deviation %d", a.Code)]++
	}
	return &a, &b, nil
}

// both runs both interpreters and compares.
func (n *run) both(ctx context.Context, in air.Input) (ours, theirs *air.Outcome, d *difference) {
	a, b, d := n.invoke(ctx, in)
	if d != nil || b == nil {
		return a, b, d
	}
	if deviation(a, b) {
		switch {
		case n.amnesia:
		case exec.Code(a.Code) == exec.CodeSigners && unverifiable(b.Data):
			// A catchable error behind a merged state lost a result of another peer: AquaVM
			// goes on with data that every peer refuses.
			n.counts["named deviation: refused where AquaVM makes data that do not verify"]++
			n.poisoned = true
		default:
			d = differ(fmt.Sprintf("honest data refused with %d", a.Code), "%s", a.Message)
		}
		return a, b, d
	}
	return a, b, n.pardon(&in, a, b, compare(a, b, particleID))
}

// pardon drops a difference that is a known defect of AquaVM and counts it.
func (n *run) pardon(in *air.Input, ours, theirs *air.Outcome, d *difference) *difference {
	switch {
	case d == nil:
		return nil
	case d.kind == "their signatures" && notJSON(in.Results):
		// AquaVM forgets to sign a failure whose result is no JSON (air.md 3.3).
		n.counts["known defect: unsigned by avm.wasm"]++
		return nil
	case theirs.Code == int64(exec.CodeTrace) && !refused(ours.Code) && (strandsLeft(in.Prev) || strandsLeft(in.Data)):
		n.counts["known defect: avm.wasm stays in the left branch of a par"]++
		n.poisoned = true
		return nil
	case n.reenters:
		n.counts["known defect: avm.wasm forgets a stream below a new"]++
		n.poisoned = true
		return nil
	}
	return d
}

// reenters reports whether a new of a stream or stream map holds a next of a fold
// around it. Where such a script writes the name outside the new while the body
// is entered again, AquaVM replaces the inner stream by a new outer one and loses
// values (air.md 3.1).
func reenters(in ast.Instr, folds map[string]bool, inNew map[string]bool) bool {
	switch in := in.(type) {
	case *ast.Next:
		return inNew[in.Iterator.Name]
	case *ast.Fold:
		folds = maps.Clone(folds)
		folds[in.Iterator.Name] = true
		inNew = maps.Clone(inNew)
		delete(inNew, in.Iterator.Name)
	case *ast.New:
		if in.Var.Kind == ast.Stream || in.Var.Kind == ast.StreamMap {
			inNew = maps.Clone(folds)
		}
	}
	return slices.ContainsFunc(ast.Children(in), func(c ast.Instr) bool { return reenters(c, folds, inNew) })
}

// strandsLeft reports whether data holds a par on which AquaVM goes wrong when its
// left branch leaves recorded states over, as one does whose condition changed. It
// moves behind them only if as many states follow as the branch has; else the right
// branch is given the rest of the left one.
func strandsLeft(raw []byte) bool {
	d, err := data.Decode(raw, data.DefaultLimits())
	if err != nil {
		return false
	}
	for i := range d.Trace {
		if s := &d.Trace[i]; s.Kind() == data.KindPar {
			if left, _ := s.Sizes(); i+1+2*int(left) > len(d.Trace) {
				return true
			}
		}
	}
	return false
}

// deviation reports whether ours refuses what AquaVM accepts by a named rule
// (perimeter.md 2).
func deviation(ours, theirs *air.Outcome) bool {
	switch exec.Code(ours.Code) {
	case exec.CodeOwnState, exec.CodeSigners:
		return ours.Code != theirs.Code
	}
	return false
}

// unverifiable reports whether every receiver would refuse the data.
func unverifiable(raw []byte) bool {
	d, err := data.Decode(raw, data.DefaultLimits())
	if err == nil {
		_, err = data.Verify(d, particleID, data.DefaultLimits(), nil)
	}
	return err != nil
}

func notJSON(results map[uint32]air.Result) bool {
	for _, r := range results {
		if _, err := value.ParseBytes(r.JSON); err != nil && r.Code == 0 {
			return true
		}
	}
	return false
}

// apply gives the effects of an outcome to the network.
func (n *run) apply(p *member, in *air.Input, out *air.Outcome) {
	if out.Code < 20000 || out.Code >= 30000 {
		for id := range in.Results {
			delete(p.open, id)
		}
	}
	p.kept = out.Data
	for _, id := range slices.Sorted(maps.Keys(out.Calls)) {
		p.open[id] = n.answer(p, out.Calls[id])
	}
	for _, id := range slices.Sorted(slices.Values(out.Next)) {
		for to := range n.members {
			if n.members[to].ID == id {
				l := letter{to, out.Data}
				n.letters, n.sent = append(n.letters, l), append(n.sent, l)
			}
		}
	}
}

// answer is the service of a member. It depends on the call alone, and for a few
// functions on the seed.
func (n *run) answer(p *member, c air.Call) air.Result {
	arg := json.RawMessage("null")
	if len(c.Args) > 0 {
		arg = c.Args[0]
	}
	sum := sha256.Sum256(fmt.Append(nil, n.seed, p.ID, c.Function, c.Args))
	draw := binary.LittleEndian.Uint32(sum[:])
	text := ""
	switch c.Function {
	case "args":
		all, _ := json.Marshal(c.Args)
		text = string(all)
	case "obj":
		text = fmt.Sprintf(`{"k":"k","l":[%s,{"a":1}], "e":{"error_code":%d,"message":"made"}}`, arg, draw%3)
	case "arr":
		text = fmt.Sprintf(`[ 1, "k", {"l":[2,3],"error_code":7,"message":"el"}, %s ]`, arg)
	case "peer":
		text = fmt.Sprintf("%q", n.members[int(draw)%len(n.members)].ID)
	case "num":
		text = fmt.Sprint(int32(draw) % 5)
	case "float":
		text = []string{"1e2", "-0", "0.1e-6", "123456789012345678901234567890", "[1.0,1,1e16]", "2.5"}[draw%6]
	case "err":
		return air.Result{Code: 1, JSON: []byte(`"boom"`)}
	case "err2":
		return air.Result{Code: int32(draw), JSON: []byte(`{ "not":"text" }`)}
	case "bad":
		return air.Result{JSON: []byte([]string{"{bad", "", "nul", `"\ud800"`, "[1,]", "1e999"}[draw%6])}
	case "deep":
		text = strings.Repeat("[", 100+int(draw%40)) + strings.Repeat("]", 100+int(draw%40))
	case "big":
		text = `"` + strings.Repeat("large ", 2000) + `"`
	case "mess":
		text = "{ \"b\" : 1,\n\"a\":[ ],\"b\":\"\\u0041\\/\", \"\":null }"
	case "errobj":
		text = fmt.Sprintf(`{"error_code":%d,"message":"service"}`, int32(draw)%3)
	case "pairs":
		text = `[{"key":"k","value":1},{"key":7,"value":[]},"k",7]`
	case "str":
		text = `"str\u0001é"`
	case "null":
		text = "null"
	default:
		text = string(arg)
	}
	return air.Result{JSON: []byte(text)}
}

// record notes a step for the transcript of a failure.
func (n *run) record(p *member, in *air.Input, out *air.Outcome) {
	whose := "ours"
	if p.official {
		whose = "avm.wasm"
	}
	line := fmt.Sprintf("%d. %s (%s) results %v", n.steps, p.Name, whose, slices.Sorted(maps.Keys(in.Results)))
	if out != nil {
		line += fmt.Sprintf(": code %d %s, calls %v, next %d", out.Code, out.Message, slices.Sorted(maps.Keys(out.Calls)), len(out.Next))
	}
	n.log = append(n.log, line)
}

// survey counts what the traces of the members are made of.
func (n *run) survey() {
	for _, p := range n.members {
		d, err := data.Decode(p.kept, data.DefaultLimits())
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(traceText(d)) {
			if i := strings.IndexAny(word, "(["); i > 0 {
				n.counts["states "+word[:i]]++
			}
		}
	}
}
