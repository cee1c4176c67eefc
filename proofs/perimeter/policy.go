// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors of Policy.Validate.
var (
	// ErrName says that a name of a service, function, role or backend cannot be one.
	ErrName = errors.New("name cannot be used")
	// ErrRule says that a rule says nothing, or contradicts itself.
	ErrRule = errors.New("rule is not well formed")
	// ErrUnreachable says that a rule can never decide: an earlier one takes all its calls.
	ErrUnreachable = errors.New("rule can never match")
	// ErrRoot says that a root is no key, stands twice or allows too long chains.
	ErrRoot = errors.New("root is not well formed")
	// ErrScript says that a script is not named by the CID of its bytes.
	ErrScript = errors.New("script CID is not well formed")
	// ErrTransparent says that a function is not one that every peer can compute again.
	ErrTransparent = errors.New("function cannot be transparent")
)

// Bounds of policies that no parameter raises.
const (
	MaxChainLen  = 16
	maxName      = 128
	maxRole      = 32
	maxArguments = 64
	maxLiteral   = 4 << 10
	maxPath      = 256
	maxMaxTTL    = 600_000
	maxPerRule   = 64
	maxPlaces    = 256
)

// ComputedServices are the builtins that every peer can compute again.
func ComputedServices() []string { return []string{"op", "json", "array", "math", "cmp"} }

// CheckName reports why s cannot name a service or function of a perimeter: it is
// 1 to 128 bytes of printable ASCII without space, dot or asterisk.
//
// Errors: ErrName.
func CheckName(field, s string) error {
	if s == "" || len(s) > maxName {
		return fmt.Errorf("%w: %s of %d bytes, want 1 to %d", ErrName, field, len(s), maxName)
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '.' || c == '*' {
			return fmt.Errorf("%w: %s %q: printable ASCII without space, dot or asterisk", ErrName, field, s)
		}
	}
	return nil
}

// CheckRole reports why s cannot be a role: it is 1 to 32 of a-z, 0-9, - and _.
//
// Errors: ErrName.
func CheckRole(s string) error {
	ok := s != "" && len(s) <= maxRole
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	if !ok {
		return fmt.Errorf("%w: role %q: want 1 to %d of a-z, 0-9, - and _", ErrName, s, maxRole)
	}
	return nil
}

func checkPattern(field, s string) error {
	if s == Any {
		return nil
	}
	return CheckName(field, s)
}

// Validate checks a policy before it is set.
//
// Errors: ErrName, ErrRule, ErrUnreachable, ErrRoot, ErrScript, ErrTransparent.
func (p *Policy) Validate() error {
	for i := range p.Rules {
		if err := p.Rules[i].validate(); err != nil {
			return fmt.Errorf("rules[%d]: %w", i, err)
		}
	}
	if err := reachable(p.Rules); err != nil {
		return err
	}
	if p.MaxTTL > maxMaxTTL {
		return fmt.Errorf("%w: max_ttl_ms %d, at most %d", ErrRule, p.MaxTTL, maxMaxTTL)
	}
	for i, f := range p.Transparent {
		if !slices.Contains(ComputedServices(), f.Service) {
			return fmt.Errorf("%w: transparent[%d]: service %q, only %s can be", ErrTransparent, i, f.Service, strings.Join(ComputedServices(), ", "))
		}
		if err := checkPattern("function", f.Function); err != nil {
			return fmt.Errorf("transparent[%d]: %w", i, err)
		}
	}
	seen := map[string]bool{}
	for i, r := range p.Roots {
		if r.Peer == "" || seen[r.Peer] || r.MaxChainLen > MaxChainLen {
			return fmt.Errorf("%w: roots[%d]: a key, named once, with max_chain_len up to %d", ErrRoot, i, MaxChainLen)
		}
		seen[r.Peer] = true
	}
	if p.AnyScript && len(p.Scripts) > 0 {
		return fmt.Errorf("%w: any admits every script, so none is listed beside it", ErrScript)
	}
	for i, s := range p.Scripts {
		if !scriptCID(s) || slices.Contains(p.Scripts[:i], s) {
			return fmt.Errorf("%w: scripts[%d] %q: CIDv1, raw, sha2-256, in base32, named once", ErrScript, i, clip(s))
		}
	}
	return p.validateBackends()
}

func (p *Policy) validateBackends() error {
	seen := map[string]bool{}
	for i, b := range p.Backends {
		if err := CheckName("name", b.Name); err != nil {
			return fmt.Errorf("backends[%d]: %w", i, err)
		}
		if seen[b.Name] || len(b.Places) == 0 || len(b.Places) > maxPlaces {
			return fmt.Errorf("%w: backends[%d]: a name used once, with 1 to %d places", ErrRule, i, maxPlaces)
		}
		seen[b.Name] = true
		for _, at := range b.Places {
			if err := CheckName("service", at.Service); err != nil {
				return fmt.Errorf("backends[%d]: %w", i, err)
			}
		}
	}
	return nil
}

// reachable refuses rules all of whose calls an earlier one takes.
func reachable(rules []Rule) error {
	first := map[Function]int{}
	for i, r := range rules {
		for _, f := range [4]Function{{r.Service, r.Function}, {r.Service, Any}, {Any, r.Function}, {Any, Any}} {
			if by, taken := first[f]; taken {
				return fmt.Errorf("%w: rules[%d] %s.%s: rules[%d] comes before it and decides all its calls", ErrUnreachable, i, r.Service, r.Function, by)
			}
		}
		first[Function{r.Service, r.Function}] = i
	}
	return nil
}

