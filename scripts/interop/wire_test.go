// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// wire is a host without an interpreter: it shows what the client puts on the
// wire and what it makes of what we put there.
type wire struct {
	*host.Host
	metrics *host.Metrics
	key     crypto.PrivKey
	got     chan *particle.Particle
	stop    func()
}

func startWire(t *testing.T, key crypto.PrivKey, listen ...string) *wire {
	t.Helper()
	w := &wire{key: key, metrics: host.NewMetrics(nil), got: make(chan *particle.Particle, 4096)}
	h, err := host.New(host.Config{
		Key: key, Listen: listen, Reach: host.ReachLoopback, TLS: selfSigned(t), Metrics: w.metrics,
		Handler: func(_ context.Context, _ peer.ID, p *particle.Particle) error {
			w.got <- p
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Host = h
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	select {
	case <-h.Ready():
	case err := <-done:
		t.Fatalf("Run = %v", err)
	}
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		}
	}
	t.Cleanup(w.stop)
	return w
}

func newKey(t testing.TB) crypto.PrivKey {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// selfSigned is a certificate for localhost; Node is told not to check it.
func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func listening(t testing.TB, h *host.Host, part string) string {
	t.Helper()
	for _, a := range h.Listening() {
		if strings.Contains(a.String(), part) {
			return a.String()
		}
	}
	t.Fatalf("no address with %s among %v", part, h.Listening())
	return ""
}

type created struct {
	PeerID string `json:"peer_id"`
	Relay  string `json:"relay"`
	MS     int    `json:"ms"`
}

// insecure lets Node accept the self-signed certificate.
const insecure = "NODE_TLS_REJECT_UNAUTHORIZED=0"

func TestClientConnectsOverEachForm(t *testing.T) {
	w := startWire(t, newKey(t), "/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0/tls/ws")
	d := startDriver(t, insecure)
	secure := listening(t, w.Host, "/tls/ws")
	var port string
	if _, err := fmt.Sscanf(secure, "/ip4/127.0.0.1/tcp/%s", &port); err != nil {
		t.Fatal(err)
	}
	port, _, _ = strings.Cut(port, "/")
	for name, relay := range map[string]string{
		"ws":          listening(t, w.Host, "/ws/"),
		"ip4 tls/ws":  secure,
		"ip4 wss":     fmt.Sprintf("/ip4/127.0.0.1/tcp/%s/wss/p2p/%s", port, w.ID()),
		"dns4 wss":    fmt.Sprintf("/dns4/localhost/tcp/%s/wss/p2p/%s", port, w.ID()),
		"dns4 tls/ws": fmt.Sprintf("/dns4/localhost/tcp/%s/tls/ws/p2p/%s", port, w.ID()),
	} {
		t.Run(name, func(t *testing.T) {
			var c created
			d.do(t, "create", object{"name": name, "relay": relay}, &c)
			if c.Relay != w.ID().String() {
				t.Errorf("relay = %s, want %s", c.Relay, w.ID())
			}
			script := fmt.Sprintf(`(call "%s" ("op" "noop") [])`, w.ID())
			d.do(t, "send", object{"name": name, "script": script}, nil)
			got := <-w.got
			if got.InitPeerID != c.PeerID || got.Script != script || len(got.Data) == 0 {
				t.Errorf("got %+v, want a particle of %s", got, c.PeerID)
			}
			d.do(t, "stop", object{"name": name}, nil)
		})
	}
}

func TestClientRefusesAnotherIdentity(t *testing.T) {
	w := startWire(t, newKey(t), "/ip4/127.0.0.1/tcp/0/ws")
	other, err := peer.IDFromPrivateKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	d := startDriver(t)
	bare, _, _ := strings.Cut(listening(t, w.Host, "/ws/"), "/p2p/")
	if _, err := d.try("create", object{"name": "a", "relay": bare + "/p2p/" + other.String()}); err == nil {
		t.Error("create with a wrong peer id succeeded")
	}
}

// 1 200 is above the 1 000 streams after which a client of a relay that merely
// closes its streams refuses all further ones.
func TestFloodToTheClient(t *testing.T) {
	const flood = 1200
	w := startWire(t, newKey(t), "/ip4/127.0.0.1/tcp/0/ws")
	d := startDriver(t)
	var c created
	d.do(t, "create", object{"name": "a", "relay": listening(t, w.Host, "/ws/")}, &c)
	d.do(t, "handle", object{"name": "a", "service": "flood", "fn": "tick"}, nil)
	to, err := peer.Decode(c.PeerID)
	if err != nil {
		t.Fatal(err)
	}
	for range flood {
		p, err := particle.New(w.key, particle.Draft{
			Script: fmt.Sprintf(`(call "%s" ("flood" "tick") [])`, to), TTL: 2 * time.Minute, Time: time.Now(), Nonce: rand.Reader,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(t.Context(), to, p); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all particles ran", time.Minute, func() bool {
		var n int
		d.do(t, "count", object{"key": "a/tick"}, &n)
		return n == flood
	})
	net, err := w.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	streams := 0
	for _, conn := range net.Network().ConnsToPeer(to) {
		streams += len(conn.GetStreams())
	}
	if streams > 2 {
		t.Errorf("%d streams are open after the flood, want none of the particle protocol", streams)
	}
}

func TestFloodFromTheClient(t *testing.T) {
	const flood = 1200
	w := startWire(t, newKey(t), "/ip4/127.0.0.1/tcp/0/ws")
	d := startDriver(t)
	d.do(t, "create", object{"name": "a", "relay": listening(t, w.Host, "/ws/")}, nil)
	script := fmt.Sprintf(`(call "%s" ("op" "noop") [])`, w.ID())
	d.do(t, "send", object{"name": "a", "script": script, "count": flood, "ttl": 60000}, nil)
	ids := make(map[string]bool)
	for len(ids) < flood {
		select {
		case p := <-w.got:
			ids[p.ID] = true
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of %d arrived; refusals %v", len(ids), flood, w.metrics.Refusals())
		}
	}
}

func TestLargeParticlesToTheClient(t *testing.T) {
	w := startWire(t, newKey(t), "/ip4/127.0.0.1/tcp/0/ws")
	d := startDriver(t)
	var c created
	d.do(t, "create", object{"name": "a", "relay": listening(t, w.Host, "/ws/")}, &c)
	d.do(t, "handle", object{"name": "a", "service": "big", "fn": "take"}, nil)
	to, err := peer.Decode(c.PeerID)
	if err != nil {
		t.Fatal(err)
	}
	const count, size = 20, 300_000
	for range count {
		p, err := particle.New(w.key, particle.Draft{
			Script: fmt.Sprintf(`(call "%s" ("big" "take") ["%s"])`, to, strings.Repeat("x", size)),
			TTL:    2 * time.Minute, Time: time.Now(), Nonce: rand.Reader,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(t.Context(), to, p); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all particles ran", time.Minute, func() bool {
		var n int
		d.do(t, "count", object{"key": "a/take"}, &n)
		return n == count
	})
}
