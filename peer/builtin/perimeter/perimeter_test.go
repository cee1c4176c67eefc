// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/proofs/perimeter"
)

var errTaken = errors.New("not taken") //nolint:gochecknoglobals // a sentinel

// oneBackend is a door with one backend, which takes one certificate list.
type oneBackend struct{}

func (oneBackend) Present(_ pipeline.Call, raw json.RawMessage) error {
	if string(raw) != `["c"]` {
		return errTaken
	}
	return nil
}

func (oneBackend) Backend(_ peer.ID, name, id string) []perimeter.Place {
	if name == "chat" && (id == "" || id == "p") {
		return []perimeter.Place{{Peer: "P", Service: "s"}}
	}
	return nil
}

func TestEntries(t *testing.T) {
	for name, tt := range map[string]struct {
		service, function string
		args              []string
		want              string // JSON, or "" for an error
	}{
		"present":           {"perimeter", "present", []string{`["c"]`}, `true`},
		"present refused":   {"perimeter", "present", []string{`[]`}, ""},
		"present nothing":   {"perimeter", "present", nil, ""},
		"backend":           {"app", "resolve_backend", []string{`"chat"`}, `[{"peer_id":"P","service_id":"s"}]`},
		"backend of one":    {"app", "resolve_backend", []string{`"chat"`, `["p"]`}, `[{"peer_id":"P","service_id":"s"}]`},
		"backend of other":  {"app", "resolve_backend", []string{`"chat"`, `"q"`}, `[]`},
		"no such backend":   {"app", "resolve_backend", []string{`"mail"`}, `[]`},
		"backend unnamed":   {"app", "resolve_backend", nil, ""},
		"backend by number": {"app", "resolve_backend", []string{`7`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var c pipeline.Call
			for _, a := range tt.args {
				c.Args = append(c.Args, json.RawMessage(a))
			}
			v, err := Entries(oneBackend{})[tt.service][tt.function].Call(t.Context(), c, builtin.NewArgs(c.Args))
			if (err == nil) != (tt.want != "") {
				t.Fatalf("%v, %v; want %s", v, err, tt.want)
			}
			if got, _ := json.Marshal(v); err == nil && string(got) != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
