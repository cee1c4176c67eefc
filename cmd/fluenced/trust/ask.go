// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/proofs/trust"
)

// relay is how commands reach a peer's trust graph.
type relay struct {
	address, key string
	timeout      time.Duration
}

func (r *relay) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.address, "relay", "", "multiaddr of the peer that is asked, ending in /p2p/ID")
	cmd.Flags().StringVar(&r.key, "key", "", "file with the Ed25519 key to ask with, base64 or base58; without it a new one is made")
	cmd.Flags().DurationVar(&r.timeout, "timeout", 10*time.Second, "how long to wait")
}

// ask calls a function of the peer's trust graph with args, which are followed
// by the time of the peer's own clock.
func (r *relay) ask(ctx context.Context, function string, args ...any) (json.RawMessage, error) {
	if r.address == "" {
		return nil, term.Usage("name a peer with --relay; fluenced peer info shows its addresses", "no peer given")
	}
	if _, err := libp2ppeer.AddrInfoFromString(r.address); err != nil {
		return nil, term.Usage("write it like /ip4/127.0.0.1/tcp/9999/ws/p2p/12D3KooW...", "relay %q is not the address of a peer", r.address)
	}
	key, err := client.NewKey()
	if r.key != "" {
		priv, _, readErr := signer(r.key)
		if readErr != nil {
			return nil, readErr
		}
		key, err = crypto.UnmarshalEd25519PrivateKey(priv)
	}
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Config{Key: key, Relay: r.address, TTL: r.timeout})
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	load, names := `(call %init_peer_id% ("getDataSrv" "-relay-") [] relay)`, ""
	for i, a := range args {
		name := fmt.Sprint("arg", i)
		values[name] = a
		load = fmt.Sprintf(`(seq %s (call %%init_peer_id%% ("getDataSrv" %q) [] %s))`, load, name, name)
		names += name + " "
	}
	script := fmt.Sprintf(`(seq %s (seq (call relay ("peer" "timestamp_sec") [] now) (seq (call relay ("trust-graph" %q) [%snow] answer)
 (seq (call relay ("op" "noop") []) (call %%init_peer_id%% ("callbackSrv" "response") [answer])))))`, load, function, names)
	return r.run(ctx, c, client.Script{AIR: script, Args: values})
}

// run runs the client for as long as the script needs it.
func (r *relay) run(ctx context.Context, c *client.Client, s client.Script) (answer json.RawMessage, err error) {
	ctx, stop := context.WithTimeout(ctx, r.timeout)
	defer stop()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.Run(gctx) })
	g.Go(func() error {
		defer stop()
		select {
		case <-gctx.Done():
			return term.Hint(errors.New("the peer cannot be reached"), "check --relay; fluenced peer ping tries it")
		case <-c.Ready():
		}
		values, err := c.Execute(gctx, s)
		if err == nil && len(values) == 1 {
			answer = values[0]
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var o struct {
		Success bool   `json:"success"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(answer, &o); err != nil {
		return nil, fmt.Errorf("answer of the peer: %w", err)
	}
	if !o.Success {
		return nil, term.Hint(fmt.Errorf("the peer refused: %s", o.Error), "docs/spec/trust-graph.md says what the service asks for")
	}
	return answer, nil
}

func weightCommand() *cobra.Command {
	var r relay
	var asJSON bool
	cmd := &cobra.Command{
		Use: "weight PEER", Short: "Ask a peer how much it trusts another", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := peerKey(args[0]); err != nil {
				return err
			}
			answer, err := r.ask(cmd.Context(), "get_weight", args[0])
			if err != nil {
				return err
			}
			var w struct {
				PeerID string `json:"peer_id"`
				Weight uint32 `json:"weight"`
			}
			if err := json.Unmarshal(answer, &w); err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), w)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), w.Weight)
			return err
		},
	}
	r.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func chainCommand() *cobra.Command {
	var r relay
	var asJSON bool
	cmd := &cobra.Command{
		Use: "chain PEER", Short: "Ask a peer by which certificates it trusts another", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := peerKey(args[0]); err != nil {
				return err
			}
			answer, err := r.ask(cmd.Context(), "get_all_certs", args[0])
			if err != nil {
				return err
			}
			var list struct {
				Certificates []trust.Certificate `json:"certificates"`
			}
			if err := json.Unmarshal(answer, &list); err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), list)
			}
			return printReport(cmd.OutOrStdout(), judge(list.Certificates, when(0)))
		},
	}
	r.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func importCommand() *cobra.Command {
	var r relay
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add certificates to the trust graph of a peer",
		Long: `Send the certificates in FILE to a peer, which verifies and adds them. Their root must
be one of the peer's; its owner sets one with the service's set_root.

  fluenced trust import bob.cert --relay /ip4/127.0.0.1/tcp/9999/ws/p2p/12D3KooW...`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cs, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			for i, c := range cs {
				if _, err := r.ask(cmd.Context(), "insert_cert", c); err != nil {
					return fmt.Errorf("certificate %d: %w", i, err)
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d\n", len(cs))
			return err
		},
	}
	r.flags(cmd)
	return cmd
}