func (r *Rule) validate() error {
	if err := errors.Join(checkPattern("service", r.Service), checkPattern("function", r.Function)); err != nil {
		return err
	}
	switch {
	case r.Who < Anyone || r.Who > Roles:
		return fmt.Errorf("%w: who is missing: anyone, certified, members or roles", ErrRule)
	case (r.Who == Roles) != (len(r.Roles) > 0):
		return fmt.Errorf("%w: who is %s with %d roles", ErrRule, r.Who, len(r.Roles))
	case len(r.Arguments) > maxArguments || len(r.Requires) > maxPerRule || len(r.Roles) > maxPerRule:
		return fmt.Errorf("%w: at most %d argument rules, %d requirements and %d roles", ErrRule, maxArguments, maxPerRule, maxPerRule)
	}
	if err := checkRoles(r.Roles); err != nil {
		return err
	}
	for i := range r.Arguments {
		if i > 0 && r.Arguments[i].Index <= r.Arguments[i-1].Index {
			return fmt.Errorf("%w: arguments[%d]: indexes do not ascend", ErrRule, i)
		}
		if err := r.Arguments[i].validate(); err != nil {
			return fmt.Errorf("arguments[%d]: %w", i, err)
		}
	}
	for i := range r.Requires {
		if err := r.Requires[i].validate(); err != nil {
			return fmt.Errorf("requires[%d]: %w", i, err)
		}
	}
	return nil
}

func checkRoles(roles []string) error {
	for i, s := range roles {
		if err := CheckRole(s); err != nil {
			return err
		}
		if slices.Contains(roles[:i], s) {
			return fmt.Errorf("%w: role %q stands twice", ErrRule, s)
		}
	}
	return nil
}

func (a *ArgumentRule) validate() error {
	switch {
	case a.Index >= maxArguments:
		return fmt.Errorf("%w: index %d, below %d", ErrRule, a.Index, maxArguments)
	case !a.Initiator && !a.Members && len(a.Roles) == 0:
		return fmt.Errorf("%w: nobody may vouch: name initiator, members or roles", ErrRule)
	case len(a.Roles) > maxPerRule || len(a.Of) > maxPerRule || len(a.AskedWith) > maxPerRule:
		return fmt.Errorf("%w: at most %d roles, functions and ties", ErrRule, maxPerRule)
	case (len(a.Of) > 0 || len(a.AskedWith) > 0) && !a.Members && len(a.Roles) == 0:
		return fmt.Errorf("%w: of and asked_with narrow results, but no member may vouch", ErrRule)
	}
	for _, f := range a.Of {
		if err := errors.Join(checkPattern("service", f.Service), checkPattern("function", f.Function)); err != nil {
			return err
		}
	}
	for _, t := range a.AskedWith {
		if t.Asked >= maxArguments || t.Argument >= maxArguments || t.Argument == a.Index {
			return fmt.Errorf("%w: asked_with names another argument of this call, below %d", ErrRule, maxArguments)
		}
	}
	return checkRoles(a.Roles)
}

func (q *Requirement) validate() error {
	if err := errors.Join(CheckName("service", q.Service), CheckName("function", q.Function)); err != nil {
		return err
	}
	if q.Role != "" {
		if err := CheckRole(q.Role); err != nil {
			return err
		}
	}
	if len(q.Args) > maxArguments {
		return fmt.Errorf("%w: %d arguments, at most %d", ErrRule, len(q.Args), maxArguments)
	}
	for i, t := range q.Args {
		switch {
		case t.Source == Literal && t.Argument == 0:
			if err := checkJSON("literal", t.Literal); err != nil {
				return fmt.Errorf("args[%d]: %w", i, err)
			}
		case t.Source == Argument && t.Argument < maxArguments && t.Literal == "":
		case t.Source == Initiator && t.Argument == 0 && t.Literal == "":
		default:
			return fmt.Errorf("%w: args[%d]: one of an argument below %d, the initiator, a literal", ErrRule, i, maxArguments)
		}
	}
	if _, err := parsePath(q.Path); err != nil {
		return err
	}
	return checkJSON("equals", q.Equals)
}

// checkJSON demands short JSON text without spaces, as results are spelled.
func checkJSON(field, s string) error {
	var b bytes.Buffer
	if len(s) > maxLiteral || !json.Valid([]byte(s)) || json.Compact(&b, []byte(s)) != nil || b.String() != s {
		return fmt.Errorf("%w: %s %q: want JSON text without spaces, at most %d bytes", ErrRule, field, clip(s), maxLiteral)
	}
	return nil
}

// cidEncoding is base32 in lower case without padding, multibase b.
func cidEncoding() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// scriptCID reports whether s is a CIDv1, raw, sha2-256, in base32.
func scriptCID(s string) bool {
	if len(s) != 59 || s[0] != 'b' {
		return false
	}
	raw, err := cidEncoding().DecodeString(s[1:])
	return err == nil && len(raw) == 36 && bytes.Equal(raw[:4], []byte{1, 0x55, 0x12, 0x20}) && "b"+cidEncoding().EncodeToString(raw) == s
}

// ScriptCID names the exact bytes of a script by their SHA-256.
func ScriptCID(sum [32]byte) string {
	return "b" + cidEncoding().EncodeToString(append([]byte{1, 0x55, 0x12, 0x20}, sum[:]...))
}

func clip(s string) string { return s[:min(len(s), 64)] }
