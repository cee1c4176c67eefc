// SPDX-License-Identifier: Apache-2.0

// Package httpapi is what an operator sees of a peer over HTTP: /metrics,
// /health, /versions, /peer_id and /config on a TCP port, as upstream has them,
// and /peers, /info and /connect on a unix socket that only the operator's user
// can open. The TCP port shows no secret; without Routes, which guard themselves,
// it has no access control and changes nothing.
//
// Source: nox@b349812f0:nox/src/http.rs (paths, shapes and codes, facts only).
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// Bounds of a request: whoever is slower or larger is cut off.
const (
	headerTime     = 5 * time.Second
	requestTime    = 30 * time.Second
	idleTime       = time.Minute
	maxHeaderBytes = 16 << 10
	maxBodyBytes   = 64 << 10
	maxConns       = 256
	shutdownTime   = 2 * time.Second
)

// Versions is the answer of /versions.
type Versions struct {
	Node       string `json:"node"`
	AVM        string `json:"avm"`
	Spell      string `json:"spell"`
	AquaIPFS   string `json:"aqua_ipfs"`
	TrustGraph string `json:"trust_graph"`
	Registry   string `json:"registry"`
	Decider    string `json:"decider"`
}

// Check is one part of /health; nil means it is well.
type Check struct {
	Name string
	Ask  func() error
}

// Contact is a peer and its addresses, as /peers lists them.
type Contact struct {
	PeerID    string   `json:"peer_id"`
	Addresses []string `json:"addresses"`
}

// Control is what the unix socket can do.
type Control struct {
	Peers   func() []Contact                                           // connected peers
	Info    func() any                                                 // marshalled to JSON
	Connect func(ctx context.Context, id string, addrs []string) error // dials a peer
}

// Config says what is served where.
type Config struct {
	Listen   string                  // host:port; "" serves no TCP
	Socket   string                  // path of the unix socket; "" serves none
	PeerID   string                  // of /peer_id
	Versions Versions                // of /versions
	TOML     func() []byte           // of /config, without secrets
	Gather   prometheus.Gatherer     // of /metrics; nil answers 404
	Checks   []Check                 // of /health; nil answers 404
	Routes   map[string]http.Handler // more of the TCP port, by pattern; they guard themselves
	Control  Control
	Log      *slog.Logger // nil is silent
}

// Server serves both. Make one with New.
type Server struct {
	cfg   Config
	ready chan struct{}
	addr  string // set before ready is closed
}

// New starts nothing.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, ready: make(chan struct{})}
}

// Ready is closed once everything listens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// URL returns http://HOST:PORT of the TCP port once Ready is closed, "" without one.
func (s *Server) URL() string {
	select {
	case <-s.ready:
		if s.addr != "" {
			return "http://" + s.addr
		}
	default:
	}
	return ""
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if s.cfg.Listen != "" {
		ln, err := net.Listen("tcp", s.cfg.Listen)
		if err != nil {
			return fmt.Errorf("operator endpoints: %w", err)
		}
		s.addr = ln.Addr().String()
		g.Go(func() error {
			return serve(ctx, &limited{Listener: ln, slots: make(chan struct{}, maxConns)}, s.public())
		})
	}
	if s.cfg.Socket != "" {
		ln, err := s.listenSocket()
		if err != nil {
			s.cfg.Log.Warn("no control socket", "err", err)
		} else {
			g.Go(func() error { return serve(ctx, ln, s.control()) })
		}
	}
	close(s.ready)
	g.Go(func() error { <-ctx.Done(); return nil })
	return g.Wait()
}

// listenSocket replaces a socket that a dead process left. The store's lock keeps
// a second living one away.
func (s *Server) listenSocket() (net.Listener, error) {
	if err := os.Remove(s.cfg.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ln, err := net.Listen("unix", s.cfg.Socket)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(s.cfg.Socket, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		err := srv.Shutdown(end)
		if errors.Is(err, context.DeadlineExceeded) {
			err = srv.Close()
		}
		stopped <- err
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// limited refuses connections beyond its slots at once.
type limited struct {
	net.Listener
	slots chan struct{}
}

// Accept waits for a connection that has a slot.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &slotted{Conn: c, release: func() { <-l.slots }}, nil
		default:
			_ = c.Close()
		}
	}
}

type slotted struct {
	net.Conn
	once    sync.Once
	release func()
}

// Close gives the slot back, once.
func (s *slotted) Close() error {
	s.once.Do(s.release)
	return s.Conn.Close()
}

func (s *Server) public() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /peer_id", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"peer_id": s.cfg.PeerID})
	})
	mux.HandleFunc("GET /versions", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.cfg.Versions) })
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if s.cfg.TOML != nil {
			_, _ = w.Write(s.cfg.TOML())
		}
	})
	if s.cfg.Checks != nil {
		mux.HandleFunc("GET /health", s.health)
	}
	if s.cfg.Gather != nil {
		mux.Handle("GET /metrics", metrics(s.cfg.Gather))
	}
	for pattern, h := range s.cfg.Routes {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("/", notFound)
	return mux
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "No such endpoint", http.StatusNotFound)
}

// health answers an array of one-key objects: 200 when all is well, 429 when some
// parts fail, 503 when all do.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	var well, ill []map[string]string
	for _, c := range s.cfg.Checks {
		if err := c.Ask(); err != nil {
			s.cfg.Log.Debug("health check failed", "check", c.Name, "err", err)
			ill = append(ill, map[string]string{c.Name: "Fail"})
			continue
		}
		well = append(well, map[string]string{c.Name: "Ok"})
	}
	status := http.StatusOK
	switch {
	case len(ill) > 0 && len(well) == 0:
		status = http.StatusServiceUnavailable
	case len(ill) > 0:
		status = http.StatusTooManyRequests
	}
	writeJSON(w, status, append(append([]map[string]string{}, well...), ill...))
}

func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /peers", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.cfg.Control.Peers()) })
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.cfg.Control.Info()) })
	mux.HandleFunc("POST /connect", s.connect)
	mux.HandleFunc("/", notFound)
	return mux
}

// connect dials the peer of the body, {"peer_id":…, "addresses":[…]}.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	var to Contact
	body := http.MaxBytesReader(w, r.Body, maxBodyBytes)
	if err := json.NewDecoder(body).Decode(&to); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "body is not a contact: " + err.Error()})
		return
	}
	_, _ = io.Copy(io.Discard, body)
	if err := s.cfg.Control.Connect(r.Context(), to.PeerID, to.Addresses); err != nil {
		writeJSON(w, http.StatusBadGateway, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"connected": true})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
