// SPDX-License-Identifier: Apache-2.0

// Package trust is the service "trust-graph" over the peer's trust graph, with the
// functions, shapes and texts of the official one. Times must come from the peer's
// own clock, called in the same particle. It stores nothing itself.
//
// Source: trust-graph@e2d93ad, as docs/spec/trust-graph.md says.
package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/mr-tron/base58"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/trustgraph"
	"github.com/go-fluence/fluence/proofs/trust"
)

// Service is the service's official name.
const Service = "trust-graph"

// service answers for one peer.
type service struct {
	graph  *trustgraph.Graph
	self   peer.ID
	owners []peer.ID
}

// Entries returns the functions of the service. The peer itself and its managing
// peers own it: they alone set roots.
func Entries(g *trustgraph.Graph, self peer.ID, owners []peer.ID) map[string]builtin.Entry {
	s := &service{g, self, owners}
	entries := map[string]builtin.Entry{}
	for name, f := range map[string]function{
		"get_trust_bytes": {pipeline.Pure, s.trustBytes}, "issue_trust": {pipeline.Pure, s.issueTrust},
		"get_revocation_bytes": {pipeline.Pure, s.revocationBytes}, "issue_revocation": {pipeline.Pure, s.issueRevocation},
		"verify_trust": {pipeline.Pure, s.verifyTrust}, "export_revocations": {pipeline.Pure, s.exportRevocations},
		"get_weight": {pipeline.Pure, s.weight}, "get_weight_from": {pipeline.Pure, s.weightFrom},
		"get_all_certs": {pipeline.Pure, s.allCerts}, "get_all_certs_from": {pipeline.Pure, s.allCertsFrom},
		"get_host_certs": {pipeline.Pure, s.hostCerts}, "get_host_certs_from": {pipeline.Pure, s.hostCertsFrom},
		"set_root": {pipeline.Effect, s.setRoot}, "add_trust": {pipeline.Effect, s.addTrust}, "revoke": {pipeline.Effect, s.revoke},
		"insert_cert": {pipeline.Effect, s.insertCert}, "insert_cert_raw": {pipeline.Effect, s.insertCertRaw},
	} {
		entries[name] = builtin.Entry{Kind: f.kind, Call: f.call}
	}
	return entries
}

type function struct {
	kind pipeline.Kind
	call builtin.Function
}

// outcome begins every answer. A refusal is an answer, not an error.
type outcome struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
}

func done(err error) outcome {
	if err != nil {
		return outcome{Error: err.Error()}
	}
	return outcome{Success: true}
}

type bytesResult struct {
	outcome
	Result []uint16 `json:"result"`
}

func octets(b []byte) []uint16 {
	out := make([]uint16, len(b))
	for i := range b {
		out[i] = uint16(b[i])
	}
	return out
}

type weightResult struct {
	Success bool   `json:"success"`
	Weight  uint32 `json:"weight"`
	PeerID  string `json:"peer_id"`
	Error   string `json:"error"`
}

// noWeight is the answer of a refusal.
func noWeight(err error) weightResult { return weightResult{Error: err.Error()} }

type certsResult struct {
	outcome
	Certificates []trust.Certificate `json:"certificates"`
}

// trustDTO is a trust as the service writes it; empty in refusals.
type trustDTO struct {
	IssuedFor string `json:"issued_for"`
	ExpiresAt uint64 `json:"expires_at"`
	Signature string `json:"signature"`
	SigType   string `json:"sig_type"`
	IssuedAt  uint64 `json:"issued_at"`
}

type revocationDTO struct {
	Revoked   string `json:"revoked_peer_id"`
	RevokedAt uint64 `json:"revoked_at"`
	Signature string `json:"signature"`
	SigType   string `json:"sig_type"`
	RevokedBy string `json:"revoked_by"`
}

// key reads a peer id.
func key(id string) (trust.Key, error) {
	if len(id) > 128 {
		return trust.Key{}, errors.New("peer id parse error: too long")
	}
	k, err := trust.KeyOfPeer(id)
	if err != nil {
		return k, fmt.Errorf("peer id parse error: %w", err)
	}
	return k, nil
}

// clock reads argument i as seconds, if it is what this peer's clock said in this
// particle: by its tetraplet, as upstream checks, and by its origins, for a
// tetraplet alone proves nothing.
func (s *service) clock(c pipeline.Call, i int) (uint64, error) {
	var now uint64
	if i >= len(c.Args) || json.Unmarshal(c.Args[i], &now) != nil {
		return 0, fmt.Errorf("argument %d: timestamp in seconds expected", i)
	}
	here := func(id string) bool { return id == c.Scope.Host.String() || id == c.Scope.Peer.String() }
	ok := i < len(c.Tetraplets) && len(c.Tetraplets[i]) == 1 && i < len(c.Origins) && len(c.Origins[i]) > 0
	if ok {
		t := c.Tetraplets[i][0]
		ok = here(t.PeerPK) && t.ServiceID == "peer" && t.FunctionName == "timestamp_sec" && t.Lens == ""
	}
	ok = ok && !slices.ContainsFunc(c.Origins[i], func(o air.Origin) bool {
		return o.Kind != air.OriginResult || !here(o.Peer) || o.Service != "peer" || o.Function != "timestamp_sec"
	})
	if !ok {
		var t any
		if i < len(c.Tetraplets) {
			t = c.Tetraplets[i]
		}
		return 0, fmt.Errorf("you should use host peer.timestamp_sec to pass timestamp: %+v", t)
	}
	return now, nil
}

