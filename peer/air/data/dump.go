// SPDX-License-Identifier: Apache-2.0

package data

import (
	"encoding/hex"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/mr-tron/base58"
)

// Dump writes d as JSON for people: the text that to_human_readable_data of
// AquaVM gives, two spaces deep, keys sorted. Values are shown as strings of JSON
// text, public keys and signatures in base58.
//
// Errors: those of w.
func Dump(w io.Writer, d *InterpreterData) error {
	p := &printer{w: w}
	p.object(func() {
		p.field("data")
		p.object(func() {
			p.field("cid_info")
			p.cids(&d.CIDs)
			p.field("lcid")
			p.number(d.LastCallRequestID)
			p.field("signatures")
			p.signatures(d.Signatures)
			p.field("trace")
			p.list(len(d.Trace), func(i int) { p.state(&d.Trace[i]) })
		})
		p.field("versions")
		p.object(func() {
			p.text("interpreter_version", d.Versions.Interpreter)
			p.text("version", d.Versions.Format)
		})
	})
	p.b = append(p.b, '\n')
	p.flush()
	return p.err
}

// printer writes indented JSON. It flushes as it goes, so it holds little more
// than the largest string.
type printer struct {
	w     io.Writer
	b     []byte
	depth int
	some  bool // the current object or list has an element
	err   error
}

func (p *printer) flush() {
	if p.err == nil {
		_, p.err = p.w.Write(p.b)
	}
	p.b = p.b[:0]
}

// next begins a new element of the current object or list.
func (p *printer) next() {
	if p.some {
		p.b = append(p.b, ',')
	}
	p.some = true
	p.line()
}

func (p *printer) line() {
	p.b = append(p.b, '\n')
	for range p.depth {
		p.b = append(p.b, "  "...)
	}
	if len(p.b) > 1<<15 {
		p.flush()
	}
}

func (p *printer) nest(left, right byte, body func()) {
	p.b = append(p.b, left)
	p.depth++
	p.some = false
	body()
	p.depth--
	if p.some {
		p.line()
	}
	p.b = append(p.b, right)
	p.some = true
}

func (p *printer) object(body func()) { p.nest('{', '}', body) }

func (p *printer) list(n int, elem func(i int)) {
	p.nest('[', ']', func() {
		for i := range n {
			p.next()
			elem(i)
		}
	})
}

func (p *printer) field(name string) {
	p.next()
	p.b = append(appendString(p.b, name), ": "...)
}

func (p *printer) text(name, s string) {
	p.field(name)
	p.str(s)
}

func (p *printer) str(s string) { p.b = appendString(p.b, s) }

func (p *printer) number(n uint32) { p.b = strconv.AppendUint(p.b, uint64(n), 10) }

func (p *printer) num(name string, n uint32) {
	p.field(name)
	p.number(n)
}

func (p *printer) signatures(list []Signature) {
	p.object(func() {
		lines := make([][2]string, len(list))
		for i, s := range list {
			lines[i] = [2]string{base58Text(string(s.Key)), base58Text(s.Bytes)}
		}
		slices.SortFunc(lines, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
		for _, l := range lines {
			p.text(l[0], l[1])
		}
	})
}

// base58Text is base58, or hex where that would take long: it costs time by the
// square of the length, and hostile keys have any length.
func base58Text(s string) string {
	if len(s) > 1024 {
		return "0x" + hex.EncodeToString([]byte(s))
	}
	return base58.FastBase58Encoding([]byte(s))
}

// in wraps a body in objects with one field each.
func (p *printer) in(body func(), names ...string) {
	if len(names) == 0 {
		body()
		return
	}
	p.object(func() {
		p.field(names[0])
		p.in(body, names[1:]...)
	})
}

func (p *printer) state(s *State) {
	text := func() { p.str(s.text) }
	switch s.kind {
	case KindPar:
		p.in(func() { p.list(2, func(i int) { p.number([]uint32{s.a, s.b}[i]) }) }, "par")
	case KindSent:
		p.in(text, "call", "sent_by", "PeerId")
	case KindSentWithID:
		p.in(func() {
			p.object(func() { p.num("call_id", s.a); p.text("peer_id", s.text) })
		}, "call", "sent_by", "PeerIdWithCallId")
	case KindScalar:
		p.in(text, "call", "executed", "scalar")
	case KindStream:
		p.in(func() {
			p.object(func() { p.text("cid", s.text); p.num("generation", s.a) })
		}, "call", "executed", "stream")
	case KindUnused:
		p.in(text, "call", "executed", "unused")
	case KindFailed:
		p.in(text, "call", "failed")
	case KindFold:
		p.in(func() { p.list(len(s.lore), func(i int) { p.lore(&s.lore[i]) }) }, "fold", "lore")
	case KindAp:
		gens := s.Generations()
		p.in(func() { p.list(len(gens), func(i int) { p.number(gens[i]) }) }, "ap", "gens")
	case KindCanonSent:
		p.in(text, "canon", "sent_by")
	case KindCanon:
		p.in(text, "canon", "executed")
	}
}

func (p *printer) lore(l *FoldLore) {
	p.object(func() {
		p.field("desc")
		p.list(len(l.Ranges), func(i int) {
			p.object(func() { p.num("len", l.Ranges[i].Len); p.num("pos", l.Ranges[i].Begin) })
		})
		p.num("pos", l.ValuePos)
	})
}

func (p *printer) cids(i *CIDInfo) {
	p.object(func() {
		dumpStore(p, "canon_element_store", i.CanonElements.All(), p.canonElement)
		dumpStore(p, "canon_result_store", i.CanonResults.All(), func(r CanonResult) {
			p.object(func() {
				p.text("tetraplet", string(r.Tetraplet))
				p.field("values")
				p.list(len(r.Values), func(i int) { p.str(string(r.Values[i])) })
			})
		})
		dumpStore(p, "service_result_store", i.ServiceResults.All(), func(r ServiceResult) {
			p.object(func() {
				p.text("argument_hash", string(r.ArgumentHash))
				p.text("tetraplet_cid", string(r.Tetraplet))
				p.text("value_cid", string(r.Value))
			})
		})
		dumpStore(p, "tetraplet_store", i.Tetraplets.All(), func(t Tetraplet) {
			p.object(func() {
				p.text("function_name", t.FunctionName)
				p.text("lens", t.Lens)
				p.text("peer_pk", t.PeerPK)
				p.text("service_id", t.ServiceID)
			})
		})
		dumpStore(p, "value_store", i.Values.All(), p.str)
	})
}

func dumpStore[V any](p *printer, name string, entries iter.Seq2[CID, V], value func(V)) {
	p.field(name)
	p.object(func() {
		for c, v := range entries {
			p.field(string(c))
			value(v)
		}
	})
}

func (p *printer) canonElement(e CanonElement) {
	p.object(func() {
		p.field("provenance")
		p.object(func() {
			switch e.Provenance.Kind {
			case FromServiceResult:
				p.text("cid", string(e.Provenance.CID))
				p.text("type", "service_result")
			case FromCanon:
				p.text("cid", string(e.Provenance.CID))
				p.text("type", "canon")
			default:
				p.text("type", "literal")
			}
		})
		p.text("tetraplet", string(e.Tetraplet))
		p.text("value", string(e.Value))
	})
}
