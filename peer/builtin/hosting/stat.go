// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/marine/service"
)

// keptCalls is how many newest measurements of each function are kept.
const keptCalls = 5

// maxFunctions bounds the functions of one service that are measured.
const maxFunctions = 256

// series is the newest measurements and the sum of all.
type series struct {
	Average float64   `json:"avg"`
	Newest  []float64 `json:"series"`
	Total   float64   `json:"total"`
}

func (s *series) add(v float64, count uint64) {
	s.Total += v
	s.Average = s.Total / float64(count)
	s.Newest = append(s.Newest, v)
	s.Newest = s.Newest[max(len(s.Newest)-keptCalls, 0):]
}

func (s series) clone() series {
	s.Newest = append([]float64{}, s.Newest...)
	return s
}

// counters is what stat.service_stat shows of a service or a function.
type counters struct {
	Done       uint64   `json:"success_req_count"`
	Failed     uint64   `json:"failed_req_count"`
	Time       series   `json:"call_time_sec"`
	Memory     series   `json:"memory_deltas_bytes"`
	Timestamps []uint64 `json:"timestamps"`
}

func (c *counters) add(took time.Duration, memory int64, at time.Time, failed bool) {
	if failed {
		c.Failed++
	} else {
		c.Done++
	}
	count := c.Done + c.Failed
	c.Time.add(took.Seconds(), count)
	c.Memory.add(float64(memory), count)
	c.Timestamps = append(c.Timestamps, uint64(at.Unix()))
	c.Timestamps = c.Timestamps[max(len(c.Timestamps)-keptCalls, 0):]
}

func (c counters) clone() counters {
	c.Time, c.Memory, c.Timestamps = c.Time.clone(), c.Memory.clone(), append([]uint64{}, c.Timestamps...)
	return c
}

// functionStat is one function's counters.
type functionStat struct {
	Name  string   `json:"name"`
	Stats counters `json:"stats"`
}

// ServiceStat is what stat.service_stat shows.
type ServiceStat struct {
	Total     counters       `json:"total_stats"`
	Functions []functionStat `json:"functions_stats"`
}

// LogLine is a line that a module logged.
type LogLine struct {
	At     time.Time `json:"at"`
	Module string    `json:"module"`
	Level  int       `json:"level"` // 1 error to 5 trace
	Text   string    `json:"text"`
}

// stats is what is known of a service since the peer started.
type stats struct {
	total     counters
	functions map[string]*counters
	memory    int64 // after the last call
	log       []LogLine
}

// of returns the stats of a service; s.mu is held.
func (s *Services) of(id string) *stats {
	st := s.stats[id]
	if st == nil {
		st = &stats{functions: map[string]*counters{}}
		s.stats[id] = st
	}
	return st
}

// measurement is one call that is being measured.
type measurement struct {
	s      *Services
	r      *record
	began  time.Time
	memory int64
}

func (s *Services) measure(r *record, svc *service.Service) measurement {
	return measurement{s, r, time.Now(), svc.MemoryUsed()}
}

// done books the call. Names of functions come from scripts: only those that ran
// are kept.
func (m measurement) done(function string, svc *service.Service, err error) {
	now, memory := time.Now(), svc.MemoryUsed()
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if m.s.services[m.r.ServiceID] != m.r {
		return
	}
	st := m.s.of(m.r.ServiceID)
	st.memory = memory
	st.total.add(now.Sub(m.began), memory-m.memory, now, err != nil)
	c := st.functions[function]
	if c == nil && (err != nil || len(st.functions) >= maxFunctions) {
		return
	}
	if c == nil {
		c = &counters{}
		st.functions[function] = c
	}
	c.add(now.Sub(m.began), memory-m.memory, now, err != nil)
}

// logged keeps a line of a service's log.
func (s *Services) logged(id string, line service.Log) {
	const longest = 4096
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of(id)
	st.log = append(st.log, LogLine{time.Now(), line.Module, line.Level, strings.ToValidUTF8(line.Text[:min(len(line.Text), longest)], "")})
	if over := len(st.log) - s.limits.LogLines; over > 0 {
		st.log = slices.Delete(st.log, 0, over)
	}
}

// Logs returns the newest lines of a service's log, oldest first.
//
// Errors: ErrNoService.
func (s *Services) Logs(scope peer.ID, name string) ([]LogLine, error) {
	r, err := s.lookup(scope, name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.of(r.ServiceID).log), nil
}

// Stat returns what was measured of a service since the peer started.
//
// Errors: ErrNoService.
func (s *Services) Stat(scope peer.ID, name string) (ServiceStat, error) {
	r, err := s.lookup(scope, name)
	if err != nil {
		return ServiceStat{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of(r.ServiceID)
	out := ServiceStat{Total: st.total.clone(), Functions: []functionStat{}}
	for _, fn := range slices.SortedFunc(maps.Keys(st.functions), cmp.Compare[string]) {
		out.Functions = append(out.Functions, functionStat{fn, st.functions[fn].clone()})
	}
	return out, nil
}

// memoryStat is the memory of a service, under the name of its facade: modules
// share one budget.
type memoryStat struct {
	Name string `json:"name"`
	Used uint64 `json:"memory_size_bytes"`
	Max  uint64 `json:"max_memory_size_bytes"`
}

// Memory returns what a service holds now; nothing while it has no instance.
//
// Errors: ErrNoService.
func (s *Services) Memory(scope peer.ID, name string) (used, limit uint64, facade string, err error) {
	r, err := s.lookup(scope, name)
	if err != nil {
		return 0, 0, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[r.ServiceID]; l != nil {
		used = uint64(s.of(r.ServiceID).memory)
	}
	limit = s.limits.Memory
	if r.Memory > 0 {
		limit = min(limit, r.Memory)
	}
	return used, limit, r.Modules[len(r.Modules)-1].Name, nil
}
