// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/particle"
)

// HTTPPattern is where Handler is to be served: SCOPE is the peer id of the host or
// of a worker, SPELL an id or alias.
const HTTPPattern = "POST /spell/{scope}/{spell}"

const (
	maxRequestBytes = 64 << 10
	requestTime     = 20 * time.Second // below the write deadline of the port
)

// RequestKey is the name under which a script finds its request: getDataSrv.request.
const RequestKey = "request"

// Request is an HTTP request as a script sees it. Body is the JSON of the body, or
// its text when the content type is another.
type Request struct {
	Query map[string][]string `json:"query"`
	Type  string              `json:"content_type"`
	Body  json.RawMessage     `json:"body"`
}

// request is a request under way.
type request struct {
	data     json.RawMessage // of Request
	answer   chan reply      // capacity 1
	particle string          // id; Spells' mutex guards it
}

type reply struct {
	value  json.RawMessage
	failed bool
}

// Handler serves spells that have an HTTP trigger. A request needs the spell's
// token as Authorization: Bearer TOKEN, must come from a program and not from a web
// page, and is answered with what the script passes to callbackSrv.response.
func (s *Spells) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

func (s *Spells) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if crossSite(r) {
		refuse(w, http.StatusForbidden, "requests from web pages are refused")
		return
	}
	sp, status, text := s.enter(r)
	if sp == nil {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		refuse(w, status, text)
		return
	}
	defer s.leave()
	if wait, ok := s.requestToken(sp); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		refuse(w, http.StatusTooManyRequests, "too many requests for this spell")
		return
	}
	data, err := readRequest(w, r)
	if err != nil {
		refuse(w, statusOf(err), err.Error())
		return
	}
	s.answer(r.Context(), w, sp, data)
}

// crossSite tells requests that a browser makes for a page: they carry an origin,
// or say that they are not of the same origin. The token is no cookie, so a page
// cannot borrow it either.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") != "" || (site != "" && site != "none" && site != "same-origin")
}

// enter finds the spell and checks the token. A spell that does not exist, one
// without the trigger and a wrong token look the same.
func (s *Spells) enter(r *http.Request) (*spell, int, string) {
	const text = "no such spell here, or not its token"
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	scope, err := peer.Decode(r.PathValue("scope"))
	if !ok || err != nil {
		return nil, http.StatusUnauthorized, text
	}
	sum := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	want := make([]byte, hex.EncodedLen(len(sum)))
	sp, err := s.find(scope, r.PathValue("spell"))
	if err == nil {
		copy(want, sp.Trigger.token())
	}
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), want) != 1 {
		return nil, http.StatusUnauthorized, text
	}
	if s.requests >= s.limits.Requests {
		return nil, http.StatusServiceUnavailable, "too many requests under way"
	}
	s.requests++
	return sp, 0, ""
}

func (s *Spells) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests--
}

func (s *Spells) requestToken(sp *spell) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sp.bucket.take(s.cfg.Now(), s.limits.HTTPRate, int(max(2*s.limits.HTTPRate, 1)))
}

var (
	errTooLong = errors.New("body is too long")
	errBody    = errors.New("body not understood")
)

func statusOf(err error) int {
	if errors.Is(err, errTooLong) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// readRequest reads a body of bounded length.
func readRequest(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return nil, fmt.Errorf("%w: at most %d bytes", errTooLong, maxRequestBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBody, err)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	q := Request{Query: r.URL.Query(), Type: kind, Body: json.RawMessage("null")}
	switch {
	case len(raw) == 0:
	case kind == "application/json" && json.Valid(raw):
		q.Body = raw
	case kind == "application/json":
		return nil, fmt.Errorf("%w: not JSON", errBody)
	case !utf8.Valid(raw):
		return nil, fmt.Errorf("%w: not UTF-8; encode bytes as text", errBody)
	default:
		if q.Body, err = json.Marshal(string(raw)); err != nil {
			return nil, err
		}
	}
	return json.Marshal(q)
}

// answer fires the spell and waits for its response.
func (s *Spells) answer(ctx context.Context, w http.ResponseWriter, sp *spell, data json.RawMessage) {
	req := &request{data: data, answer: make(chan reply, 1)}
	now := s.cfg.Now()
	err := s.fire(sp, causeOfHTTP(req, now), now)
	switch {
	case errors.Is(err, ErrBusy):
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, err.Error())
		return
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer s.abandon(req)
	timer := time.NewTimer(requestTime)
	defer timer.Stop()
	select {
	case a := <-req.answer:
		status := http.StatusOK
		if a.failed {
			status = http.StatusBadGateway
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(a.value)
	case <-timer.C:
		refuse(w, http.StatusGatewayTimeout, fmt.Sprintf("the spell did not respond in %v", requestTime))
	case <-ctx.Done():
	}
}

// abandon makes later responses of the particle go nowhere.
func (s *Spells) abandon(req *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fired[req.particle]; f != nil {
		f.request.data = nil
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
}

// requestOf returns the request that a particle was made for; s.mu is held.
func (s *Spells) requestOf(p *particle.Particle) *request {
	f := s.fired[p.ID]
	if f == nil || f.spell.scope.String() != p.InitPeerID {
		return nil
	}
	return f.request
}

// RequestData returns the request that a particle was made for, as the JSON of a
// Request; ok is false for any other particle.
func (s *Spells) RequestData(p *particle.Particle) (json.RawMessage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	req := s.requestOf(p)
	if req == nil || req.data == nil {
		return nil, false
	}
	return req.data, true
}

// Respond answers the request that a particle was made for; the first answer
// counts. ok is false for any other particle.
func (s *Spells) Respond(p *particle.Particle, value json.RawMessage, failed bool) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	req := s.requestOf(p)
	if req == nil {
		return false
	}
	select {
	case req.answer <- reply{value, failed}:
	default:
	}
	return true
}
