// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/marine/effects"
)

// site is a server on loopback, which only a Curl that allows it reaches.
func site(t *testing.T) (address string, local Curl) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("X-Test")+" "+string(b))
		case "/big":
			_, _ = w.Write(make([]byte, 2<<20))
		case "/slow":
			<-r.Context().Done()
		case "/away":
			http.Redirect(w, r, "http://127.0.0.2:1/", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, Curl{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
}

func vaultFolder(t *testing.T) *effects.Folder {
	t.Helper()
	f, err := effects.OpenFolder(t.TempDir(), effects.NewQuota(1<<22, 10))
	if err != nil {
		t.Fatal(err)
	}
	f.Divide()
	if err := f.AddPart("p", 1<<22, 10); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestCurl(t *testing.T) {
	address, local := site(t)
	vault := vaultFolder(t)
	if err := vault.WriteFile("p/in", []byte("from a file")); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		code int32
		out  string
	}{
		"get":                {[]string{"-sS", address + "/echo"}, 0, "GET  "},
		"post":               {[]string{"-d", "x=1", "-H", "X-Test: a", address + "/echo"}, 0, "POST a x=1"},
		"put":                {[]string{"-X", "PUT", "--data-binary", "@/tmp/vault/p/in", address + "/echo"}, 0, "PUT  from a file"},
		"file elsewhere":     {[]string{"-d", "@/etc/passwd", address + "/echo"}, curlRead, ""},
		"file above":         {[]string{"-d", "@/tmp/vault/../../etc/passwd", address + "/echo"}, curlRead, ""},
		"to a file":          {[]string{"-o", "/tmp/vault/p/out", address + "/echo"}, 0, ""},
		"to a file outside":  {[]string{"-o", "/tmp/vault/out", address + "/echo"}, curlWrite, ""},
		"to the same file":   {[]string{"-o", "/tmp/vault/p/out", address + "/echo"}, curlWrite, ""},
		"not found":          {[]string{"-f", address + "/none"}, curlStatus, ""},
		"too long":           {[]string{address + "/big"}, curlWrite, ""},
		"slow":               {[]string{"-m", "0.05", address + "/slow"}, curlTimeout, ""},
		"redirect elsewhere": {[]string{"-L", address + "/away"}, curlConnect, ""},
		"another scheme":     {[]string{"file:///etc/passwd"}, curlURL, ""},
		"gopher":             {[]string{"gopher://127.0.0.1"}, curlURL, ""},
		"a user":             {[]string{"http://a:b@127.0.0.1/"}, curlURL, ""},
		"no URL":             {[]string{"-s"}, curlURL, ""},
		"two URLs":           {[]string{address, address}, curlUsage, ""},
		"unknown option":     {[]string{"--proxy", "http://x", address}, curlUsage, ""},
		"option cut off":     {[]string{"-X"}, curlUsage, ""},
		"header with a line": {[]string{"-H", "A: b\r\nC: d", address + "/echo"}, curlUsage, ""},
		"header Host":        {[]string{"-H", "host: internal", address + "/echo"}, curlUsage, ""},
	}
	for _, name := range []string{"to a file", "to the same file"} {
		tt := tests[name]
		if res := local.Run(t.Context(), vault, tt.args, 1<<20); res.Code != tt.code {
			t.Errorf("%s: code %d, %s", name, res.Code, res.Stderr)
		}
		delete(tests, name)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res := local.Run(t.Context(), vault, tt.args, 1<<20)
			if res.Code != tt.code || string(res.Stdout) != tt.out || (res.Code != 0) != (len(res.Stderr) > 0) {
				t.Errorf("code %d, %q, %s; want %d, %q", res.Code, res.Stdout, res.Stderr, tt.code, tt.out)
			}
		})
	}
	if b, err := vault.ReadFile("p/out", 100); err != nil || string(b) != "GET  " {
		t.Errorf("file = %q, %v", b, err)
	}
}

func TestCurlReachesPublicAddressesOnly(t *testing.T) {
	address, _ := site(t)
	for _, u := range []string{address, strings.Replace(address, "127.0.0.1", "localhost", 1), strings.Replace(address, "127.0.0.1", "[::ffff:127.0.0.1]", 1), strings.Replace(address, "127.0.0.1", "2130706433", 1)} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		res := Curl{}.Run(ctx, nil, []string{u + "/echo"}, 1<<20)
		cancel()
		if res.Code == 0 {
			t.Errorf("%s answered %q", u, res.Stdout)
		}
	}
	for ip, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "ff02::1": false, "2001:db8::1": false,
	} {
		if got := (Curl{}).public(netip.MustParseAddr(ip)); got != want {
			t.Errorf("public(%s) = %v, want %v", ip, got, want)
		}
	}
}

// TestGuestsRunTheNativeCurl binds the guest's import to Curl; the vault that it
// writes to is that of the scope.
func TestGuestsRunTheNativeCurl(t *testing.T) {
	address, local := site(t)
	s, _ := open(t, t.TempDir(), func(c *Config) {
		withCat(t)(c)
		for id := range c.Effectors {
			c.Effectors[id] = Effector{Name: "curl", Native: map[string]Curl{"cat": local}}
		}
	})
	id := deploy(t, s, onHost, "all")
	path, err := s.cfg.Vault.Put(request(t, onHost, idOf(1), id, "x", `[]`), "in", []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	var res struct {
		Code   int    `json:"ret_code"`
		Stdout []byte `json:"-"`
		Raw    []int  `json:"stdout"`
	}
	out := call(t, s, onHost, id, "run_cat", `[["-d","@`+path+`","`+address+`/echo"]]`)
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatal(err)
	}
	for _, b := range res.Raw {
		res.Stdout = append(res.Stdout, byte(b))
	}
	if res.Code != 0 || string(res.Stdout) != "POST  kept" {
		t.Errorf("curl in a guest: code %d, %q", res.Code, res.Stdout)
	}
}

func FuzzParseCurl(f *testing.F) {
	f.Add("-sS\x00http://a/")
	f.Add("-H\x00a: b\x00-d\x00@x\x00-m\x001\x00http://a/")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseCurl(strings.Split(line, "\x00"))
		if err == nil && r.header == nil {
			t.Error("no header")
		}
	})
}
