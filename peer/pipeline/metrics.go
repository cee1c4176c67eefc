// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the counters of a pipeline. The families that upstream has keep
// its names and labels, so that its dashboards work; those that start with
// fluence_ are ours. What is received and sent is counted by the host.
//
// Source: nox@b349812f0:crates/peer-metrics/src (names and labels, facts only).
type Metrics struct {
	expired    prometheus.Counter
	ready      prometheus.Gauge
	mailbox    prometheus.Gauge
	alive      prometheus.Gauge
	runTime    prometheus.Histogram
	stepTime   prometheus.Histogram
	runOK      prometheus.Counter
	runFailed  prometheus.Counter
	poolSize   prometheus.Gauge
	poolFree   prometheus.Gauge
	poolGet    prometheus.Counter
	poolPut    prometheus.Counter
	poolNone   prometheus.Counter
	callTime   *prometheus.HistogramVec
	callOK     *prometheus.CounterVec
	callFailed *prometheus.CounterVec

	refused *prometheus.CounterVec // by reason
	budgets *prometheus.CounterVec // by budget
	dropped *prometheus.CounterVec // sends by reason
	denied  *prometheus.CounterVec // calls by denial code
	panics  prometheus.Counter
}

// NewMetrics makes the counters; Register shows them to somebody.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	vec := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	times := []float64{0.0001, 0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 120}
	return &Metrics{
		expired: counter("dispatcher_particles_expired_total", "Particles that arrived after their deadline"),
		ready:   gauge("connection_pool_particle_queue_size", "Particles that wait for a run"),
		mailbox: gauge("particle_executor_total_actors_mailbox", "Arrivals that wait in all particles"),
		alive:   gauge("particle_executor_alive_actors", "Particles alive"),
		runTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "particle_executor_interpretation_time_sec",
			Help: "Seconds from the start of a run until its data was durable", Buckets: times,
		}),
		stepTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "particle_executor_avm_call_time_sec",
			Help: "Seconds in the interpreter", Buckets: times,
		}),
		runOK:     counter("particle_executor_interpretation_successes_total", "Runs that gave new data"),
		runFailed: counter("particle_executor_interpretation_failures_total", "Runs that ended in an error"),
		poolSize:  gauge("aqua_vm_pool_pool_size", "Runs of the interpreter that may be under way"),
		poolFree:  gauge("aqua_vm_pool_free_vms", "Runs of the interpreter that could begin now"),
		poolGet:   counter("aqua_vm_pool_get_vm", "Runs begun"),
		poolPut:   counter("aqua_vm_pool_put_vm", "Runs ended"),
		poolNone:  counter("aqua_vm_pool_no_free_vm", "Runs that had to wait for another to end"),
		callTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "particle_executor_service_call_time_sec",
			Help: "Seconds of one service call", Buckets: times,
		}, []string{"function_kind"}),
		callOK:     vec("particle_executor_service_call_success_total", "Service calls that answered", "function_kind"),
		callFailed: vec("particle_executor_service_call_failure_total", "Service calls that failed", "function_kind"),
		refused:    vec("fluence_pipeline_refused_total", "Arrivals refused, by reason", "reason"),
		budgets:    vec("fluence_pipeline_budget_total", "Runs, calls and sends stopped, by the budget that ended them", "budget"),
		dropped:    vec("fluence_pipeline_dropped_sends_total", "Sends not made, by reason", "reason"),
		denied:     vec("fluence_pipeline_denied_calls_total", "Calls the door refused, by code", "code"),
		panics:     counter("fluence_pipeline_panics_total", "Runs and calls that panicked; always a fault of this program"),
	}
}

// Register adds all families to r.
func (m *Metrics) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{
		m.expired, m.ready, m.mailbox, m.alive, m.runTime, m.stepTime, m.runOK, m.runFailed,
		m.poolSize, m.poolFree, m.poolGet, m.poolPut, m.poolNone,
		m.callTime, m.callOK, m.callFailed, m.refused, m.budgets, m.dropped, m.denied, m.panics,
	} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// Kinds of call in the label function_kind: reached a service, or ended before.
const (
	callReached     = "Service"
	callNotHappened = "NotHappened"
)

// call counts one call.
func (m *Metrics) call(kind string, ok bool, seconds float64) {
	if kind == callReached {
		m.callTime.WithLabelValues(kind).Observe(seconds)
	}
	if ok {
		m.callOK.WithLabelValues(kind).Inc()
		return
	}
	m.callFailed.WithLabelValues(kind).Inc()
}

// deny counts a denial under its stable part.
func (m *Metrics) deny(code string) {
	if !strings.HasPrefix(code, "door.") {
		code = "other"
	}
	m.denied.WithLabelValues(code).Inc()
}
