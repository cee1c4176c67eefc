// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// bank is two services that know nothing of each other: a credit check whose
// report is long, and an SMS sender that takes it.
type bank struct{ report string }

func (*bank) Owner(pipeline.Scope, string) (libp2ppeer.ID, bool) { return "", false }

func (b *bank) Call(_ context.Context, c pipeline.Call) (pipeline.Result, error) {
	switch c.Service + "." + c.Function {
	case "credit.check":
		text, err := json.Marshal(b.report)
		return pipeline.Result{JSON: text}, err
	case "sms.send":
		var report string
		if err := json.Unmarshal(c.Args[1], &report); err != nil {
			return pipeline.Result{}, err
		}
		return pipeline.Result{JSON: fmt.Appendf(nil, "%d", len(report))}, nil
	}
	return pipeline.Result{}, builtin.ErrNotDefined
}

// flow sends the first service's answer straight to the second; only the end
// comes back.
const flow = `(xor
 (seq (seq (seq (call %%init_peer_id%% ("getDataSrv" "-relay-") [] relay)
                (call %%init_peer_id%% ("getDataSrv" "who") [] who))
           (call relay ("op" "noop") []))
 (seq (call "%[1]s" ("credit" "check") [who] report)
 (seq (call "%[2]s" ("sms" "send") [who report] sent)
 (seq (call relay ("op" "noop") [])
      (call %%init_peer_id%% ("callbackSrv" "response") [sent])))))
 (call %%init_peer_id%% ("errorHandlingSrv" "error") [:error: 0]))`

// TestFlowAgainstRequestResponse counts what the client sends and receives for
// one job done as a flow and as two requests. Our data carry every value that
// was made, so the flow saves messages and the way up, not the way down.
func TestFlowAgainstRequestResponse(t *testing.T) {
	for _, size := range []int{100, 10_000, 100_000} {
		t.Run(fmt.Sprintf("report of %d bytes", size), func(t *testing.T) {
			service := &bank{report: strings.Repeat("r", size)}
			relay := startPeer(t, t.TempDir(), nil, service)
			through := func(c *config.Config) { c.BootstrapNodes = []string{relay.tcp(t)} }
			credit, sms := startPeer(t, t.TempDir(), through, service), startPeer(t, t.TempDir(), through, service)
			for _, p := range []string{credit.tcp(t), sms.tcp(t)} {
				_, id, _ := strings.Cut(p, "/p2p/")
				to, err := libp2ppeer.Decode(id)
				if err != nil {
					t.Fatal(err)
				}
				eventually(t, "relay knows the services", 15*time.Second, func() bool { return relay.Host().Connected(to) })
			}

			one := goClient(t, relay)
			values, err := one.Execute(t.Context(), client.Script{
				AIR: fmt.Sprintf(flow, credit.ID(), sms.ID()), Args: map[string]any{"who": "alice"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(values) != 1 || string(values[0]) != fmt.Sprint(size) {
				t.Errorf("flow answered %s, want %d", values, size)
			}

			two := goClient(t, relay)
			var report string
			if err := two.Call(t.Context(), credit.ID().String(), "credit", "check", &report, "alice"); err != nil {
				t.Fatal(err)
			}
			var sent int
			if err := two.Call(t.Context(), sms.ID().String(), "sms", "send", &sent, "alice", report); err != nil || sent != size {
				t.Fatalf("sms answered %d, %v, want %d", sent, err, size)
			}
			a, b := one.Traffic(), two.Traffic()
			t.Logf("flow:              %d out %7d bytes, %d in %7d bytes", a.Sent, a.SentBytes, a.Received, a.ReceivedBytes)
			t.Logf("request, response: %d out %7d bytes, %d in %7d bytes", b.Sent, b.SentBytes, b.Received, b.ReceivedBytes)
			if a.Sent != 1 || a.Received != 1 {
				t.Errorf("the flow took %d and %d messages, want one each way", a.Sent, a.Received)
			}
			if a.SentBytes+a.ReceivedBytes >= b.SentBytes+b.ReceivedBytes {
				t.Errorf("the flow took %d bytes, two requests %d", a.SentBytes+a.ReceivedBytes, b.SentBytes+b.ReceivedBytes)
			}
		})
	}
}
