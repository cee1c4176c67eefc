// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what spells do. Names of upstream's families are kept.
type Metrics struct {
	installed prometheus.Gauge
	fired     *prometheus.CounterVec
	skipped   *prometheus.CounterVec
}

// NewMetrics returns counters that are not exported yet.
func NewMetrics() *Metrics {
	return &Metrics{
		installed: prometheus.NewGauge(prometheus.GaugeOpts{Name: "fluence_spell_installed", Help: "Spells of this peer."}),
		fired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "spell_particles_created", Help: "Particles that spells sent, by what triggered them.",
		}, []string{"trigger"}),
		skipped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fluence_spell_skipped_total", Help: "Triggers that ran no spell, by reason.",
		}, []string{"reason"}),
	}
}

func (m *Metrics) fire(trigger string) { m.fired.WithLabelValues(trigger).Inc() }
func (m *Metrics) skip(reason string)  { m.skipped.WithLabelValues(reason).Inc() }

// Register exports the counters of s.
func (s *Spells) Register(r prometheus.Registerer) error {
	return errors.Join(r.Register(s.metrics.installed), r.Register(s.metrics.fired), r.Register(s.metrics.skipped))
}