// readTrust reads a peer id and two times.
func readTrust(a *builtin.Args) (t trust.Trust, err error) {
	id, err := builtin.Next[string](a, "issued_for_peer_id")
	if err != nil {
		return t, err
	}
	if t.ExpiresAt, err = builtin.Next[uint64](a, "expires_at_sec"); err != nil {
		return t, err
	}
	if t.IssuedAt, err = builtin.Next[uint64](a, "issued_at_sec"); err != nil {
		return t, err
	}
	t.IssuedFor, err = key(id)
	return t, err
}

func (s *service) trustBytes(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	t, err := readTrust(a)
	if err != nil {
		return bytesResult{done(err), []uint16{}}, nil
	}
	return bytesResult{done(nil), octets(t.SigningBytes())}, nil
}

// formatOf tells a signature's format by its shape: upstream takes that of the
// subject's key, which is another's.
func formatOf(sig []byte) trust.Format {
	if len(sig) == 64 {
		return trust.Ed25519
	}
	return trust.Secp256k1
}

func (s *service) issueTrust(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	type result struct {
		outcome
		Trust trustDTO `json:"trust"`
	}
	t, err := readTrust(a)
	if err != nil {
		return result{outcome: done(err)}, nil
	}
	sig, err := builtin.Next[[]byte](a, "trust_bytes")
	if err != nil {
		return result{outcome: done(err)}, nil
	}
	return result{done(nil), trustDTO{t.IssuedFor.PeerID(), t.ExpiresAt, base58.Encode(sig), formatOf(sig).String(), t.IssuedAt}}, nil
}

func readRevocation(a *builtin.Args) (r trust.Revocation, err error) {
	id, err := builtin.Next[string](a, "revoked_peer_id")
	if err != nil {
		return r, err
	}
	if r.RevokedAt, err = builtin.Next[uint64](a, "revoked_at"); err != nil {
		return r, err
	}
	r.Revoked, err = key(id)
	return r, err
}

func (s *service) revocationBytes(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	r, err := readRevocation(a)
	if err != nil {
		return bytesResult{done(err), []uint16{}}, nil
	}
	return bytesResult{done(nil), octets(r.SigningBytes())}, nil
}

func (s *service) issueRevocation(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	type result struct {
		outcome
		Revocation revocationDTO `json:"revocation"`
	}
	by, err := builtin.Next[string](a, "revoked_by_peer_id")
	if err != nil {
		return result{outcome: done(err)}, nil
	}
	r, err := readRevocation(a)
	if err != nil {
		return result{outcome: done(err)}, nil
	}
	if r.RevokedBy, err = key(by); err != nil {
		return result{outcome: done(err)}, nil
	}
	sig, err := builtin.Next[[]byte](a, "signature_bytes")
	if err != nil {
		return result{outcome: done(err)}, nil
	}
	return result{done(nil), revocationDTO{r.Revoked.PeerID(), r.RevokedAt, base58.Encode(sig), r.RevokedBy.Format.String(), by}}, nil
}

// edge reads a trust, its issuer and the clock.
func (s *service) edge(c pipeline.Call, a *builtin.Args) (t trust.Trust, issuer trust.Key, now uint64, err error) {
	raw, err := builtin.Next[json.RawMessage](a, "trust")
	if err != nil {
		return t, issuer, 0, err
	}
	if err = json.Unmarshal(raw, &t); err != nil {
		return t, issuer, 0, err
	}
	id, err := builtin.Next[string](a, "issuer_peer_id")
	if err != nil {
		return t, issuer, 0, err
	}
	if issuer, err = key(id); err != nil {
		return t, issuer, 0, err
	}
	now, err = s.clock(c, 2)
	return t, issuer, now, err
}

func (s *service) verifyTrust(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	t, issuer, now, err := s.edge(c, a)
	if err == nil {
		err = t.Verify(issuer, now)
	}
	return done(err), nil
}

func (s *service) addTrust(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	type result struct {
		outcome
		Weight uint32 `json:"weight"`
	}
	t, issuer, now, err := s.edge(c, a)
	if err != nil {
		return result{outcome: done(err)}, nil
	}
	weight, err := s.graph.AddTrust(t, issuer, now)
	return result{done(err), weight}, nil
}

func (s *service) revoke(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	raw, err := builtin.Next[json.RawMessage](a, "revocation")
	if err != nil {
		return done(err), nil
	}
	var r trust.Revocation
	if err := json.Unmarshal(raw, &r); err != nil {
		return done(err), nil
	}
	now, err := s.clock(c, 1)
	if err == nil {
		err = s.graph.Revoke(r, now)
	}
	return done(err), nil
}

