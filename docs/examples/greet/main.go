// SPDX-License-Identifier: Apache-2.0

// Command greet calls the guestbook of a devnet on each of its workers, with the Go client.
//
//	go run ./docs/examples/greet .devnet/devnet.json Bob
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/client"
)

// script takes a name to a worker and its answer back.
const script = `
(seq
  (seq
    (seq (call -relay- ("op" "noop") []) (call host ("op" "noop") []))
    (call worker ("guestbook" "greet") [name] answer))
  (seq
    (seq (call host ("op" "noop") []) (call -relay- ("op" "noop") []))
    (call %init_peer_id% ("callbackSrv" "response") [answer])))`

// load reads what the script names from the client that sends it.
const load = `
(seq
  (seq (call %%init_peer_id%% ("getDataSrv" "-relay-") [] -relay-) (call %%init_peer_id%% ("getDataSrv" "host") [] host))
  (seq (seq (call %%init_peer_id%% ("getDataSrv" "worker") [] worker) (call %%init_peer_id%% ("getDataSrv" "name") [] name)) %s))`

// network is what greet reads of devnet.json.
type network struct {
	Validators []struct {
		Multiaddrs []string `json:"multiaddrs"`
	} `json:"validators"`
	Demo *struct {
		Workers []struct {
			PeerID   string `json:"peer_id"`
			WorkerID string `json:"worker_id"`
		} `json:"workers"`
	} `json:"demo"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "greet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: greet DEVNET.json NAME")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var n network
	if err := json.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if n.Demo == nil || len(n.Validators) == 0 || len(n.Validators[0].Multiaddrs) == 0 {
		return fmt.Errorf("%s: the devnet runs without the demo", args[0])
	}
	key, err := client.NewKey()
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{Key: key, Relay: n.Validators[0].Multiaddrs[0]})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.Run(ctx) })
	g.Go(func() error {
		defer stop()
		select {
		case <-c.Ready():
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, w := range n.Demo.Workers {
			answer, err := c.Execute(ctx, client.Script{
				AIR:  fmt.Sprintf(load, script),
				Args: map[string]any{"-relay-": c.RelayID().String(), "host": w.PeerID, "worker": w.WorkerID, "name": args[1]},
			})
			if err != nil {
				return err
			}
			fmt.Printf("%s on %s: %s\n", w.WorkerID, w.PeerID, answer[0])
		}
		return nil
	})
	return g.Wait()
}
