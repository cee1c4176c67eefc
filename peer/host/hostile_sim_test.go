// SPDX-License-Identifier: Apache-2.0

//go:build sim

package host_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	manet "github.com/multiformats/go-multiaddr/net"
)

// N10: connections that never finish their handshake are closed.
func TestHalfOpenConnectionsAreClosed(t *testing.T) {
	b, honest := start(t, nil), start(t, nil)
	upgrade := "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://evil.example\r\n\r\n"
	tests := map[string]struct {
		ws    bool
		first string
		drip  string // one byte of it per second
	}{
		"TCP, silent":                    {false, "", ""},
		"TCP, slow negotiation":          {false, "\x13/multistream/1.0.0", "\n\x07/noise\n"},
		"WebSocket, silent":              {true, "", ""},
		"WebSocket, slow header":         {true, "GET / HTTP/1.1\r\n", strings.Repeat("x", 1000)},
		"WebSocket, silent after it":     {true, upgrade, ""},
		"WebSocket, 100 MB frame header": {true, upgrade + "\x82\xff\x00\x00\x00\x00\x05\xf5\xe1\x00\x00\x00\x00\x00", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addrs := b.plainTCP(t, b)
			if tt.ws {
				addrs = b.at(t, "/ws/").Addrs
			}
			_, where, err := manet.DialArgs(addrs[0])
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", where)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			begin := time.Now()
			if _, err := io.WriteString(conn, tt.first); err != nil {
				t.Fatal(err)
			}
			go func() {
				for _, c := range []byte(tt.drip) {
					<-time.After(time.Second)
					if _, err := conn.Write([]byte{c}); err != nil {
						return
					}
				}
			}()
			if err := conn.SetReadDeadline(begin.Add(40 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil && time.Since(begin) > 39*time.Second {
				t.Errorf("still open after %v", time.Since(begin))
			}
			t.Logf("closed after %v", time.Since(begin).Round(time.Millisecond))
		})
	}
	t.Run("honest peer meanwhile", func(t *testing.T) {
		t.Parallel()
		if err := honest.Connect(t.Context(), peer.AddrInfo{ID: b.ID(), Addrs: b.at(t, "/ws/").Addrs}); err != nil {
			t.Fatal(err)
		}
		unharmed(t, honest, b)
	})
}
