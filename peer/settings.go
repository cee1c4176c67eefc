// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// hostConfig turns the configuration into addresses and quotas.
func hostConfig(c config.Config) (cfg host.Config, err error) {
	if c.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return cfg, &config.ValueError{Source: "configuration", Name: "tls_config.cert_path", Err: err}
		}
		cfg.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	at, err := netip.ParseAddr(c.ListenIP)
	if err != nil {
		return cfg, &config.ValueError{Source: "configuration", Name: "listen_ip", Err: err}
	}
	cfg.Listen = addresses(ipPart(at), c)
	if c.ExternalAddress != "" {
		part := "/dns4/" + c.ExternalAddress
		if ip, err := netip.ParseAddr(c.ExternalAddress); err == nil {
			part = ipPart(ip)
		}
		cfg.Announce = addresses(part, c)
	}
	cfg.Announce = append(cfg.Announce, c.ExternalMultiaddrs...)
	cfg.Known = c.BootstrapNodes
	if c.AllowLocalAddresses {
		cfg.Reach = host.ReachPrivate
	}
	cfg.Limits = particleLimits(c)
	cfg.Quotas = host.DefaultQuotas()
	cfg.Quotas.Conns, cfg.Quotas.ConnsPerPeer = c.MaxEstablished, c.MaxEstablishedByPeer
	cfg.Quotas.Peer = host.Rate{
		Particles: float64(c.PeerParticles), ParticleBurst: 4 * c.PeerParticles,
		Bytes: float64(c.PeerBytes), ByteBurst: int(4 * c.PeerBytes),
	}
	return cfg, nil
}

func ipPart(ip netip.Addr) string {
	if ip.Is4() {
		return "/ip4/" + ip.String()
	}
	return "/ip6/" + ip.String()
}

// addresses are those of the three listeners at one IP or name.
func addresses(part string, c config.Config) []string {
	ws := "/ws"
	if c.TLSCert != "" {
		ws = "/tls/ws"
	}
	list := []string{
		part + "/tcp/" + strconv.Itoa(c.TCPPort),
		part + "/tcp/" + strconv.Itoa(c.WebsocketPort) + ws,
	}
	if c.QUIC {
		list = append(list, part+"/udp/"+strconv.Itoa(c.TCPPort)+"/quic-v1")
	}
	return list
}

func particleLimits(c config.Config) particle.Limits {
	l := particle.DefaultLimits()
	l.TTL, l.Future = c.MaxTTL, c.MaxFuture
	l.Script, l.Data = int(c.MaxScriptBytes), int(c.MaxDataBytes)
	return l
}

func pipelineLimits(c config.Config) pipeline.Limits {
	l := pipeline.DefaultLimits()
	l.Particle = particleLimits(c)
	if c.Parallel > 0 {
		l.Parallel = c.Parallel
	}
	l.Queue, l.Lives, l.LivesShare = c.Queue, c.MaxParticles, c.ParticlesShare
	l.Calls, l.Waits, l.CallTime, l.ResultBytes = c.MaxCalls, c.MaxWaits, c.CallTime, int(c.MaxResultBytes)
	b := &l.Budget
	b.Targets, b.Sends, b.Bytes, b.Lookups = c.BudgetTargets, c.BudgetSends, c.BudgetBytes, c.BudgetLookups
	b.Runs, b.Calls, b.Gas, b.Time = c.BudgetRuns, c.BudgetCalls, uint64(c.BudgetGas), c.ExecutionTime
	return l
}

// listenHTTP is the address of the operator's endpoints, "" for none.
func listenHTTP(c config.Config) string {
	if c.HTTPPort < 0 {
		return ""
	}
	if ip, err := netip.ParseAddr(c.HTTPIP); err == nil {
		return netip.AddrPortFrom(ip, uint16(c.HTTPPort)).String()
	}
	return fmt.Sprintf("%s:%d", c.HTTPIP, c.HTTPPort)
}
