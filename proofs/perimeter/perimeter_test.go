// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// policiesOfPage returns the policies of docs/spec/perimeter.md in order.
func policiesOfPage(t testing.TB) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/spec/perimeter.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range strings.Split(string(page), "```json\n")[1:] {
		text, _, ok := strings.Cut(block, "```")
		if !ok {
			t.Fatal("a block is not closed")
		}
		out = append(out, text)
	}
	if len(out) != 10 {
		t.Fatalf("%d policies on the page, want 10", len(out))
	}
	return out
}

func policyOfPage(t testing.TB, number int) Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(policiesOfPage(t)[number-1]))
	if err != nil {
		t.Fatalf("policy %d: %v", number, err)
	}
	return p
}

func TestPoliciesOfThePageAreValid(t *testing.T) {
	for i := range policiesOfPage(t) {
		p := policyOfPage(t, i+1)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePolicy(text)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
			t.Errorf("policy %d: read again as %v, %v", i+1, again, err)
		}
	}
}

// fact is a signed result with its statement.
func fact(peer, service, function, value string, from [][]Origin, args ...string) Statement {
	s := Statement{Value: json.RawMessage(value), Args: raws(args...), Origins: from}
	s.Origin = Origin{Kind: FromResult, Peer: peer, Service: service, Function: function, ArgumentHash: ArgumentHash(s.Args), CID: "cid of " + peer + service + function + value + strings.Join(args, ",")}
	if from == nil {
		for range args {
			s.Origins = append(s.Origins, []Origin{{Kind: FromInitiator}})
		}
	}
	return s
}

func raws(texts ...string) []json.RawMessage {
	var out []json.RawMessage
	for _, t := range texts {
		out = append(out, json.RawMessage(t))
	}
	return out
}

func initiatorWord() []Origin { return []Origin{{Kind: FromInitiator}} }

// add computes math.add and nothing else.
func add(service, function string, args []json.RawMessage) (json.RawMessage, bool) {
	var a, b int
	if service != "math" || function != "add" || len(args) != 2 || json.Unmarshal(args[0], &a) != nil || json.Unmarshal(args[1], &b) != nil {
		return nil, false
	}
	return fmt.Append(nil, a+b), true
}

type scene struct {
	perimeter Perimeter
	call      Call
	facts     []Statement
}

func (s *scene) decide() Decision {
	s.call.Statements = func() []Statement { return s.facts }
	return Decide(&s.call, []*Book{NewBook(s.perimeter)})
}

func newScene(p Policy, member Member, more ...Member) *scene {
	s := &scene{perimeter: Perimeter{ID: "p", Version: 7, State: Active, Number: 3, Policy: p, Members: append(more, member)}}
	s.call = Call{
		Peer: member.Peer, Service: member.Service, Names: []string{member.Service}, Initiator: "alice",
		Now: 1_000_000, Timestamp: 1_000_000, TTL: 10_000, Bound: true, Recompute: add,
	}
	return s
}

func (s *scene) ask(function string, args []string, origins ...[]Origin) *scene {
	s.call.Function, s.call.Args, s.call.Origins = function, raws(args...), origins
	return s
}

func follows(peer, service, role string, functions ...string) Member {
	return Member{Peer: peer, Service: service, Role: role, Functions: functions, Follow: true}
}

// groupChat is policy 3 with its history called honestly.
func groupChat(t testing.TB) *scene {
	s := newScene(policyOfPage(t, 3), follows("H", "history", ""), follows("M", "members", "auth"))
	s.facts = []Statement{fact("M", "members", "is_member", `{"ok":true}`, nil, `"alice"`)}
	return s.ask("add", []string{`"hi"`, `"alice"`}, initiatorWord(), initiatorWord())
}

func oracle(t testing.TB) *scene {
	s := newScene(policyOfPage(t, 5), follows("S", "shop", ""), follows("O", "prices", "oracle"))
	price := fact("O", "prices", "of", `10`, nil, `"tea"`)
	s.facts = []Statement{price}
	return s.ask("buy", []string{`"tea"`, `10`}, initiatorWord(), []Origin{price.Origin})
}

