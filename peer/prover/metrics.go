// SPDX-License-Identifier: Apache-2.0

package prover

import "github.com/prometheus/client_golang/prometheus"

// Collector exports how a prover stands, as of the moment it is asked.
type Collector struct {
	status                               func() Status
	rate, proofs, searching, fast, wrong *prometheus.Desc
}

// NewCollector returns the metrics of p.
func NewCollector(p *Prover) *Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("fluence_prover_"+name, help, labels, nil)
	}
	return &Collector{
		status:    p.Status,
		rate:      desc("hash_rate", "Hashes per second of a unit's search.", "unit"),
		proofs:    desc("epoch_proofs", "Proofs of a unit in the running epoch: found, sent (in a block) or verified.", "unit", "fate"),
		searching: desc("searches", "Searches that run."),
		fast:      desc("fast", "1 when searches use datasets."),
		wrong:     desc("fault", "1 while a look at the chain, a search, a submission or a write fails."),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.rate, c.proofs, c.searching, c.fast, c.wrong} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := c.status()
	searching := 0.
	for _, u := range s.Units {
		gauge(c.rate, u.Rate, u.ID)
		gauge(c.proofs, float64(u.Found), u.ID, string(found))
		gauge(c.proofs, float64(u.Sent), u.ID, string(sent))
		gauge(c.proofs, float64(u.Verified), u.ID, "verified")
		if u.Searching {
			searching++
		}
	}
	gauge(c.searching, searching)
	gauge(c.fast, truth(s.Fast))
	gauge(c.wrong, truth(s.Fault != ""))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
