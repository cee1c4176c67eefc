// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/time/rate"
)

// meters charge deliveries to the peer id and to the address of the connection
// they came over. A meter outlives its connection until it is full again, so
// that connecting anew does not renew a quota.
type meters struct {
	q Quotas

	mu   sync.Mutex // guards the map
	open map[string]*meter
}

// meter is one token bucket for particles and one for bytes.
type meter struct {
	particles, bytes *rate.Limiter
}

func newMeters(q Quotas) *meters {
	return &meters{q: q, open: make(map[string]*meter)}
}

// payer is who pays for one stream: at most the peer and its address.
type payer []*meter

// payer returns the meters that c's deliveries are charged to.
func (m *meters) payer(c network.Conn) payer {
	m.mu.Lock()
	defer m.mu.Unlock()
	pay := payer{m.get("p"+string(c.RemotePeer()), m.q.Peer)}
	if ip, err := manet.ToIP(c.RemoteMultiaddr()); err == nil {
		if addr, ok := netip.AddrFromSlice(ip); ok && !m.exempt(addr.Unmap()) {
			pay = append(pay, m.get("a"+subnet(addr.Unmap()), m.q.Addr))
		}
	}
	return pay
}

// ofPeer returns the meter of one peer id, without that of its address.
func (m *meters) ofPeer(id peer.ID) payer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return payer{m.get("p"+string(id), m.q.Peer)}
}

// get returns the meter of a key. m.mu is held.
func (m *meters) get(key string, r Rate) *meter {
	if have, ok := m.open[key]; ok {
		return have
	}
	made := &meter{particles: bucket(r.Particles, r.ParticleBurst), bytes: bucket(r.Bytes, r.ByteBurst)}
	m.open[key] = made
	return made
}

func bucket(perSecond float64, burst int) *rate.Limiter {
	if perSecond < 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

func (m *meters) exempt(a netip.Addr) bool {
	for _, p := range m.q.Exempt {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// subnet is what counts as one address: an IPv4 address or an IPv6 /56.
func subnet(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(56)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// sweep forgets meters that are full again.
func (m *meters) sweep(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, have := range m.open {
		if full(have.particles, now) && full(have.bytes, now) {
			delete(m.open, key)
		}
	}
}

func full(l *rate.Limiter, now time.Time) bool {
	return l.Limit() == rate.Inf || l.TokensAt(now) >= float64(l.Burst())
}

// particle charges n particles.
func (p payer) particle(now time.Time, n int) error {
	for _, m := range p {
		if !m.particles.AllowN(now, n) {
			return fmt.Errorf("%w: particles; send at most %g per second", ErrQuota, float64(m.particles.Limit()))
		}
	}
	return nil
}

// fine charges n particles, or all that are left.
func (p payer) fine(now time.Time, n int) {
	for _, m := range p {
		for ; n > 0 && !m.particles.AllowN(now, n); n-- { //nolint:revive // the condition does the work
		}
	}
}

// empty charges n particles and reports whether they were not left.
func (p payer) empty(now time.Time, n int) bool {
	if p.particle(now, n) == nil {
		return false
	}
	p.fine(now, n)
	return true
}

// bytes charges n bytes.
func (p payer) bytes(now time.Time, n int) error {
	for _, m := range p {
		if !m.bytes.AllowN(now, n) {
			return fmt.Errorf("%w: bytes; send at most %g per second", ErrQuota, float64(m.bytes.Limit()))
		}
	}
	return nil
}
