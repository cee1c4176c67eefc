// SPDX-License-Identifier: Apache-2.0

// Package particle is the commands that send a particle and follow its way.
package particle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/store"
)

// maxInputBytes bounds a script or data file.
const maxInputBytes = 16 << 20

// Command returns fluenced particle with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "particle", Short: "Send a particle, or follow the way of one"}
	cmd.AddCommand(sendCommand(), traceCommand())
	return cmd
}

// request is what send was asked for.
type request struct {
	relay, script, data, key string
	timeout                  time.Duration
	wait                     bool
}

func sendCommand() *cobra.Command {
	var r request
	cmd := &cobra.Command{
		Use:   "send --relay MULTIADDR --script FILE",
		Short: "Run an AIR script through a relay and print its answer",
		Long: `Connect to a relay as a client, run a script, and print the arguments of the first
call of ("callbackSrv" "response") on this client as a JSON array. The fields of
--data are answered to ("getDataSrv" NAME), as is -relay-. Scripts that the Aqua
compiler makes fit as they are.

  fluenced particle send --relay /ip4/127.0.0.1/tcp/9991/ws/p2p/12D3KooW... --script hello.air --data '{"name":"bob"}'
  fluenced particle send --relay /ip4/127.0.0.1/tcp/9991/ws/p2p/12D3KooW... --script - --wait=false < fire.air`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return send(cmd, r) },
	}
	cmd.Flags().StringVar(&r.relay, "relay", "", "multiaddr of the relay, ending in /p2p/ID")
	cmd.Flags().StringVar(&r.script, "script", "", "file with the AIR script; - reads standard input")
	cmd.Flags().StringVar(&r.data, "data", "{}", "JSON object with the script's arguments")
	cmd.Flags().StringVar(&r.key, "key", "", "file with the client's Ed25519 key, base64 or base58; without it a new one is made")
	cmd.Flags().DurationVar(&r.timeout, "timeout", 10*time.Second, "life of the particle")
	cmd.Flags().BoolVar(&r.wait, "wait", true, "wait for the answer; false prints the particle's id once the relay has it")
	return cmd
}

func send(cmd *cobra.Command, r request) error {
	switch {
	case r.relay == "":
		return term.Usage("name one with --relay; fluenced peer info shows the addresses of a peer", "no relay given")
	case r.script == "":
		return term.Usage("name a file with --script, or - for standard input", "no script given")
	case r.timeout < time.Millisecond:
		return term.Usage("choose --timeout like 10s", "timeout is %v", r.timeout)
	}
	if _, err := libp2ppeer.AddrInfoFromString(r.relay); err != nil {
		return term.Usage("write it like /ip4/127.0.0.1/tcp/9999/ws/p2p/12D3KooW...", "relay %q is not the address of a peer", r.relay)
	}
	script, err := readScript(cmd.InOrStdin(), r.script)
	if err != nil {
		return err
	}
	var args map[string]any
	if err := json.Unmarshal([]byte(r.data), &args); err != nil {
		return term.Usage(`write it like '{"name":"bob"}'`, "data is not a JSON object: %v", err)
	}
	key, err := clientKey(r.key)
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{Key: key, Relay: r.relay, TTL: r.timeout})
	if err != nil {
		return err
	}
	return explain(exchange(cmd.Context(), c, client.Script{AIR: script, Args: args}, r, cmd.OutOrStdout()))
}

// exchange runs the client for as long as the script needs it.
func exchange(ctx context.Context, c *client.Client, s client.Script, r request, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.Run(gctx) })
	g.Go(func() error {
		defer stop()
		limit := time.NewTimer(r.timeout)
		defer limit.Stop()
		select {
		case <-gctx.Done():
			return gctx.Err()
		case <-limit.C:
			return errNoRelay
		case <-c.Ready():
		}
		if !r.wait {
			id, err := c.Send(gctx, s)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(out, id)
			return err
		}
		values, err := c.Execute(gctx, s)
		if err != nil {
			return err
		}
		if values == nil {
			values = []json.RawMessage{}
		}
		return term.JSON(out, values)
	})
	return g.Wait()
}

var errNoRelay = errors.New("relay cannot be reached")

// explain adds what to do.
func explain(err error) error {
	var script *client.ScriptError
	var broken *client.InterpreterError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNoRelay):
		return term.Hint(err, "check that it runs and that its address is right: fluenced peer ping ADDRESS")
	case errors.Is(err, client.ErrTimeout):
		return term.Hint(err, `raise --timeout, or let the script end in (call %%init_peer_id%% ("callbackSrv" "response") [...]); fluenced particle trace shows how far it came`)
	case errors.As(err, &script):
		return term.Hint(err, "the script reported this error itself")
	case errors.As(err, &broken):
		return term.Hint(err, "fluenced air check FILE explains scripts that do not parse")
	}
	return err
}

func readScript(in io.Reader, file string) (string, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", term.Hint(err, "--script names a file, or - for standard input")
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxInputBytes+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxInputBytes {
		return "", term.Usage("scripts that long are not admitted by peers", "script has more than %d bytes", maxInputBytes)
	}
	return string(raw), nil
}

// clientKey reads a key, or makes one.
func clientKey(file string) (crypto.PrivKey, error) {
	if file == "" {
		return client.NewKey()
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := store.ParseKey(string(raw))
	if err != nil {
		return nil, term.Hint(err, "--key names a file with the base64 or base58 text of an Ed25519 key")
	}
	return crypto.UnmarshalEd25519PrivateKey(key)
}
