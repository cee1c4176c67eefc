// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"fmt"
	"slices"
	"strings"
)

// Outcome says what becomes of a call.
type Outcome uint8

// The outcomes.
const (
	// Local: no perimeter lists the service; the peer's own policy decides.
	Local Outcome = iota
	// OwnerOnly: a perimeter lists the service but none this function.
	OwnerOnly
	// Admitted by the perimeter that Decision names.
	Admitted
	// Denied for the reason that Decision names.
	Denied
)

// String returns the lower-case name.
func (o Outcome) String() string { return name(int(o), "local", "owner only", "admitted", "denied") }

// Denial is why a call was denied.
type Denial struct {
	Code     string // door.N.reason, stable per N
	Argument int    // index of the refused argument, or -1
	Origin   string // who vouches for it, or ""
	Hint     string // what the caller can do
}

// Step is one thing that was looked at, for people.
type Step struct {
	Perimeter string `json:"perimeter,omitempty"`
	Policy    uint64 `json:"policy,omitempty"`
	Number    int    `json:"step"` // as in docs/spec/perimeter.md, 4 to 8; 1 for the TTL
	Passed    bool   `json:"passed"`
	Text      string `json:"text"`
}

// Decision is the answer to a call.
type Decision struct {
	Outcome   Outcome
	Perimeter string // that admitted or denied, or ""
	Version   uint64
	Denial    Denial // with Denied
	Steps     []Step // with Call.Explain
}

// Decide judges a call by the perimeters that may list its service. One perimeter
// must admit it entirely; rules and members of several are never mixed. Books are
// tried in their order; of several denials the one that came furthest is given.
func Decide(c *Call, books []*Book) Decision {
	d := Decision{Outcome: Local}
	j := judge{call: c, decision: &d}
	best := -1
	listed := false
	for _, b := range books {
		m := b.Service(c.Peer, c.Names)
		if m == nil || b.p.State == Dissolved || b.p.State == Proposed {
			continue
		}
		listed = true
		j.book = b
		switch {
		case !m.has(c.Function):
			j.note(4, true, "lists the service without this function")
		case b.p.State != Active:
			j.note(4, false, "lists the function and is %s", b.p.State)
			if best < 0 {
				best, d.Perimeter, d.Version = 4, b.p.ID, b.p.Version
				d.Denial = Denial{Code: "door.4.frozen", Argument: -1, Hint: "the perimeter is frozen; ask its owner"}
			}
		default:
			j.note(4, true, "lists the function")
			denial, step := j.judge(m)
			if denial == nil {
				d.Outcome, d.Perimeter, d.Version, d.Denial = Admitted, b.p.ID, b.p.Version, Denial{}
				return d
			}
			if step > best {
				best, d.Perimeter, d.Version, d.Denial = step, b.p.ID, b.p.Version, *denial
			}
		}
	}
	switch {
	case best >= 0:
		d.Outcome = Denied
	case listed:
		d.Outcome = OwnerOnly
	default:
		j.book = nil
		j.note(4, true, "no perimeter lists the service: the policy of this peer decides")
	}
	return d
}

// judge is one call before one perimeter and policy.
type judge struct {
	call       *Call
	decision   *Decision
	book       *Book
	policy     *policy
	member     *Member
	statements []Statement
	asked      bool // for statements
	recomputed int
	stack      []string // CIDs of transparent results that are being looked through
}

func (j *judge) note(step int, passed bool, format string, args ...any) {
	if !j.call.Explain {
		return
	}
	s := Step{Number: step, Passed: passed, Text: fmt.Sprintf(format, args...)}
	if j.book != nil {
		s.Perimeter = j.book.p.ID
	}
	if j.policy != nil {
		s.Policy = j.policy.number
	}
	j.decision.Steps = append(j.decision.Steps, s)
}

func (j *judge) deny(step int, reason, hint string, args ...any) *Denial {
	hint = fmt.Sprintf(hint, args...)
	j.note(step, false, "%s: %s", reason, hint)
	return &Denial{Code: fmt.Sprintf("door.%d.%s", step, reason), Argument: -1, Hint: hint}
}

// judge returns nil, or the denial and its step. A call passes the current policy
// and, where the service's owner does not follow, the one that owner accepted: what
// was narrowed since counts at once, what was widened not before it is accepted.
func (j *judge) judge(m *Member) (denial *Denial, step int) {
	j.member = m
	defer func() { j.policy = nil }()
	j.policy = j.book.current
	if denial, step = j.byPolicy(); denial != nil {
		return denial, step
	}
	if m.Follow || m.Policy == j.book.current.number {
		return nil, 0
	}
	if j.policy = j.book.older[m.Policy]; j.policy == nil {
		return j.deny(4, "acceptance", "the service's owner has to accept policy %d of the perimeter", j.book.current.number), 4
	}
	return j.byPolicy()
}

