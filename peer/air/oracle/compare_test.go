// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/data"
)

// A difference is what two outcomes of one step do not share. kind is the part of
// the outcome, for counting and for shrinking.
type difference struct{ kind, text string }

func differ(kind, format string, args ...any) *difference {
	return &difference{kind, fmt.Sprintf(format, args...)}
}

// compare returns the first difference of two outcomes, or nil. What AquaVM leaves
// open is not compared: the order of next peers and of stores, the texts of
// errors that no script can see.
func compare(ours, theirs *air.Outcome, salt string) *difference {
	if ours.Code != theirs.Code {
		return differ(fmt.Sprintf("code %d/%d", ours.Code, theirs.Code), "ours: %s\ntheirs: %s", ours.Message, theirs.Message)
	}
	if catchable := ours.Code >= 10000 && ours.Code < 20000; catchable && ours.Message != theirs.Message {
		return differ("message", "ours: %s\ntheirs: %s", ours.Message, theirs.Message)
	}
	// A run that a hard limit ends tells in ours which one it was; in AquaVM's the
	// flags are then unset.
	if tooLarge := ours.Code == int64(data.CodeTooLarge); !tooLarge && ours.Exceeded != theirs.Exceeded {
		return differ("limits", "ours: %v\ntheirs: %v", ours.Exceeded, theirs.Exceeded)
	}
	mine, other := slices.Sorted(slices.Values(ours.Next)), slices.Sorted(slices.Values(theirs.Next))
	if !slices.Equal(mine, other) {
		return differ("next", "ours: %q\ntheirs: %q", mine, other)
	}
	if a, b := callsText(ours.Calls), callsText(theirs.Calls); a != b {
		return differ("calls", "ours:\n%stheirs:\n%s", a, b)
	}
	return compareData(ours.Data, theirs.Data, salt)
}

func callsText(calls map[uint32]air.Call) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(calls)) {
		c := calls[id]
		fmt.Fprintf(&b, "  %d %s.%s %s %v\n", id, c.Service, c.Function, c.Args, c.Tetraplets)
	}
	return b.String()
}

func compareData(ours, theirs []byte, salt string) *difference {
	if string(ours) == string(theirs) {
		return nil
	}
	a, err := data.Decode(ours, data.DefaultLimits())
	if err != nil {
		return differ("our data", "%v", err)
	}
	b, err := data.Decode(theirs, data.DefaultLimits())
	if err != nil {
		return differ("their data", "%v", err)
	}
	if a.LastCallRequestID != b.LastCallRequestID {
		return differ("last call id", "ours: %d\ntheirs: %d", a.LastCallRequestID, b.LastCallRequestID)
	}
	if x, y := traceText(a), traceText(b); x != y {
		return differ("trace", "ours:   %s\ntheirs: %s", x, y)
	}
	if x, y := storesText(&a.CIDs), storesText(&b.CIDs); x != y {
		return differ("stores", "ours:\n%stheirs:\n%s", x, y)
	}
	if x, y := signersText(a), signersText(b); x != y {
		return differ("signers", "ours: %s\ntheirs: %s", x, y)
	}
	if _, err := data.Verify(a, salt, data.DefaultLimits(), nil); err != nil {
		return differ("our signatures", "%v", err)
	}
	if _, err := data.Verify(b, salt, data.DefaultLimits(), nil); err != nil {
		return differ("their signatures", "%v", err)
	}
	return nil
}

func signersText(d *data.InterpreterData) string {
	var list []string
	for _, s := range d.Signatures {
		list = append(list, fmt.Sprintf("%x", s.Key))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func storesText(c *data.CIDInfo) string {
	var list []string
	for cid, v := range c.Values.All() {
		list = append(list, fmt.Sprintf("  value %s %s\n", cid, v))
	}
	for cid, v := range c.Tetraplets.All() {
		list = append(list, fmt.Sprintf("  tetraplet %s %+v\n", cid, v))
	}
	for cid, v := range c.CanonElements.All() {
		list = append(list, fmt.Sprintf("  element %s %+v\n", cid, v))
	}
	for cid, v := range c.CanonResults.All() {
		list = append(list, fmt.Sprintf("  canon %s %+v\n", cid, v))
	}
	for cid, v := range c.ServiceResults.All() {
		list = append(list, fmt.Sprintf("  result %s %+v\n", cid, v))
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// traceText writes a trace in short. The number of a request is left out: ours
// does not pass on foreign ones (perimeter.md 2.3), and its own are compared as
// calls.
func traceText(d *data.InterpreterData) string {
	var b strings.Builder
	for i := range d.Trace {
		s := &d.Trace[i]
		end := ""
		if c := string(s.CID()); len(c) > 6 {
			end = c[len(c)-6:]
		}
		switch s.Kind() {
		case data.KindPar:
			l, r := s.Sizes()
			fmt.Fprintf(&b, "par(%d,%d) ", l, r)
		case data.KindSent, data.KindSentWithID:
			fmt.Fprintf(&b, "sent(%s) ", s.Peer())
		case data.KindScalar:
			fmt.Fprintf(&b, "scalar(%s) ", end)
		case data.KindStream:
			g, _ := s.Generation()
			fmt.Fprintf(&b, "stream(%s,%d) ", end, g)
		case data.KindUnused:
			fmt.Fprintf(&b, "unused(%s) ", end)
		case data.KindFailed:
			fmt.Fprintf(&b, "failed(%s) ", end)
		case data.KindFold:
			fmt.Fprintf(&b, "fold%v ", s.Lore())
		case data.KindAp:
			fmt.Fprintf(&b, "ap%v ", s.Generations())
		case data.KindCanonSent:
			fmt.Fprintf(&b, "canonsent(%s) ", s.Peer())
		case data.KindCanon:
			fmt.Fprintf(&b, "canon(%s) ", end)
		}
	}
	return b.String()
}