func bill(t testing.TB) *scene {
	s := newScene(policyOfPage(t, 7), follows("B", "bill", ""), follows("X", "meter", "meter"), follows("alice", "none", ""))
	read, more := fact("X", "meter", "read", `2`, nil, `1`), fact("X", "meter", "read", `3`, nil, `2`)
	sum := fact("Z", "math", "add", `5`, [][]Origin{{read.Origin}, {more.Origin}}, `2`, `3`)
	s.facts = []Statement{read, more, sum}
	return s.ask("charge", []string{`5`}, []Origin{sum.Origin})
}

func certified(t testing.TB) *scene {
	s := newScene(policyOfPage(t, 2), follows("S", "s", ""))
	root := s.perimeter.Policy.Roots[0].Peer
	s.call.Chains = func() []Chain { return []Chain{{Keys: []string{root, "department", "alice"}}} }
	return s.ask("f", nil)
}

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		scene *scene
		edit  func(*scene)
		want  string // code, or the outcome
	}{
		"chat: honest":                              {groupChat(t), nil, "admitted"},
		"chat: the initiator is no member":          {groupChat(t), func(s *scene) { s.facts[0] = fact("M", "members", "is_member", `{"ok":false}`, nil, `"alice"`) }, "door.7.requires"},
		"chat: asked about somebody else":           {groupChat(t), func(s *scene) { s.facts[0] = fact("M", "members", "is_member", `{"ok":true}`, nil, `"bob"`) }, "door.7.requires"},
		"chat: gate by choice (F10)":                {groupChat(t), func(s *scene) { s.facts[0] = fact("evil", "members", "is_member", `{"ok":true}`, nil, `"alice"`) }, "door.7.requires"},
		"chat: member with another role":            {groupChat(t), func(s *scene) { s.perimeter.Members[0].Role = "guest" }, "door.7.requires"},
		"chat: arguments that are not those signed": {groupChat(t), func(s *scene) { s.facts[0].Origin.ArgumentHash = "other" }, "door.7.requires"},
		"chat: no evidence":                         {groupChat(t), func(s *scene) { s.facts = nil }, "door.7.requires"},
		"chat: other function":                      {groupChat(t), func(s *scene) { s.call.Function = "drop" }, "door.7.rule"},
		"chat: id binds nothing":                    {groupChat(t), func(s *scene) { s.call.Bound = false }, "door.7.unbound"},
		"chat: text from outside":                   {groupChat(t), func(s *scene) { s.call.Origins[0] = []Origin{fact("evil", "x", "y", `"hi"`, nil).Origin} }, "door.8.origin"},
		"chat: TTL beyond the default":              {groupChat(t), func(s *scene) { s.call.TTL = 120_001 }, "door.1.ttl"},
		"chat: timestamp ahead":                     {groupChat(t), func(s *scene) { s.call.Timestamp = s.call.Now + 5001 }, "door.1.future"},
		"chat: frozen":                              {groupChat(t), func(s *scene) { s.perimeter.State = Frozen }, "door.4.frozen"},
		"chat: dissolved":                           {groupChat(t), func(s *scene) { s.perimeter.State = Dissolved }, "local"},
		"chat: service that no perimeter lists":     {groupChat(t), func(s *scene) { s.call.Names = []string{"other"} }, "local"},
		"chat: function outside the membership":     {groupChat(t), func(s *scene) { s.perimeter.Members[1].Functions = []string{"get"} }, "owner only"},
		"chat: by id, member under its alias":       {groupChat(t), func(s *scene) { s.call.Service, s.call.Names = "uuid", []string{"uuid", "history"} }, "admitted"},
		"chat: widened rules not accepted":          {groupChat(t), func(s *scene) { m := &s.perimeter.Members[1]; m.Follow, m.Policy = false, 2 }, "door.4.acceptance"},
		"chat: the accepted rules are narrower": {groupChat(t), func(s *scene) {
			m := &s.perimeter.Members[1]
			m.Follow, m.Policy = false, 2
			s.perimeter.Older = map[uint64]Policy{2: {AnyScript: true}}
		}, "door.7.rule"},
		"chat: both admit": {groupChat(t), func(s *scene) {
			m := &s.perimeter.Members[1]
			m.Follow, m.Policy = false, 2
			s.perimeter.Older = map[uint64]Policy{2: s.perimeter.Policy}
		}, "admitted"},
		"oracle: honest":                           {oracle(t), nil, "admitted"},
		"oracle: the initiator's price":            {oracle(t), func(s *scene) { s.call.Origins[1] = initiatorWord() }, "door.8.origin"},
		"oracle: price of another item":            {oracle(t), func(s *scene) { s.call.Args[0] = json.RawMessage(`"gold"`) }, "door.8.asked"},
		"oracle: wrong role":                       {oracle(t), func(s *scene) { s.perimeter.Members[0].Role = "shop" }, "door.8.origin"},
		"oracle: other function of the oracle":     {oracle(t), func(s *scene) { s.call.Origins[1][0].Function = "about" }, "door.8.function"},
		"oracle: mixed with the initiator's":       {oracle(t), func(s *scene) { s.call.Origins[1] = append(s.call.Origins[1], Origin{Kind: FromInitiator}) }, "door.8.origin"},
		"oracle: empty canon of this peer":         {oracle(t), func(s *scene) { s.call.Origins[1] = []Origin{{Kind: FromCanon, Peer: "S"}} }, "door.8.empty"},
		"oracle: empty canon of the oracle":        {oracle(t), func(s *scene) { s.call.Origins[1] = []Origin{{Kind: FromCanon, Peer: "O"}} }, "door.8.empty"},
		"oracle: canon of an outsider":             {oracle(t), func(s *scene) { s.call.Origins[1] = append(s.call.Origins[1], Origin{Kind: FromCanon, Peer: "evil"}) }, "door.8.canon"},
		"oracle: through a canon of this peer":     {oracle(t), func(s *scene) { s.call.Origins[1] = append(s.call.Origins[1], Origin{Kind: FromCanon, Peer: "S"}) }, "admitted"},
		"oracle: through a canon of the initiator": {oracle(t), func(s *scene) { s.call.Origins[1] = append(s.call.Origins[1], Origin{Kind: FromCanon, Peer: "alice"}) }, "admitted"},
		"oracle: nobody":                           {oracle(t), func(s *scene) { s.call.Origins[1] = nil }, "door.8.empty"},
		"oracle: unknown":                          {oracle(t), func(s *scene) { s.call.Origins[1] = []Origin{{}} }, "door.8.unknown"},
		"oracle: failed":                           {oracle(t), func(s *scene) { s.call.Origins[1] = []Origin{{Kind: FromFailed, Peer: "O"}} }, "door.8.failed"},
		"oracle: number spelled otherwise": {oracle(t), func(s *scene) {
			s.facts[0] = fact("O", "prices", "of", `10`, nil, `1.0`)
			s.call.Args[0] = raws("1")[0]
			s.call.Origins[1] = []Origin{s.facts[0].Origin}
		}, "admitted"},
		"sum: computed again": {bill(t), nil, "admitted"},
		"sum: a lie":          {bill(t), func(s *scene) { s.facts[2].Value = raws("6")[0] }, "door.8.origin"},
		"sum: arguments that are not those signed": {bill(t), func(s *scene) { s.facts[2].Origin.ArgumentHash = "x"; s.call.Origins[0] = []Origin{s.facts[2].Origin} }, "door.8.origin"},
		"sum: of an outsider's number":             {bill(t), func(s *scene) { s.facts[2].Origins[1] = []Origin{fact("evil", "meter", "read", "3", nil).Origin} }, "door.8.origin"},
		"sum: at two places, once of an outsider's": {bill(t), func(s *scene) {
			f := s.facts[2]
			f.Origins = [][]Origin{f.Origins[0], {fact("evil", "a", "b", "3", nil).Origin}}
			s.facts = append(s.facts, f)
		}, "door.8.origin"},
		"sum: not transparent":    {bill(t), func(s *scene) { s.perimeter.Policy.Transparent = nil }, "door.8.origin"},
		"sum: nobody can compute": {bill(t), func(s *scene) { s.call.Recompute = nil }, "door.8.origin"},
		"sum: without arguments": {bill(t), func(s *scene) {
			f := fact("Z", "math", "add", "5", nil)
			s.facts = []Statement{f}
			s.call.Origins[0] = []Origin{f.Origin}
		}, "door.8.origin"},
		"sum: by an initiator that is no member":         {bill(t), func(s *scene) { s.call.Initiator = "bob" }, "door.5.member"},
		"certificate: sound":                             {certified(t), nil, "admitted"},
		"certificate: none":                              {certified(t), func(s *scene) { s.call.Chains = nil }, "door.5.certificate"},
		"certificate: for somebody else":                 {certified(t), func(s *scene) { s.call.Initiator = "bob" }, "door.5.certificate"},
		"certificate: from another root":                 {certified(t), func(s *scene) { s.call.Chains = func() []Chain { return []Chain{{Keys: []string{"root", "alice"}}} } }, "door.5.root"},
		"certificate: too long":                          {certified(t), func(s *scene) { s.chain(Sound, "a", "b", "alice") }, "door.5.length"},
		"certificate: expired":                           {certified(t), func(s *scene) { s.chain(Expired, "alice") }, "door.5.expired"},
		"certificate: revoked":                           {certified(t), func(s *scene) { s.chain(Revoked, "alice") }, "door.5.revoked"},
		"certificate: forged":                            {certified(t), func(s *scene) { s.chain(BadSignature, "alice") }, "door.5.signature"},
		"roles: admin sets":                              {newScene(policyOfPage(t, 8), follows("C", "config", ""), follows("alice", "x", "admin")).ask("set", nil), nil, "admitted"},
		"roles: other members do not":                    {newScene(policyOfPage(t, 8), follows("C", "config", ""), follows("alice", "x", "user")).ask("set", nil), nil, "door.5.role"},
		"roles: they read":                               {newScene(policyOfPage(t, 8), follows("C", "config", ""), follows("alice", "x", "user")).ask("get", nil), nil, "admitted"},
		"script: not admitted":                           {newScene(policyOfPage(t, 4), follows("O", "orders", "")).ask("place", nil), nil, "door.6.script"},
		"script: admitted":                               {newScene(policyOfPage(t, 4), follows("O", "orders", "")).ask("place", nil), func(s *scene) { s.call.Script = s.perimeter.Policy.Scripts[0] }, "admitted"},
		"clock: stock client":                            {newScene(policyOfPage(t, 1), follows("C", "clock", "")).ask("now", nil), func(s *scene) { s.call.Bound = false }, "admitted"},
		"demoted: a member's result is no member's word": {oracle(t), func(s *scene) { s.perimeter.Policy.Rules[0].Demote, s.call.Bound = true, false }, "door.8.origin"},
		"demoted: it is the initiator's": {oracle(t), func(s *scene) {
			s.perimeter.Policy.Rules[0].Demote, s.call.Bound = true, false
			s.perimeter.Policy.Rules[0].Arguments = nil
		}, "admitted"},
		"demoted: it meets no requirement":    {groupChat(t), func(s *scene) { s.perimeter.Policy.Rules[1].Demote, s.call.Bound = true, false }, "door.7.requires"},
		"pipeline: from the right step":       {newScene(policyOfPage(t, 6), follows("P", "publish", ""), follows("R", "resize", "")).ask("put", []string{"1"}, []Origin{fact("R", "resize", "run", "1", nil).Origin}), nil, "admitted"},
		"pipeline: a step left out":           {newScene(policyOfPage(t, 6), follows("P", "publish", ""), follows("R", "store", "")).ask("put", []string{"1"}, []Origin{fact("R", "store", "get", "1", nil).Origin}), nil, "door.8.function"},
		"errors: taken where said":            {newScene(policyOfPage(t, 9), follows("L", "log", "")).ask("report", []string{`"bad"`}, []Origin{{Kind: FromFailed, Peer: "x"}}), func(s *scene) { s.chain(Sound, "alice") }, "admitted"},
		"two approvals: one is not enough":    {approvals(t, "A"), nil, "door.7.requires"},
		"two approvals: of one auditor twice": {approvals(t, "A", "A"), nil, "door.7.requires"},
		"two approvals: both":                 {approvals(t, "A", "B"), nil, "admitted"},
		"deal: a worker is a member":          {workers(t), func(s *scene) { s.call.Peer = "W2" }, "admitted"},
		"deal: other peers are not":           {workers(t), func(s *scene) { s.call.Peer = "W3" }, "local"},
		"name with a dot":                     {newScene(policyOfPage(t, 1), follows("C", "clo.ck", "")).ask("now", nil), nil, "local"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.edit != nil {
				tt.edit(tt.scene)
			}
			d := tt.scene.decide()
			got := d.Outcome.String()
			if d.Outcome == Denied {
				got = d.Denial.Code
			}
			if got != tt.want {
				t.Fatalf("Decide = %s (%s), want %s", got, d.Denial.Hint, tt.want)
			}
			if named := d.Perimeter == "p" && d.Version == 7; named != (d.Outcome == Denied || d.Outcome == Admitted) {
				t.Errorf("perimeter %q version %d with outcome %s", d.Perimeter, d.Version, d.Outcome)
			}
			tt.scene.call.Explain = true
			again := tt.scene.decide()
			if again.Outcome != d.Outcome || again.Denial != d.Denial || len(again.Steps) == 0 {
				t.Errorf("explained: %v %v, %d steps; want the same", again.Outcome, again.Denial, len(again.Steps))
			}
			if last := again.Steps[len(again.Steps)-1]; last.Passed == (d.Outcome == Denied) {
				t.Errorf("last step passed = %v with outcome %s: %s", last.Passed, d.Outcome, last.Text)
			}
		})
	}
}

