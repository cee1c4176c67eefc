// SPDX-License-Identifier: Apache-2.0

package host

import (
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/go-fluence/fluence/peer/particle"
)

// Reach says which addresses a host dials and announces. Addresses come from
// records that anybody can write, so a public peer must not be led to the
// machines around it.
type Reach int

// From the strictest to the loosest.
const (
	ReachPublic   Reach = iota // global addresses only
	ReachLoopback              // and loopback: a network on one machine
	ReachPrivate               // and private ranges: a network of one operator
)

// String returns the name used in the configuration.
func (r Reach) String() string {
	switch r {
	case ReachLoopback:
		return "loopback"
	case ReachPrivate:
		return "private"
	default:
		return "public"
	}
}

// allows judges one address whose host part is an IP address or a DNS name. A
// name is judged again once it is resolved.
func (r Reach) allows(a ma.Multiaddr) bool {
	switch {
	case manet.IsIPLoopback(a):
		return r >= ReachLoopback
	case manet.IsIPUnspecified(a):
		return false
	case manet.IsPublicAddr(a), isName(a):
		return true
	case isMulticast(a):
		return false
	default:
		return r >= ReachPrivate
	}
}

func isName(a ma.Multiaddr) bool {
	if len(a) == 0 {
		return false
	}
	switch a[0].Protocol().Code {
	case ma.P_DNS, ma.P_DNS4, ma.P_DNS6, ma.P_DNSADDR:
		return true
	}
	return false
}

func isMulticast(a ma.Multiaddr) bool {
	ip, err := manet.ToIP(a)
	return err != nil || ip.IsMulticast()
}

// gater keeps the host from dialling out of its reach and from talking to peers
// whose id does not hold their key.
type gater struct {
	reach   Reach
	known   map[string]bool // bytes of addresses from the configuration
	metrics *Metrics
}

func newGater(reach Reach, known []ma.Multiaddr, m *Metrics) *gater {
	g := &gater{reach: reach, known: make(map[string]bool, len(known)), metrics: m}
	for _, a := range known {
		bare, _ := peer.SplitAddr(a)
		g.known[string(bare.Bytes())] = true
	}
	return g
}

func (g *gater) allows(a ma.Multiaddr) bool {
	bare, _ := peer.SplitAddr(a)
	return len(bare) > 0 && (g.known[string(bare.Bytes())] || g.reach.allows(bare))
}

// InterceptPeerDial allows every peer; addresses decide.
func (g *gater) InterceptPeerDial(peer.ID) bool { return true }

// InterceptAddrDial refuses resolved addresses out of reach.
func (g *gater) InterceptAddrDial(_ peer.ID, a ma.Multiaddr) bool {
	ok := g.allows(a)
	if !ok {
		g.metrics.refuse("dial_out_of_reach")
	}
	return ok
}

// InterceptAccept allows every connection; the resource manager counts them.
func (g *gater) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured refuses identities that cannot sign particles, RSA above all.
func (g *gater) InterceptSecured(_ network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	if _, err := particle.InitiatorKey(id.String()); err != nil {
		g.metrics.refuse("identity")
		return false
	}
	return true
}

// InterceptUpgraded allows every connection.
func (g *gater) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
