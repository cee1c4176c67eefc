// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
)

// way is the JSON form of fluenced particle trace. Ids have the sizes of
// OpenTelemetry's, so that the visits can be shown as spans.
type way struct {
	Particle string   `json:"particle"`
	TraceID  string   `json:"trace_id"`
	Visits   []*visit `json:"visits"`
	Total    times    `json:"total"`
}

// visit is one stay of the particle at a peer: from one arrival to the next.
type visit struct {
	SpanID   string           `json:"span_id"`
	ParentID string           `json:"parent_span_id,omitempty"` // the visit that sent it here
	Peer     string           `json:"peer"`
	From     string           `json:"from"`
	AtUS     int64            `json:"at_us"` // since 1970
	EndUS    int64            `json:"end_us"`
	Times    times            `json:"times"`
	Events   []pipeline.Event `json:"events"`

	children []*visit
}

// times says where time went, in microseconds.
type times struct {
	Network     int64 `json:"network_us"` // from the sender's send to the arrival; needs clocks that agree
	Queue       int64 `json:"queue_us"`
	Interpreter int64 `json:"interpreter_us"`
	Services    int64 `json:"services_us"`
	Store       int64 `json:"store_us"`
}

func traceCommand() *cobra.Command {
	var asJSON, asOTLP bool
	cmd := &cobra.Command{
		Use:   "trace ID",
		Short: "Show the way of a particle through peers, with the time spent in each part",
		Long: `Show what the peers of --home recorded of a particle: of a home, its own peer; of
the folder of a devnet, all of its peers. An id may be shortened to its first
characters.

  fluenced particle trace fl1.64.7bWp --home ./devnet
  fluenced particle trace 0d1f2b3c-... --json
  fluenced particle trace 0d1f2b3c-... --otlp | curl -d @- -H content-type:application/json http://localhost:4318/v1/traces`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := cmd.Flags().GetString("home")
			if err != nil {
				return err
			}
			id, events, err := collect(home, args[0])
			if err != nil {
				return err
			}
			w := build(id, events)
			switch {
			case asOTLP:
				return term.JSON(cmd.OutOrStdout(), w.otlp())
			case asJSON:
				return term.JSON(cmd.OutOrStdout(), w)
			}
			return w.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asOTLP, "otlp", false, "print OpenTelemetry spans as OTLP/JSON")
	return cmd
}

// collect reads the events of one particle from all records below home.
func collect(home, prefix string) (id string, events []pipeline.Event, err error) {
	folders := []string{filepath.Join(home, "peer", core.TraceFolder)}
	for _, deep := range []string{"*", "*/*"} {
		more, err := filepath.Glob(filepath.Join(home, deep, "peer", core.TraceFolder))
		if err != nil {
			return "", nil, err
		}
		folders = append(folders, more...)
	}
	found, names := 0, map[string]bool{}
	for _, f := range folders {
		err := store.ReadRing(f, func(line []byte) {
			var e pipeline.Event
			if json.Unmarshal(line, &e) == nil && strings.HasPrefix(e.Particle, prefix) {
				names[e.Particle] = true
				events = append(events, e)
			}
		})
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		found++
	}
	switch {
	case found == 0:
		return "", nil, term.Hint(fmt.Errorf("no records of particles in %s", home), "name the home of a peer, or of a devnet, with --home; recording is on unless trace.enabled is false")
	case len(events) == 0:
		return "", nil, term.Hint(fmt.Errorf("no peer in %s recorded particle %s", home, prefix), "records are kept for a while only, see trace.size; a client writes none")
	case len(names) > 1:
		return "", nil, term.Hint(fmt.Errorf("%d particles start with %s", len(names), prefix), "give more characters of the id")
	}
	for id = range names {
		break
	}
	slices.SortStableFunc(events, func(a, b pipeline.Event) int { return int(start(a) - start(b)) })
	return id, events, nil
}

// start is when the event began: it is recorded when it ends.
func start(e pipeline.Event) int64 { return e.At - e.RunUS }

// build groups events into visits and hangs each visit below the one that sent
// the particle there.
func build(id string, events []pipeline.Event) *way {
	sum := sha256.Sum256([]byte(id))
	w := &way{Particle: id, TraceID: hex.EncodeToString(sum[:16]), Visits: []*visit{}}
	current := map[string]*visit{}
	for _, e := range events {
		v := current[e.Peer]
		if v == nil || e.Kind == pipeline.EventArrive {
			span := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", id, e.Peer, e.At))
			v = &visit{SpanID: hex.EncodeToString(span[:8]), Peer: e.Peer, From: e.From, AtUS: start(e), EndUS: e.At}
			current[e.Peer] = v
			w.Visits = append(w.Visits, v)
		}
		v.add(e)
	}
	w.join()
	for _, v := range w.Visits {
		w.Total.Network += v.Times.Network
		w.Total.Queue += v.Times.Queue
		w.Total.Interpreter += v.Times.Interpreter
		w.Total.Services += v.Times.Services
		w.Total.Store += v.Times.Store
	}
	return w
}