func (s *scene) chain(f Fault, after ...string) {
	keys := append([]string{s.perimeter.Policy.Roots[0].Peer}, after...)
	s.call.Chains = func() []Chain { return []Chain{{Keys: keys, Fault: f}} }
}

func approvals(t testing.TB, by ...string) *scene {
	s := newScene(policyOfPage(t, 10), follows("P", "pay", ""), follows("A", "audit", "first"), follows("B", "audit", "second"), follows("alice", "x", ""))
	for _, b := range by {
		s.facts = append(s.facts, fact(b, "audit", "approve", `"yes"`, nil, `"shop"`, `5`))
	}
	return s.ask("send", []string{`"shop"`, `5.0`}, initiatorWord(), initiatorWord())
}

func workers(t testing.TB) *scene {
	s := newScene(policyOfPage(t, 1), Member{Deal: "0xab", Service: "clock", Follow: true})
	s.perimeter.Deals = map[string][]string{"0xab": {"W1", "W2"}}
	return s.ask("now", nil)
}

func TestOnePerimeterMustAdmitEntirely(t *testing.T) {
	clock := func(id string, state State, p Policy) *Book {
		return NewBook(Perimeter{ID: id, Version: 1, State: state, Number: 1, Policy: p, Members: []Member{follows("C", "clock", "")}})
	}
	open := Policy{AnyScript: true, Rules: []Rule{{Service: "clock", Function: Any, Who: Anyone}}}
	noRule := Policy{AnyScript: true}
	noScript := Policy{Rules: open.Rules}
	tests := map[string]struct {
		books []*Book
		want  string
	}{
		"one admits":                      {[]*Book{clock("a", Active, noRule), clock("b", Active, open)}, "admitted"},
		"rules of one, scripts of other":  {[]*Book{clock("a", Active, noRule), clock("b", Active, noScript)}, "door.7.rule"},
		"frozen alone":                    {[]*Book{clock("a", Frozen, open)}, "door.4.frozen"},
		"frozen beside one that admits":   {[]*Book{clock("a", Frozen, open), clock("b", Active, open)}, "admitted"},
		"frozen beside one that does not": {[]*Book{clock("a", Frozen, open), clock("b", Active, noScript)}, "door.6.script"},
		"all dissolved":                   {[]*Book{clock("a", Dissolved, open)}, "local"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := Call{Peer: "C", Names: []string{"clock"}, Function: "now", Initiator: "alice", Now: 1, Timestamp: 1, TTL: 1, Bound: true}
			d := Decide(&c, tt.books)
			got := d.Outcome.String()
			if d.Outcome == Denied {
				got = d.Denial.Code
			}
			if got != tt.want {
				t.Errorf("Decide = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	rule := Rule{Service: "s", Function: "f", Who: Anyone}
	with := func(edit func(*Rule)) Policy {
		r := rule
		edit(&r)
		return Policy{Rules: []Rule{r}}
	}
	arg := func(a ArgumentRule) Policy { return with(func(r *Rule) { r.Arguments = []ArgumentRule{a} }) }
	need := func(q Requirement) Policy { return with(func(r *Rule) { r.Requires = []Requirement{q} }) }
	ok := Requirement{Service: "s", Function: "f", Equals: "true"}
	tests := map[string]struct {
		policy Policy
		want   error
	}{
		"empty":                         {Policy{}, nil},
		"rule":                          {Policy{Rules: []Rule{rule}}, nil},
		"for nobody":                    {with(func(r *Rule) { r.Who = 0 }), ErrRule},
		"for a value that is none":      {with(func(r *Rule) { r.Who = 9 }), ErrRule},
		"roles missing":                 {with(func(r *Rule) { r.Who = Roles }), ErrRule},
		"roles without need":            {with(func(r *Rule) { r.Roles = []string{"a"} }), ErrRule},
		"role twice":                    {with(func(r *Rule) { r.Who, r.Roles = Roles, []string{"a", "a"} }), ErrRule},
		"role in capitals":              {with(func(r *Rule) { r.Who, r.Roles = Roles, []string{"Admin"} }), ErrName},
		"service with a dot":            {with(func(r *Rule) { r.Service = "a.b" }), ErrName},
		"no function":                   {with(func(r *Rule) { r.Function = "" }), ErrName},
		"name of 129 bytes":             {with(func(r *Rule) { r.Service = strings.Repeat("a", 129) }), ErrName},
		"space in a name":               {with(func(r *Rule) { r.Service = "a b" }), ErrName},
		"name that is not ASCII":        {with(func(r *Rule) { r.Service = "ä" }), ErrName},
		"twice the same":                {Policy{Rules: []Rule{rule, rule}}, ErrUnreachable},
		"behind all functions":          {Policy{Rules: []Rule{{Service: "s", Function: Any, Who: Anyone}, rule}}, ErrUnreachable},
		"behind all services":           {Policy{Rules: []Rule{{Service: Any, Function: "f", Who: Anyone}, rule}}, ErrUnreachable},
		"behind everything":             {Policy{Rules: []Rule{{Service: Any, Function: Any, Who: Anyone}, rule}}, ErrUnreachable},
		"before everything":             {Policy{Rules: []Rule{rule, {Service: Any, Function: Any, Who: Anyone}}}, nil},
		"argument nobody vouches for":   {arg(ArgumentRule{}), ErrRule},
		"argument beyond the bound":     {arg(ArgumentRule{Index: 64, Initiator: true}), ErrRule},
		"of narrows nothing":            {arg(ArgumentRule{Initiator: true, Of: []Function{{"s", "f"}}}), ErrRule},
		"asked with itself":             {arg(ArgumentRule{Members: true, AskedWith: []Asked{{0, 0}}}), ErrRule},
		"argument twice":                {with(func(r *Rule) { r.Arguments = []ArgumentRule{{Initiator: true}, {Members: true}} }), ErrRule},
		"requirement":                   {need(ok), nil},
		"requirement of any service":    {need(Requirement{Service: Any, Function: "f", Equals: "1"}), ErrName},
		"requirement equal to nothing":  {need(Requirement{Service: "s", Function: "f"}), ErrRule},
		"equals with spaces":            {need(Requirement{Service: "s", Function: "f", Equals: "[1, 2]"}), ErrRule},
		"equals no JSON":                {need(Requirement{Service: "s", Function: "f", Equals: "yes"}), ErrRule},
		"broken path":                   {need(Requirement{Service: "s", Function: "f", Equals: "1", Path: "a"}), ErrRule},
		"path with a negative index":    {need(Requirement{Service: "s", Function: "f", Equals: "1", Path: "[-1]"}), ErrRule},
		"literal and argument":          {need(Requirement{Service: "s", Function: "f", Equals: "1", Args: []Template{{Source: Argument, Literal: "1"}}}), ErrRule},
		"source that is none":           {need(Requirement{Service: "s", Function: "f", Equals: "1", Args: []Template{{Source: 7}}}), ErrRule},
		"TTL of an hour":                {Policy{MaxTTL: 3_600_000}, ErrRule},
		"transparent service of others": {Policy{Transparent: []Function{{"sig", "sign"}}}, ErrTransparent},
		"root twice":                    {Policy{Roots: []Root{{"r", 1}, {"r", 2}}}, ErrRoot},
		"chain of 17":                   {Policy{Roots: []Root{{"r", 17}}}, ErrRoot},
		"any script and one":            {Policy{AnyScript: true, Scripts: []string{ScriptCID([32]byte{1})}}, ErrScript},
		"script twice":                  {Policy{Scripts: []string{ScriptCID([32]byte{1}), ScriptCID([32]byte{1})}}, ErrScript},
		"script of another codec":       {Policy{Scripts: []string{"bafybeie6dzzmozwukoktknixdzglitmwsd4n4u4z6vzkl27v254qjuyatq"}}, ErrScript},
		"script in other spelling":      {Policy{Scripts: []string{strings.ToUpper(ScriptCID([32]byte{1}))}}, ErrScript},
		"backend without places":        {Policy{Backends: []Backend{{Name: "b"}}}, ErrRule},
		"backend twice":                 {Policy{Backends: []Backend{{"b", []Place{{"p", "s"}}}, {"b", []Place{{"p", "s"}}}}}, ErrRule},
		"backend without a name":        {Policy{Backends: []Backend{{"", []Place{{"p", "s"}}}}}, ErrName},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.policy.Validate(); !errors.Is(err, tt.want) {
				t.Errorf("Validate = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestEqualIsByValue(t *testing.T) {
	tests := map[[2]string]bool{
		{`1`, `1.0`}: true, {`1e2`, `100`}: true, {`0`, `-0`}: true, {`0.10`, `1e-1`}: true, {`1`, `-1`}: false,
		{`1e999999999999`, `1e999999999999`}: true, {`1e999999999999`, `1`}: false, {`10`, `1`}: false, {`"1"`, `1`}: false,
		{`{"a":1,"b":[2]}`, `{"b":[2.0],"a":1}`}: true, {`{"a":1}`, `{"b":1}`}: false, {`{"a":1}`, `{"a":1,"b":2}`}: false,
		{`[1,2]`, `[2,1]`}: false, {`null`, `false`}: false, {`null`, ` null`}: true, {`x`, `y`}: false, {`1 2`, `1`}: false, {``, ``}: false,
	}
	for pair, want := range tests {
		if got := equal(json.RawMessage(pair[0]), json.RawMessage(pair[1])); got != want {
			t.Errorf("equal(%s, %s) = %v, want %v", pair[0], pair[1], got, want)
		}
	}
}

// The hash of arguments is that of particle data; peer/air/data gives the same.
func TestArgumentHashNamesTheArray(t *testing.T) {
	for want, args := range map[string][]json.RawMessage{
		"bagaaihra2u6rrqrsclvhwyyalff3rg6omaqy63x7foowfc4myqwt46n32wvq": nil,
		"bagaaihrasmmznd3l5fcqjai3yk5ge7hm7tiqnktrm2poggd4jv7wmd3sthoa": raws(`"alice"`, `1`),
	} {
		if got := ArgumentHash(args); got != want {
			t.Errorf("ArgumentHash(%s) = %s, want %s", args, got, want)
		}
	}
}

func TestFourThousandMembers(t *testing.T) {
	s := groupChat(t)
	for i := range 4094 {
		s.perimeter.Members = append(s.perimeter.Members, follows(fmt.Sprint("peer", i), "s", "r"))
	}
	if d := s.decide(); d.Outcome != Admitted {
		t.Errorf("Decide = %v %v", d.Outcome, d.Denial)
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, p := range policiesOfPage(f) {
		f.Add([]byte(p))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		// Whatever is accepted can be judged by, and reads back as itself.
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParsePolicy(again); err != nil || fmt.Sprint(q) != fmt.Sprint(p) {
			t.Fatalf("read again as %v, %v", q, err)
		}
		s := newScene(p, follows("C", "clock", "r"))
		s.ask("now", []string{"1"}, initiatorWord())
		if d := s.decide(); d.Outcome == Local {
			t.Fatalf("Decide = local for a member")
		}
	})
}

func FuzzEqual(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.50,"x",null]}`), []byte(`1e3`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if equal(a, b) != equal(b, a) {
			t.Errorf("equal(%s, %s) depends on the order", a, b)
		}
		if json.Valid(a) && !equal(a, slices.Concat([]byte(" "), a)) {
			t.Errorf("%s is not equal to itself", a)
		}
		_, _ = follow(a, string(b))
	})
}

func BenchmarkDecide(b *testing.B) {
	s := oracle(b)
	for i := range 4094 {
		s.perimeter.Members = append(s.perimeter.Members, follows(fmt.Sprint("peer", i), "s", "r"))
	}
	books := []*Book{NewBook(s.perimeter)}
	s.call.Statements = func() []Statement { return s.facts }
	b.ReportAllocs()
	for b.Loop() {
		if d := Decide(&s.call, books); d.Outcome != Admitted {
			b.Fatal(d)
		}
	}
}
