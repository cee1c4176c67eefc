// SPDX-License-Identifier: Apache-2.0

package dht

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts bootstrapping and look-ups under upstream's names.
type Metrics struct {
	bootstrapConnected    prometheus.Counter
	bootstrapDisconnected prometheus.Counter
	contactResolve        *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them; a nil reg keeps them local.
// It panics when reg has them already.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		bootstrapConnected: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "connectivity", Name: "bootstrap_connected", Help: "Number of connections to bootstrap peers",
		}),
		bootstrapDisconnected: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "connectivity", Name: "bootstrap_disconnected", Help: "Number of lost connections to bootstrap peers",
		}),
		contactResolve: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "connectivity", Name: "contact_resolve", Help: "Number of peer look-ups by how they ended",
		}, []string{"action"}),
	}
	if reg != nil {
		reg.MustRegister(m.bootstrapConnected, m.bootstrapDisconnected, m.contactResolve)
	}
	return m
}

func (m *Metrics) resolved(how string) { m.contactResolve.WithLabelValues(how).Inc() }
