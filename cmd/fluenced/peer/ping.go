// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/host"
)

// pingResult is the JSON form of fluenced peer ping.
type pingResult struct {
	PeerID string  `json:"peer_id"`
	RTT    []int64 `json:"rtt_us"`
}

func pingCommand() *cobra.Command {
	var asJSON bool
	var count int
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "ping MULTIADDR",
		Short: "Measure the way to a peer and back",
		Long: `Connect to a peer, as a client does, and ping it. No running peer is needed here.

  fluenced peer ping /ip4/127.0.0.1/tcp/9991/ws/p2p/12D3KooW...`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 1 || count > 1000 {
				return term.Usage("choose --count from 1 to 1000", "count is %d", count)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			res, err := pings(ctx, args[0], count)
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, host.ErrNotConnected) {
				err = term.Hint(err, "check that the peer runs and that its address is right")
			}
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), res)
			}
			for i, us := range res.RTT {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: ping %d took %v\n", res.PeerID, i+1, time.Duration(us)*time.Microsecond); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&count, "count", 3, "number of pings")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "give up after this time")
	return cmd
}

// pings runs a host without listeners for as long as it takes.
func pings(ctx context.Context, address string, count int) (res pingResult, err error) {
	to, err := parseAddr(address)
	if err != nil {
		return res, err
	}
	key, err := client.NewKey()
	if err != nil {
		return res, err
	}
	h, err := host.New(host.Config{Key: key, Agent: "fluenced-ping", Known: []string{address}})
	if err != nil {
		return res, err
	}
	res.PeerID = to.ID.String()
	ctx, stop := context.WithCancel(ctx)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.Run(gctx) })
	g.Go(func() error {
		defer stop()
		select {
		case <-gctx.Done():
			return gctx.Err()
		case <-h.Ready():
		}
		if err := h.Connect(gctx, to); err != nil {
			return err
		}
		net, err := h.Libp2p()
		if err != nil {
			return err
		}
		answers := ping.Ping(gctx, net, to.ID)
		for range count {
			a, ok := <-answers
			if !ok {
				return gctx.Err()
			}
			if a.Error != nil {
				return fmt.Errorf("ping %s: %w", to.ID, a.Error)
			}
			res.RTT = append(res.RTT, a.RTT.Microseconds())
		}
		return nil
	})
	return res, g.Wait()
}
