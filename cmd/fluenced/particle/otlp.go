// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/go-fluence/fluence/peer/pipeline"
)

// The types below are the JSON form of OpenTelemetry's ExportTraceServiceRequest,
// as far as a way needs it: ids are hex, 64-bit times are decimal text.
//
// Source: opentelemetry-proto, collector/trace/v1 and trace/v1, JSON encoding.
type otlpExport struct {
	ResourceSpans []otlpResource `json:"resourceSpans"`
}

type otlpResource struct {
	Resource struct {
		Attributes []otlpAttribute `json:"attributes"`
	} `json:"resource"`
	ScopeSpans []otlpScope `json:"scopeSpans"`
}

type otlpScope struct {
	Scope struct {
		Name string `json:"name"`
	} `json:"scope"`
	Spans []otlpSpan `json:"spans"`
}

type otlpSpan struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	ParentID   string          `json:"parentSpanId,omitempty"`
	Name       string          `json:"name"`
	Kind       int             `json:"kind"`
	Start      string          `json:"startTimeUnixNano"`
	End        string          `json:"endTimeUnixNano"`
	Attributes []otlpAttribute `json:"attributes"`
}

type otlpAttribute struct {
	Key   string            `json:"key"`
	Value map[string]string `json:"value"`
}

// kindInternal is OpenTelemetry's span kind for work inside one process.
const kindInternal = 1

func attribute(key, value string) otlpAttribute {
	return otlpAttribute{key, map[string]string{"stringValue": value}}
}

func number(key string, value int64) otlpAttribute {
	return otlpAttribute{key, map[string]string{"intValue": strconv.FormatInt(value, 10)}}
}

// otlp is the way as spans: one per visit, and below it one per event that took
// time. Each peer is a resource.
func (w *way) otlp() otlpExport {
	var out otlpExport
	place := map[string]int{}
	for _, v := range w.Visits {
		i, ok := place[v.Peer]
		if !ok {
			var r otlpResource
			r.Resource.Attributes = []otlpAttribute{attribute("service.name", "fluenced"), attribute("service.instance.id", v.Peer)}
			r.ScopeSpans = make([]otlpScope, 1)
			r.ScopeSpans[0].Scope.Name = "fluence.particle"
			i = len(out.ResourceSpans)
			place[v.Peer] = i
			out.ResourceSpans = append(out.ResourceSpans, r)
		}
		spans := &out.ResourceSpans[i].ScopeSpans[0].Spans
		*spans = append(*spans, w.spans(v)...)
	}
	return out
}

func (w *way) spans(v *visit) []otlpSpan {
	spans := []otlpSpan{{
		TraceID: w.TraceID, SpanID: v.SpanID, ParentID: v.ParentID, Name: "visit", Kind: kindInternal, Start: nanos(v.AtUS), End: nanos(v.EndUS),
		Attributes: []otlpAttribute{attribute("fluence.particle", w.Particle), attribute("fluence.from", v.From), number("fluence.network_us", v.Times.Network)},
	}}
	for i, e := range v.Events {
		switch e.Kind {
		case pipeline.EventRun, pipeline.EventCall, pipeline.EventKeep, pipeline.EventSend:
		default:
			continue
		}
		id := sha256.Sum256(fmt.Appendf(nil, "%s %d", v.SpanID, i))
		s := otlpSpan{
			TraceID: w.TraceID, SpanID: hex.EncodeToString(id[:8]), ParentID: v.SpanID, Name: e.Kind, Kind: kindInternal,
			Start: nanos(start(e)), End: nanos(e.At), Attributes: []otlpAttribute{number("fluence.bytes", int64(e.Bytes)), number("fluence.code", e.Code)},
		}
		if e.Kind == pipeline.EventCall {
			s.Name = e.Service + "." + e.Function
		}
		if e.To != "" {
			s.Attributes = append(s.Attributes, attribute("fluence.to", e.To))
		}
		spans = append(spans, s)
	}
	return spans
}

func nanos(us int64) string { return strconv.FormatInt(us*1000, 10) }
