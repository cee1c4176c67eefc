// SPDX-License-Identifier: Apache-2.0

package host

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-fluence/fluence/peer/particle"
)

// Metrics counts what the host does. Families that upstream has keep upstream's
// names; text exposition in the OpenMetrics form adds _total to counters.
type Metrics struct {
	registerer prometheus.Registerer

	receivedParticles *prometheus.CounterVec
	particleSizes     *prometheus.HistogramVec
	peers             prometheus.Gauge
	sendSuccess       *prometheus.CounterVec
	sendFailure       *prometheus.CounterVec
	refusals          *prometheus.CounterVec

	mu      sync.Mutex // guards refused
	refused map[string]uint64
}

// NewMetrics makes the metrics and registers them; a nil reg keeps them local.
// It panics when reg has them already, as two hosts on one registry would.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	kind := []string{"particle_type"}
	m := &Metrics{
		registerer: reg,
		receivedParticles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "connection_pool", Name: "received_particles", Help: "Number of received particles",
		}, kind),
		particleSizes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "connection_pool", Name: "particle_sizes", Help: "Distribution of particle data sizes in bytes",
			Buckets: prometheus.ExponentialBuckets(128, 4, 11),
		}, kind),
		peers: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "connection_pool", Name: "connected_peers", Help: "Number of peers connected at the moment",
		}),
		sendSuccess: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "connectivity", Name: "particle_send_success", Help: "Number of sent particles",
		}, kind),
		sendFailure: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "connectivity", Name: "particle_send_failure", Help: "Number of errors on particle sending",
		}, kind),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "fluence", Subsystem: "host", Name: "refusals", Help: "Number of refused particles, connections and dials by reason",
		}, []string{"reason"}),
		refused: make(map[string]uint64),
	}
	if reg != nil {
		reg.MustRegister(m.receivedParticles, m.particleSizes, m.peers, m.sendSuccess, m.sendFailure, m.refusals)
	}
	return m
}

// Refused returns how often reason was counted.
func (m *Metrics) Refused(reason string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused[reason]
}

// Refusals returns all reasons counted so far.
func (m *Metrics) Refusals() map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string]uint64, len(m.refused))
	for reason, n := range m.refused {
		out[reason] = n
	}
	return out
}

func (m *Metrics) refuse(reason string) {
	m.refusals.WithLabelValues(reason).Inc()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused[reason]++
}

func (m *Metrics) received(p *particle.Particle) {
	kind := kindOf(p)
	m.receivedParticles.WithLabelValues(kind).Inc()
	m.particleSizes.WithLabelValues(kind).Observe(float64(len(p.Data)))
}

func (m *Metrics) sent(p *particle.Particle, err error) {
	if err != nil {
		m.sendFailure.WithLabelValues(kindOf(p)).Inc()
		return
	}
	m.sendSuccess.WithLabelValues(kindOf(p)).Inc()
}

func (m *Metrics) connectedPeers(n int) { m.peers.Set(float64(n)) }

// kindOf is upstream's label: spell particles are told by their id.
func kindOf(p *particle.Particle) string {
	if strings.HasPrefix(p.ID, "spell_") {
		return "spell"
	}
	return "common"
}
