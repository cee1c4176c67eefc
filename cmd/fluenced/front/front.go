// SPDX-License-Identifier: Apache-2.0

// Package front stands between the world and CometBFT's RPC server. It passes on
// requests whose form is sound, in the order they came, and answers the others
// itself with a JSON-RPC error that says why. It holds no state of the chain and
// changes no answer.
package front

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// Limits of the front that no configuration moves.
const (
	// maxDepth bounds how deep the JSON of a request nests.
	maxDepth = 32
	// maxNumericID is the largest number a JSON-RPC id may be: what survives every
	// JSON library unchanged.
	maxNumericID = 1<<53 - 1
	// maxTextID bounds a textual id, in bytes.
	maxTextID = 256
	// headerTimeout bounds the wait for the headers of a request.
	headerTimeout = 10 * time.Second
)

// Config says what stands in front of what.
type Config struct {
	Inner        string      // path of the unix socket CometBFT's RPC listens on
	MaxBodyBytes int64       // largest body of a request
	MaxBatch     int         // most requests in one batch, 0 for no bound
	TLS          *tls.Config // nil for plain HTTP
}

// Front is an http.Handler. Make one with New.
type Front struct {
	cfg   Config
	proxy *httputil.ReverseProxy
	nonce string // keeps the addresses of several fronts apart
	dials atomic.Uint64
}

// New returns a front of the RPC server behind cfg.Inner.
func New(cfg Config) *Front {
	f := &Front{cfg: cfg, nonce: rand.Text()[:8]}
	transport := &http.Transport{
		DialContext:        f.dial,
		DisableCompression: true,
		MaxIdleConns:       64,
		IdleConnTimeout:    30 * time.Second,
	}
	f.proxy = &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "localhost"
			r.Out.Host = "localhost" // CometBFT writes the Host header into a page
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusBadGateway, nil, codeInternal, "the validator does not answer: "+err.Error())
		},
	}
	return f
}

// dial connects to the inner socket from an address of its own, because CometBFT
// tells subscribers apart by the address they come from.
func (f *Front) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n := f.dials.Add(1)
	name := fmt.Sprintf("@fluenced-%s-%d", f.nonce, n)
	if runtime.GOOS != "linux" { // no abstract socket addresses
		name = filepath.Join(filepath.Dir(f.cfg.Inner), fmt.Sprintf("%s-%d", f.nonce, n))
		defer func() { _ = os.Remove(name) }()
	}
	d := net.Dialer{LocalAddr: &net.UnixAddr{Name: name, Net: "unix"}}
	return d.DialContext(ctx, "unix", f.cfg.Inner)
}

// Serve answers on ln until ctx ends, then closes it and every connection.
func (f *Front) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    1 << 20,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		TLSConfig:         f.cfg.TLS,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		_ = srv.Close()
	}()
	var err error
	if f.cfg.TLS != nil {
		err = srv.ServeTLS(ln, "", "")
	} else {
		err = srv.Serve(ln)
	}
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		<-done
		return nil
	}
	return err
}

// ServeHTTP passes a sound request on and refuses any other.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	path := strings.Trim(r.URL.Path, "/")
	switch {
	case !ownHost(r):
		refuse(w, http.StatusForbidden, nil, codeInvalidRequest, "host name not served here; ask for localhost or an address")
	case strings.Trim(path, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		refuse(w, http.StatusNotFound, nil, codeMethodNotFound, "no such method")
	case r.Header.Get("Content-Encoding") != "" && r.Header.Get("Content-Encoding") != "identity":
		refuse(w, http.StatusUnsupportedMediaType, nil, codeInvalidRequest, "compressed requests are not read")
	case path == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "CometBFT RPC of a Fluence validator. POST JSON-RPC here, or GET /status, /block?height=1, ...\n")
	case r.Method == http.MethodPost:
		f.post(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions:
		f.proxy.ServeHTTP(w, r)
	default:
		refuse(w, http.StatusMethodNotAllowed, nil, codeInvalidRequest, "use GET or POST")
	}
}

// post reads the whole body, so that only what was judged is passed on.
func (f *Front) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, f.cfg.MaxBodyBytes))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			refuse(w, http.StatusRequestEntityTooLarge, nil, codeInvalidRequest, fmt.Sprintf("request is longer than %d bytes", f.cfg.MaxBodyBytes))
		}
		return
	}
	if fault := Judge(body, f.cfg.MaxBatch); fault != nil {
		refuse(w, http.StatusOK, fault.ID, fault.Code, fault.Msg)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	f.proxy.ServeHTTP(w, r)
}

// ownHost guards a server that listens on loopback against pages which made their
// own name point there: such a request has a host name other than ours.
func ownHost(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return true
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil || !at.Addr().IsLoopback() {
		return true // a unix socket, or a public address, whose names we do not know
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || host == ""
}

// refuse writes a JSON-RPC error. id is the request's own when it was sound.
func refuse(w http.ResponseWriter, status int, id json.RawMessage, code int, msg string) {
	if id == nil {
		id = json.RawMessage("null")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": msg},
	})
}