func (s *service) setRoot(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	id, err := builtin.Next[string](a, "peer_id")
	if err != nil {
		return done(err), nil
	}
	length, err := builtin.Next[uint32](a, "max_chain_len")
	if err != nil {
		return done(err), nil
	}
	k, err := key(id)
	if err != nil {
		return done(err), nil
	}
	from := c.Particle.InitPeerID
	if from != s.self.String() && !slices.ContainsFunc(s.owners, func(o peer.ID) bool { return o.String() == from }) {
		return done(errors.New("Root could add only by trust graph service owner")), nil //nolint:staticcheck // ST1005: upstream's text
	}
	return done(s.graph.SetRoot(k, length)), nil
}

func (s *service) insertCert(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	raw, err := builtin.Next[json.RawMessage](a, "certificate")
	if err != nil {
		return done(err), nil
	}
	var cert trust.Certificate
	if err := json.Unmarshal(raw, &cert); err != nil {
		return done(err), nil
	}
	return s.insert(c, cert)
}

func (s *service) insertCertRaw(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	text, err := builtin.Next[string](a, "certificate")
	if err != nil {
		return done(err), nil
	}
	var cert trust.Certificate
	if err := cert.UnmarshalText([]byte(text)); err != nil {
		return done(err), nil
	}
	return s.insert(c, cert)
}

// insert takes the time from the clock as all others do; upstream takes any.
func (s *service) insert(c pipeline.Call, cert trust.Certificate) (any, error) {
	now, err := s.clock(c, 1)
	if err == nil {
		err = s.graph.InsertCertificate(cert, now)
	}
	return done(err), nil
}

func (s *service) weight(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	id, err := builtin.Next[string](a, "peer_id")
	if err != nil {
		return noWeight(err), nil
	}
	k, err := key(id)
	if err != nil {
		return noWeight(err), nil
	}
	now, err := s.clock(c, 1)
	if err != nil {
		return noWeight(err), nil
	}
	return weightResult{Success: true, Weight: s.graph.Weight(k, now), PeerID: id}, nil
}

// weightFrom checks the clock where it stands; upstream looks at the issuer, so that
// its function can never be used.
func (s *service) weightFrom(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	k, issuer, id, err := pair(a)
	if err != nil {
		return noWeight(err), nil
	}
	now, err := s.clock(c, 2)
	if err != nil {
		return noWeight(err), nil
	}
	return weightResult{Success: true, Weight: s.graph.WeightFrom(k, issuer, now), PeerID: id}, nil
}

func pair(a *builtin.Args) (k, issuer trust.Key, id string, err error) {
	if id, err = builtin.Next[string](a, "peer_id"); err != nil {
		return k, issuer, id, err
	}
	by, err := builtin.Next[string](a, "issuer")
	if err != nil {
		return k, issuer, id, err
	}
	if k, err = key(id); err != nil {
		return k, issuer, id, err
	}
	issuer, err = key(by)
	return k, issuer, id, err
}

// certs answers with chains to a key; through, if given, stands on them.
func (s *service) certs(c pipeline.Call, k trust.Key, through *trust.Key, clock int, err error) (any, error) {
	var now uint64
	if err == nil {
		now, err = s.clock(c, clock)
	}
	if err != nil {
		return certsResult{done(err), []trust.Certificate{}}, nil
	}
	list, _ := s.graph.Certificates(k, through, now)
	if list == nil {
		list = []trust.Certificate{}
	}
	return certsResult{done(nil), list}, nil
}

func (s *service) allCerts(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	id, err := builtin.Next[string](a, "issued_for")
	var k trust.Key
	if err == nil {
		k, err = key(id)
	}
	return s.certs(c, k, nil, 1, err)
}

func (s *service) allCertsFrom(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	k, issuer, _, err := pair(a)
	return s.certs(c, k, &issuer, 2, err)
}

func (s *service) hostCerts(_ context.Context, c pipeline.Call, _ *builtin.Args) (any, error) {
	k, err := key(c.Scope.Host.String())
	return s.certs(c, k, nil, 0, err)
}

func (s *service) hostCertsFrom(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	by, err := builtin.Next[string](a, "issuer")
	var k, issuer trust.Key
	if err == nil {
		issuer, err = key(by)
	}
	if err == nil {
		k, err = key(c.Scope.Host.String())
	}
	return s.certs(c, k, &issuer, 1, err)
}

func (s *service) exportRevocations(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	type result struct {
		outcome
		Revocations []trust.Revocation `json:"revocations"`
	}
	id, err := builtin.Next[string](a, "issued_for")
	var k trust.Key
	if err == nil {
		k, err = key(id)
	}
	if err != nil {
		return result{done(err), []trust.Revocation{}}, nil
	}
	return result{done(nil), s.graph.Revocations(k)}, nil
}