func (j *judge) byPolicy() (*Denial, int) {
	rule, at := j.policy.rule(j.member.Service, j.call.Function)
	for _, s := range []struct {
		number int
		check  func(*Rule) *Denial
	}{{1, j.age}, {5, j.initiator}, {6, j.script}} {
		if d := s.check(rule); d != nil {
			return d, s.number
		}
	}
	if rule == nil {
		return j.deny(7, "rule", "no rule of the perimeter is for %s.%s", j.member.Service, j.call.Function), 7
	}
	j.note(7, true, "rules[%d] decides", at)
	if !rule.Demote && !j.call.Bound {
		return j.deny(7, "unbound", "send the particle with a bound id (fl1.…): this rule takes no other"), 7
	}
	for i := range rule.Requires {
		if d := j.required(rule, i); d != nil {
			return d, 7
		}
	}
	for i := range j.call.Args {
		if d := j.argument(rule, i); d != nil {
			d.Argument = i
			return d, 8
		}
	}
	return nil, 0
}

// age is what a perimeter demands beyond the peer's own limits.
func (j *judge) age(*Rule) *Denial {
	c := j.call
	switch {
	case c.TTL > j.policy.maxTTL:
		return j.deny(1, "ttl", "the perimeter takes particles with a TTL of at most %d ms", j.policy.maxTTL)
	case c.Timestamp > c.Now && c.Timestamp-c.Now > FutureMillis:
		return j.deny(1, "future", "the particle's timestamp is %d ms ahead of this peer; set the clock", c.Timestamp-c.Now)
	}
	j.note(1, true, "TTL %d ms of at most %d", c.TTL, j.policy.maxTTL)
	return nil
}

// initiator is step 5; without a rule step 7 speaks.
func (j *judge) initiator(r *Rule) *Denial {
	if r == nil {
		return nil
	}
	from := j.call.Initiator
	roles := j.book.peers[from]
	switch r.Who {
	case Anyone:
		j.note(5, true, "anyone may call")
		return nil
	case Certified:
		return j.certified()
	case Members:
		if len(roles) > 0 {
			j.note(5, true, "initiator %s is a member", from)
			return nil
		}
		return j.deny(5, "member", "only members may call this; %s is none", from)
	case Roles:
		for _, have := range roles {
			if slices.Contains(r.Roles, have) {
				j.note(5, true, "initiator %s is a member with role %s", from, have)
				return nil
			}
		}
		return j.deny(5, "role", "only members with role %s may call this", strings.Join(r.Roles, " or "))
	}
	return j.deny(5, "nobody", "the rule is for nobody")
}

// certified looks for one certificate that leads from a root to the initiator. The
// fault of the one that came nearest is given.
func (j *judge) certified() *Denial {
	var chains []Chain
	if j.call.Chains != nil {
		chains = j.call.Chains()
	}
	reason, hint := "certificate", "present a certificate of the initiator from a root of the perimeter, or issue one"
	for _, c := range chains {
		n := len(c.Keys)
		if n == 0 || c.Keys[n-1] != j.call.Initiator {
			continue
		}
		longest, known := j.policy.roots[c.Keys[0]]
		switch {
		case !known:
			if reason == "certificate" {
				reason, hint = "root", "the certificate begins with a key that is no root of the perimeter"
			}
		case uint32(n-1) > longest:
			reason, hint = "length", fmt.Sprintf("the certificate has %d trusts after the root, at most %d count", n-1, longest)
		case c.Fault == Revoked:
			reason, hint = "revoked", "a link of the certificate was revoked by a key before it"
		case c.Fault != Sound:
			reason, hint = string(c.Fault), "the certificate does not verify now: "+string(c.Fault)
		default:
			j.note(5, true, "certificate of %d trusts from root %s", n, c.Keys[0])
			return nil
		}
	}
	return j.deny(5, reason, "%s", hint)
}

// script is step 6.
func (j *judge) script(*Rule) *Denial {
	switch {
	case j.policy.AnyScript:
		j.note(6, true, "any script is admitted")
	case j.policy.scripts[j.call.Script]:
		j.note(6, true, "script %s is admitted", j.call.Script)
	default:
		return j.deny(6, "script", "script %s is not among those the perimeter admits", j.call.Script)
	}
	return nil
}
