// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		body string
		code int // 0: sound
	}{
		"text id":             {`{"jsonrpc":"2.0","id":"a","method":"status"}`, 0},
		"number id":           {`{"jsonrpc":"2.0","id":7,"method":"status","params":{}}`, 0},
		"negative id":         {`{"id":-1,"method":"status"}`, 0},
		"largest id":          {`{"id":9007199254740991,"method":"status"}`, 0},
		"batch":               {`[{"id":1,"method":"a"},{"id":2,"method":"b"}]`, 0},
		"id beyond 53 bits":   {`{"id":9007199254740992,"method":"status"}`, codeInvalidRequest},
		"id 1e30":             {`{"id":1e30,"method":"status"}`, codeInvalidRequest},
		"fractional id":       {`{"id":1.5,"method":"status"}`, codeInvalidRequest},
		"null id":             {`{"id":null,"method":"status"}`, codeInvalidRequest},
		"object id":           {`{"id":{},"method":"status"}`, codeInvalidRequest},
		"long text id":        {`{"id":"` + strings.Repeat("x", 300) + `","method":"status"}`, codeInvalidRequest},
		"no id":               {`{"method":"status"}`, codeInvalidRequest},
		"no method":           {`{"id":1}`, codeInvalidRequest},
		"empty batch":         {`[]`, codeInvalidRequest},
		"batch too long":      {`[` + strings.Repeat(`{"id":1,"method":"a"},`, 3) + `{"id":1,"method":"a"}]`, codeInvalidRequest},
		"bad request inside":  {`[{"id":1,"method":"a"},{"id":1e9,"method":"a"}]`, codeInvalidRequest},
		"array bomb":          {strings.Repeat("[", 10_000), codeInvalidRequest},
		"deep params":         {`{"id":1,"method":"a","params":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`, codeInvalidRequest},
		"not JSON":            {`{`, codeParse},
		"text after the JSON": {`{"id":1,"method":"a"} x`, codeParse},
		"two documents":       {`{"id":1,"method":"a"}{"id":2,"method":"a"}`, codeInvalidRequest},
		"nothing":             {``, codeInvalidRequest},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := 0
			if f := Judge([]byte(tt.body), 3); f != nil {
				got = f.Code
			}
			if got != tt.code {
				t.Errorf("Judge(%.80s) = %d, want %d", tt.body, got, tt.code)
			}
		})
	}
}

// echo is an RPC server that tells what reached it.
func echo(t *testing.T) (sock string) {
	t.Helper()
	sock = filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]string{"from": r.RemoteAddr, "host": r.Host, "body": string(body), "path": r.URL.Path})
	})}
	t.Cleanup(func() { _ = srv.Close() })
	go func() { _ = srv.Serve(ln) }()
	return sock
}

func TestFrontPassesSoundRequestsOnAndRefusesOthers(t *testing.T) {
	f := New(Config{Inner: echo(t), MaxBodyBytes: 1000, MaxBatch: 2})
	sound := `{"id":1,"method":"status"}`
	tests := map[string]struct {
		method, path, body string
		edit               func(*http.Request)
		status             int
		want               string
	}{
		"GET is passed on":      {"GET", "/status", "", nil, 200, `"path":"/status"`},
		"POST is passed on":     {"POST", "/", sound, nil, 200, `"body":"{\"id\":1`},
		"host never passes":     {"GET", "/status", "", func(r *http.Request) { r.Host = "<b>x</b>" }, 200, `"host":"localhost"`},
		"page reflects nothing": {"GET", "/", "", func(r *http.Request) { r.Host = "<b>x</b>" }, 200, "CometBFT RPC"},
		"bad id":                {"POST", "/", `{"id":1e30,"method":"status"}`, nil, 200, `"code":-32600`},
		"too long":              {"POST", "/", strings.Repeat(" ", 1001) + sound, nil, 413, "longer than 1000"},
		"path traversal":        {"GET", "/../../etc/passwd", "", nil, 404, `"code":-32601`},
		"escaped traversal":     {"GET", "/..%2f..%2fetc", "", nil, 404, `"code":-32601`},
		"gzip bomb":             {"POST", "/", sound, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415, "compressed"},
		"other verbs":           {"DELETE", "/status", "", nil, 405, `"code":-32600`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, "http://localhost"+tt.path, strings.NewReader(tt.body))
			if tt.edit != nil {
				tt.edit(r)
			}
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%s %s = %d %s, want %d and %s", tt.method, tt.path, w.Code, w.Body, tt.status, tt.want)
			}
			if strings.Contains(w.Body.String(), "<b>") {
				t.Errorf("answer reflects the host: %s", w.Body)
			}
		})
	}
}

func TestFrontOnLoopbackRefusesForeignNames(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- New(Config{Inner: echo(t), MaxBodyBytes: 1000}).Serve(ctx, ln) }()
	for host, want := range map[string]int{"localhost": 200, "127.0.0.1:80": 200, "[::1]:5": 200, "evil.example": 403} {
		r, err := http.NewRequestWithContext(ctx, "GET", "http://"+ln.Addr().String()+"/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("Host %s = %d, want %d", host, resp.StatusCode, want)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve = %v, want nil after its context ended", err)
	}
}

func TestEachConnectionHasAnAddressOfItsOwn(t *testing.T) {
	inner := echo(t)
	a, b := New(Config{Inner: inner}), New(Config{Inner: inner})
	seen := map[string]bool{}
	for _, f := range []*Front{a, a, b} {
		c, err := f.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		seen[c.LocalAddr().String()] = true
		defer func() { _ = c.Close() }()
	}
	if len(seen) != 3 {
		t.Errorf("addresses = %v, want three", seen)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte(`{"id":1,"method":"status"}`))
	f.Add([]byte(`[{"id":"a","method":"b"}]`))
	f.Add([]byte(`{"id":1e400}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if fault := Judge(body, 10); fault == nil && !json.Valid(body) {
			t.Errorf("Judge(%q) accepts what is not JSON", body)
		}
	})
}
