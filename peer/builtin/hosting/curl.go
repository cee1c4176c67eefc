// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/go-fluence/fluence/peer/marine/effects"
)

// NativeCurl is what stands in a configuration instead of the path of a program
// when Curl answers.
const NativeCurl = "native:curl"

// Exit codes of curl that callers may test.
const (
	curlUsage   = 2
	curlURL     = 3
	curlConnect = 7
	curlStatus  = 22
	curlWrite   = 23
	curlRead    = 26
	curlTimeout = 28
)

// maxCurlFile bounds a body that is read from or written to a vault.
const maxCurlFile = 32 << 20

// Curl answers the binary curl without a program: http and https, to public
// addresses only. It is safe for concurrent use.
//
// It knows -X, -H, -A, -d, --data, --data-binary, --data-raw, -o, -I, -L, -f, -m,
// --max-time, --connect-timeout, --retry (ignored) and the flags that only make
// curl quiet. Bodies are read from (@) and written to files below /tmp/vault.
type Curl struct {
	// Allow are addresses that may be reached although they are not public.
	Allow []netip.Prefix
}

// request is a command line that was understood.
type curlRequest struct {
	method, url, body, output string
	header                    http.Header
	hasBody, head, fail       bool
	follow                    bool
	timeout                   time.Duration
}

var errCurl = errors.New("curl")

// parseCurl reads a command line.
func parseCurl(args []string) (r curlRequest, err error) {
	r.header = http.Header{"User-Agent": {"curl/8 (fluence)"}}
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func() string {
			if i++; i >= len(args) {
				err = fmt.Errorf("%w: option %s: requires parameter", errCurl, a)
				return ""
			}
			return args[i]
		}
		switch a {
		case "-s", "-S", "-sS", "-Ss", "--silent", "--show-error", "--no-progress-meter", "-q", "--disable", "--globoff", "-g":
		case "-f", "--fail":
			r.fail = true
		case "-L", "--location":
			r.follow = true
		case "-I", "--head":
			r.head = true
		case "-X", "--request":
			r.method = value()
		case "-A", "--user-agent":
			r.header.Set("User-Agent", value())
		case "-o", "--output":
			r.output = value()
		case "-d", "--data", "--data-binary", "--data-raw", "--data-ascii":
			r.body, r.hasBody = value(), true
			if a == "--data-raw" && strings.HasPrefix(r.body, "@") {
				return r, fmt.Errorf("%w: option %s: a body that begins with @ is not supported", errCurl, a)
			}
		case "-m", "--max-time", "--connect-timeout":
			var d time.Duration
			if d, err = time.ParseDuration(value() + "s"); err == nil && d > 0 && a != "--connect-timeout" {
				r.timeout = d
			}
		case "--retry":
			value()
		case "-H", "--header":
			err = addHeader(r.header, value())
		default:
			if strings.HasPrefix(a, "-") || r.url != "" {
				return r, fmt.Errorf("%w: option %q is not supported here", errCurl, clip(a))
			}
			r.url = a
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func addHeader(h http.Header, line string) error {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsAny(line, "\r\n") {
		return fmt.Errorf("%w: header %q is not supported", errCurl, clip(line))
	}
	if strings.EqualFold(name, "Host") {
		return fmt.Errorf("%w: header Host follows the URL", errCurl)
	}
	h.Add(name, strings.TrimSpace(value))
	return nil
}

// public refuses addresses through which a guest would reach this machine or the
// networks around it.
func (c Curl) public(ip netip.Addr) bool {
	ip = ip.Unmap()
	for _, p := range c.Allow {
		if p.Contains(ip) {
			return true
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(text).Contains(ip) {
			return false
		}
	}
	return true
}

// control judges the address that a name led to, after it was looked up.
func (c Curl) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !c.public(at.Addr()) {
		return fmt.Errorf("%w: address %s is not public", errCurl, at.Addr())
	}
	return nil
}

// Run answers one run; vault holds the files of the scope.
func (c Curl) Run(ctx context.Context, vault *effects.Folder, args []string, maxOutput int) effects.BinaryResult {
	fail := func(code int32, err error) effects.BinaryResult {
		return effects.BinaryResult{Code: code, Stderr: []byte(fmt.Sprintf("curl: (%d) %v\n", code, err))}
	}
	r, err := parseCurl(args)
	if err != nil {
		return fail(curlUsage, err)
	}
	u, err := url.Parse(r.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fail(curlURL, fmt.Errorf("%w: URL %q: want http:// or https:// and a host, without a user", errCurl, clip(r.url)))
	}
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout)
		defer cancel()
	}
	req, err := c.request(ctx, vault, r)
	if err != nil {
		return fail(curlRead, err)
	}
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: 10 * time.Second, Control: c.control}).DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if !r.follow || len(via) >= 5 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return fail(curlTimeout, errors.New("operation timed out"))
		}
		return fail(curlConnect, err)
	}
	defer func() { _ = res.Body.Close() }()
	if r.fail && res.StatusCode >= http.StatusBadRequest {
		return fail(curlStatus, fmt.Errorf("the requested URL returned error: %d", res.StatusCode))
	}
	limit := maxOutput
	if r.output != "" {
		limit = maxCurlFile
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	switch {
	case ctx.Err() != nil:
		return fail(curlTimeout, errors.New("operation timed out"))
	case err != nil:
		return fail(curlConnect, err)
	case len(body) > limit:
		return fail(curlWrite, fmt.Errorf("body of more than %d bytes", limit))
	}
	if r.output == "" {
		return effects.BinaryResult{Stdout: body}
	}
	if err := vault.WriteFile(vaultPath(r.output), body); err != nil {
		return fail(curlWrite, err)
	}
	return effects.BinaryResult{}
}

// vaultPath is a path of the guest as one of the folder of vaults; another path
// stays one that the folder refuses.
func vaultPath(p string) string {
	rest, ok := strings.CutPrefix(path.Clean(p), vaultRoot+"/")
	if !ok {
		return "not-in-the-vault"
	}
	return rest
}

func (c Curl) request(ctx context.Context, vault *effects.Folder, r curlRequest) (*http.Request, error) {
	method := http.MethodGet
	switch {
	case r.method != "":
		method = r.method
	case r.head:
		method = http.MethodHead
	case r.hasBody:
		method = http.MethodPost
	}
	var body io.Reader
	if r.hasBody {
		text := r.body
		if name, ok := strings.CutPrefix(text, "@"); ok {
			b, err := vault.ReadFile(vaultPath(name), maxCurlFile)
			if err != nil {
				return nil, fmt.Errorf("%w: file %q: %w", errCurl, clip(name), err)
			}
			text = string(b)
		}
		body = strings.NewReader(text)
		if r.header.Get("Content-Type") == "" {
			r.header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCurl, err)
	}
	req.Header = r.header
	return req, nil
}
