// SPDX-License-Identifier: Apache-2.0

package deal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/client"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// errNoLogs says that not one worker could be asked.
var errNoLogs = errors.New("no worker can be asked for its logs")

// source is a worker to be asked through a relay.
type source struct{ worker, host, relay string }

// entry is one line of a spell's log.
type entry struct {
	WorkerPeerID string `json:"worker_peer_id"`
	SpellID      string `json:"spell_id"`
	Timestamp    uint64 `json:"timestamp"` // of the particle, in seconds
	Message      string `json:"message"`
}

func logsCommand() *cobra.Command {
	var follow bool
	var relay string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "logs DEAL",
		Short: "Show what the spells of a deal's workers have logged",
		Long: `Ask every active worker for the logs of its spells, and print them line by line.
Each worker is asked through its own peer, at the address it has on the chain.

  fluenced deal logs 0x1f3a...
  fluenced deal logs 0x1f3a... --follow --relay /ip4/127.0.0.1/tcp/9991/ws/p2p/12D3KooW...`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := dealID(args[0]); err != nil {
				return err
			}
			if every < time.Second {
				return term.Usage("choose --every like 3s", "--every is %v, less than a second", every)
			}
			if relay != "" {
				if _, err := libp2ppeer.AddrInfoFromString(relay); err != nil {
					return term.Usage("write it like /ip4/127.0.0.1/tcp/9999/ws/p2p/12D3KooW...", "relay %q is not the address of a peer", relay)
				}
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			list, err := s.sources(args[0], relay)
			if err != nil {
				return err
			}
			if !follow {
				every = 0
			}
			return s.tail(list, every)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	fs.StringVar(&relay, "relay", "", "multiaddr of the peer to ask through (default each worker's own)")
	fs.DurationVar(&every, "every", 3*time.Second, "how often to ask with --follow")
	return cmd
}

// sources returns the active workers of a deal that can be asked.
func (s *session) sources(id, relay string) ([]source, error) {
	ws, err := s.workers(id)
	if err != nil {
		return nil, err
	}
	var list []source
	for _, w := range ws {
		if w.State != dealtypes.WorkerActive {
			continue
		}
		one := source{worker: peerText(w.PeerKey), host: peerText(w.PeerId), relay: relay}
		if relay == "" {
			if one.relay, err = s.address(w.PeerId, one.host); err != nil {
				return nil, err
			}
		}
		if one.relay == "" {
			_, _ = fmt.Fprintf(s.cmd.ErrOrStderr(), "worker %s: its peer %s has no address on the chain; name one with --relay\n", one.worker, one.host)
			continue
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, term.Hint(errNoLogs, "fluenced deal status %s shows the workers; --relay names a peer to ask through", id)
	}
	return list, nil
}

// address returns the first address of a peer on the chain, complete with its id.
func (s *session) address(peer []byte, id string) (string, error) {
	res, err := s.market.Peer(s.context(), &markettypes.QueryPeerRequest{PeerId: dealtypes.Hex(peer)})
	if err != nil {
		return "", err
	}
	for _, a := range res.Peer.Addresses {
		if !strings.Contains(a, "/p2p/") {
			a += "/p2p/" + id
		}
		if _, err := libp2ppeer.AddrInfoFromString(a); err == nil {
			return a, nil
		}
	}
	return "", nil
}

// tail prints the logs of all sources; every so often, if every is positive.
func (s *session) tail(list []source, every time.Duration) error {
	out := make(chan entry)
	g, ctx := errgroup.WithContext(s.context())
	var failed []error
	results := make(chan error, len(list))
	for _, one := range list {
		g.Go(func() error {
			results <- one.follow(ctx, every, out)
			return nil
		})
	}
	go func() {
		_ = g.Wait() // its functions return nil
		close(out)
	}()
	for e := range out {
		if err := s.line(s.cmd.OutOrStdout(), e); err != nil {
			return err
		}
	}
	close(results)
	for err := range results {
		if err != nil && !errors.Is(err, context.Canceled) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (s *session) line(w io.Writer, e entry) error {
	if s.json() {
		return json.NewEncoder(w).Encode(e)
	}
	_, err := fmt.Fprintf(w, "%s  %s  %s  %s\n", time.Unix(int64(min(e.Timestamp, 1<<40)), 0).UTC().Format(time.RFC3339), e.WorkerPeerID, e.SpellID, e.Message)
	return err
}

// follow asks one worker once, or again and again, for lines it has not told yet.
func (one source) follow(ctx context.Context, every time.Duration, out chan<- entry) error {
	key, err := client.NewKey()
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{Key: key, Relay: one.relay, TTL: 10 * time.Second})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.Run(gctx) })
	g.Go(func() error {
		defer stop()
		select {
		case <-gctx.Done():
			return gctx.Err()
		case <-c.Ready():
		case <-time.After(10 * time.Second):
			return term.Hint(fmt.Errorf("worker %s: relay %s cannot be reached", one.worker, one.relay), "name another one with --relay")
		}
		told := map[string][]entry{}
		for {
			if err := one.ask(gctx, c, told, out); err != nil {
				return fmt.Errorf("worker %s: %w", one.worker, err)
			}
			if every == 0 {
				return nil
			}
			select {
			case <-gctx.Done():
				return gctx.Err()
			case <-time.After(every):
			}
		}
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// listScript asks a worker for its spells, by way of its host.
const listScript = `(xor
 (seq
  (seq
   (seq (call %%init_peer_id%% ("getDataSrv" "-relay-") [] relay) (call relay ("op" "noop") []))
   (seq (call "%[1]s" ("op" "noop") []) (call "%[2]s" ("spell" "list") [] spells)))
  (seq (seq (call "%[1]s" ("op" "noop") []) (call relay ("op" "noop") []))
   (call %%init_peer_id%% ("callbackSrv" "response") [spells])))
 (call %%init_peer_id%% ("errorHandlingSrv" "error") [%%last_error%% 1]))`

// logScript asks a worker for the log of one spell.
const logScript = `(xor
 (seq
  (seq
   (seq (call %%init_peer_id%% ("getDataSrv" "-relay-") [] relay) (call relay ("op" "noop") []))
   (seq (call "%[1]s" ("op" "noop") []) (call "%[2]s" ("%[3]s" "get_logs") [] logs)))
  (seq (seq (call "%[1]s" ("op" "noop") []) (call relay ("op" "noop") []))
   (call %%init_peer_id%% ("callbackSrv" "response") [logs])))
 (call %%init_peer_id%% ("errorHandlingSrv" "error") [%%last_error%% 1]))`

// ask prints what the spells of a worker have logged since they were asked last.
func (one source) ask(ctx context.Context, c *client.Client, told map[string][]entry, out chan<- entry) error {
	var spells []string
	if err := call(ctx, c, fmt.Sprintf(listScript, one.host, one.worker), &spells); err != nil {
		return err
	}
	if len(spells) == 0 && len(told) == 0 {
		return fmt.Errorf("it runs no spells: %w", errNoLogs)
	}
	for _, id := range spells {
		if strings.ContainsAny(id, `"\`) {
			continue // no spell's id
		}
		var res struct {
			Logs    []entry `json:"logs"`
			Success bool    `json:"success"`
			Error   string  `json:"error"`
		}
		if err := call(ctx, c, fmt.Sprintf(logScript, one.host, one.worker, id), &res); err != nil {
			return err
		}
		if !res.Success {
			return fmt.Errorf("spell %s: %s", id, res.Error)
		}
		for _, e := range fresh(told[id], res.Logs) {
			e.WorkerPeerID, e.SpellID = one.worker, id
			select {
			case out <- e:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		told[id] = res.Logs
	}
	return nil
}

// fresh returns what follows in now after what was there before. A spell keeps its
// last lines only, so that the beginning of before may be gone.
func fresh(before, now []entry) []entry {
	for k := max(0, len(before)-len(now)); k < len(before); k++ {
		if slices.Equal(before[k:], now[:len(before)-k]) {
			return now[len(before)-k:]
		}
	}
	return now
}

// call runs a script and decodes the first argument of its response.
func call(ctx context.Context, c *client.Client, script string, into any) error {
	values, err := c.Execute(ctx, client.Script{AIR: script})
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return errors.New("the worker answered nothing")
	}
	return json.Unmarshal(values[0], into)
}