func (v *visit) add(e pipeline.Event) {
	v.Events = append(v.Events, e)
	v.EndUS = max(v.EndUS, e.At)
	switch e.Kind {
	case pipeline.EventRun:
		v.Times.Queue += e.QueueUS
		v.Times.Interpreter += e.RunUS
	case pipeline.EventCall:
		v.Times.Services += e.RunUS
	case pipeline.EventKeep:
		v.Times.Store += e.RunUS
	}
}

// join finds the sender of each visit: the earliest send to it that no other
// visit claimed.
func (w *way) join() {
	claimed := map[*pipeline.Event]bool{}
	for _, v := range w.Visits {
		for _, from := range w.Visits {
			e := from.sendTo(v.Peer, claimed)
			if from == v || from.Peer != v.From || e == nil {
				continue
			}
			claimed[e] = true
			v.ParentID = from.SpanID
			v.Times.Network = max(v.AtUS-start(*e), 0)
			from.children = append(from.children, v)
			break
		}
	}
}

func (v *visit) sendTo(peer string, claimed map[*pipeline.Event]bool) *pipeline.Event {
	for i := range v.Events {
		if e := &v.Events[i]; e.Kind == pipeline.EventSend && e.To == peer && !claimed[e] {
			return e
		}
	}
	return nil
}

// print writes the tree.
func (w *way) print(out io.Writer) error {
	p := &printer{out: out}
	p.line(0, "particle %s", w.Particle)
	t := w.Total
	p.line(0, "network %s, queue %s, interpreter %s, services %s, store %s", micros(t.Network), micros(t.Queue), micros(t.Interpreter), micros(t.Services), micros(t.Store))
	for _, v := range w.Visits {
		if v.ParentID == "" {
			p.visit(0, v, w.Visits[0].AtUS)
		}
	}
	return p.err
}

type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(depth int, format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, strings.Repeat("  ", depth)+format+"\n", args...)
	}
}

func (p *printer) visit(depth int, v *visit, zero int64) {
	from := v.From
	if from == "" {
		from = "unknown"
	}
	p.line(depth, "at %s from %s after %s, network %s", v.Peer, from, micros(v.AtUS-zero), micros(v.Times.Network))
	for _, e := range v.Events {
		if text := describe(v, e); text != "" {
			p.line(depth+1, "%s", text)
		}
	}
	for _, c := range v.children {
		p.visit(depth+1, c, zero)
	}
}

// describe is one event as a line; "" for those that the visit's head tells.
func describe(v *visit, e pipeline.Event) string {
	scope := ""
	if e.Scope != "" && e.Scope != v.Peer {
		scope = " as " + e.Scope
	}
	switch e.Kind {
	case pipeline.EventRun:
		code := ""
		if e.Code != 0 {
			code = fmt.Sprintf(", code %d: %s", e.Code, e.Reason)
		}
		return fmt.Sprintf("run%s %s after %s in the queue, %d bytes%s", scope, micros(e.RunUS), micros(e.QueueUS), e.Bytes, code)
	case pipeline.EventCall:
		code := ""
		if e.Code != 0 {
			code = fmt.Sprintf(", code %d", e.Code)
		}
		return fmt.Sprintf("call%s %s.%s %s%s", scope, e.Service, e.Function, micros(e.RunUS), code)
	case pipeline.EventKeep:
		return fmt.Sprintf("keep%s %d bytes %s", scope, e.Bytes, micros(e.RunUS))
	case pipeline.EventSend:
		return fmt.Sprintf("send%s to %s %s", scope, e.To, micros(e.RunUS))
	case pipeline.EventDrop:
		return fmt.Sprintf("drop%s to %s: %s", scope, e.To, e.Reason)
	case pipeline.EventBudget:
		return fmt.Sprintf("end%s: %s", scope, e.Reason)
	case pipeline.EventRefuse:
		return fmt.Sprintf("refuse from %s: %s", e.From, e.Reason)
	}
	return ""
}

// micros writes microseconds as a time.
func micros(us int64) string { return (time.Duration(us) * time.Microsecond).String() }
