// SPDX-License-Identifier: Apache-2.0

package host

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	ma "github.com/multiformats/go-multiaddr"
)

// options turns the config into what libp2p.New takes. It is called by Run,
// because some of the values start goroutines.
func (h *Host) options() ([]libp2p.Option, error) {
	if err := h.checkTLS(); err != nil {
		return nil, err
	}
	resources, err := h.cfg.Quotas.resourceManager()
	if err != nil {
		return nil, fmt.Errorf("resource limits: %w", err)
	}
	conns, err := h.connectionManager()
	if err != nil {
		return nil, err
	}
	known, err := pstoremem.NewPeerstore(
		pstoremem.WithMaxAddresses(maxKnownAddrs), pstoremem.WithMaxSignedPeerRecords(maxPeerRecords))
	if err != nil {
		return nil, fmt.Errorf("peer addresses: %w", err)
	}
	dialTLS := h.cfg.DialTLS
	if dialTLS == nil {
		dialTLS = new(tls.Config)
	}
	options := []libp2p.Option{
		libp2p.Identity(h.cfg.Key),
		libp2p.ProtocolVersion(protocolVersion),
		libp2p.UserAgent(h.cfg.Agent),
		libp2p.Transport(tcp.NewTCPTransport, tcp.WithConnectionTimeout(dialTime)),
		libp2p.Transport(websocket.New, websocket.WithTLSConfig(h.cfg.TLS),
			websocket.WithTLSClientConfig(dialTLS), websocket.WithHandshakeTimeout(handshakeTime)),
		libp2p.Transport(quic.NewTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.Peerstore(known),
		libp2p.ResourceManager(resources),
		libp2p.ConnectionManager(conns),
		libp2p.ConnectionGater(h.gater),
		libp2p.AddrsFactory(h.announced),
		libp2p.WithDialTimeout(dialTime),
		libp2p.DisableRelay(),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.ForceReachabilityPublic(), // no probing of others about ourselves
		libp2p.NoListenAddrs,             // Run listens once the protocols are there
	}
	if reg := h.cfg.Metrics.registerer; reg != nil {
		options = append(options, libp2p.PrometheusRegisterer(reg))
	} else {
		options = append(options, libp2p.DisableMetrics())
	}
	return append(options, h.cfg.Extra...), nil
}

// listen opens every listener. One that fails is an error: a peer without its
// WebSocket would look well and serve nobody.
func (h *Host) listen(net libp2phost.Host) error {
	for _, text := range h.cfg.Listen {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			return fmt.Errorf("%w: listen: %q: %w", ErrConfig, text, err)
		}
		if err := net.Network().Listen(a); err != nil {
			return fmt.Errorf("listen on %s: %w", text, err)
		}
	}
	return nil
}

// connectionManager trims the least useful connections before the hard limit
// of the resource manager is reached. A client that is served is useful.
func (h *Host) connectionManager() (*connmgr.BasicConnMgr, error) {
	high := h.cfg.Quotas.Conns
	if high < 0 {
		high = 1 << 20
	}
	high -= high / (2 * decayedConns)
	conns, err := connmgr.NewConnManager(high-high/decayedConns, high, connmgr.WithGracePeriod(handshakeTime*2))
	if err != nil {
		return nil, fmt.Errorf("connection limits: %w", err)
	}
	return conns, nil
}

func (h *Host) checkTLS() error {
	for _, a := range h.cfg.Listen {
		secure := strings.Contains(a, "/wss") || strings.Contains(a, "/tls/")
		if secure && h.cfg.TLS == nil {
			return fmt.Errorf("%w: listen: %s needs a certificate; set tls or listen on /ws behind a proxy", ErrConfig, a)
		}
	}
	return nil
}

// announced filters what identify and Kademlia tell others: our own list
// verbatim, and those listened addresses that are in reach.
func (h *Host) announced(listened []ma.Multiaddr) []ma.Multiaddr {
	own, err := parseAddrs("announce", h.cfg.Announce)
	if err != nil {
		return nil
	}
	for _, a := range listened {
		if h.cfg.Reach.allows(a) && !ma.Contains(own, a) {
			own = append(own, a)
		}
	}
	return own
}
