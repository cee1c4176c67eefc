// SPDX-License-Identifier: Apache-2.0

// Package peer is the commands that run a particle peer and look at a running one.
package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/httpapi"
)

// maxAnswerBytes bounds what is read of the control socket.
const maxAnswerBytes = 16 << 20

// Command returns fluenced peer with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "peer", Short: "Run the particle peer, or look at a running one"}
	cmd.AddCommand(startCommand(), infoCommand(), listCommand(), connectCommand(), pingCommand())
	return cmd
}

// folder is the peer's folder below --home.
func folder(cmd *cobra.Command) (string, error) {
	home, err := cmd.Flags().GetString("home")
	if err != nil {
		return "", err
	}
	return filepath.Join(home, "peer"), nil
}

func infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Show how the running peer is doing",
		Long: `Show identity, addresses and load of the peer that runs in --home.

  fluenced peer info
  fluenced peer info --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var info core.Info
			if err := ask(cmd, http.MethodGet, "/info", nil, &info); err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), info)
			}
			rows := [][]string{
				{"peer id", info.PeerID},
				{"version", info.Version},
				{"network", info.Network},
				{"uptime", (time.Duration(info.UptimeSec) * time.Second).String()},
				{"connected peers", strconv.Itoa(info.Peers)},
				{"known neighbors", strconv.Itoa(info.Neighbors)},
				{"particles alive", strconv.Itoa(info.Particles)},
				{"bytes waiting", strconv.FormatInt(info.Waiting, 10)},
				{"store bytes", strconv.FormatInt(info.StoreUsed, 10)},
			}
			for _, a := range info.Listening {
				rows = append(rows, []string{"listening", a})
			}
			return term.Table(cmd.OutOrStdout(), []string{"WHAT", "VALUE"}, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the peers and clients that are connected",
		Long: `List who is connected to the peer that runs in --home.

  fluenced peer list
  fluenced peer list --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []httpapi.Contact
			if err := ask(cmd, http.MethodGet, "/peers", nil, &list); err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), list)
			}
			var rows [][]string
			for _, c := range list {
				first := ""
				if len(c.Addresses) > 0 {
					first = c.Addresses[0]
				}
				rows = append(rows, []string{c.PeerID, first})
			}
			return term.Table(cmd.OutOrStdout(), []string{"PEER ID", "ADDRESS"}, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func connectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "connect MULTIADDR",
		Short: "Connect the running peer to another",
		Long: `Make the peer that runs in --home dial another one.

  fluenced peer connect /ip4/127.0.0.1/tcp/7772/p2p/12D3KooW...`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := parseAddr(args[0])
			if err != nil {
				return err
			}
			c := httpapi.Contact{PeerID: to.ID.String()}
			for _, a := range to.Addrs {
				c.Addresses = append(c.Addresses, a.String())
			}
			if err := ask(cmd, http.MethodPost, "/connect", c, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "connected to", c.PeerID)
			return err
		},
	}
}

// parseAddr reads a multiaddr that ends in /p2p/ID.
func parseAddr(text string) (libp2ppeer.AddrInfo, error) {
	info, err := libp2ppeer.AddrInfoFromString(text)
	if err != nil {
		return libp2ppeer.AddrInfo{}, term.Usage("write it like /ip4/127.0.0.1/tcp/9999/ws/p2p/12D3KooW...; fluenced peer info shows those of a peer", "%q is not the address of a peer", text)
	}
	return *info, nil
}

// ask makes a request on the control socket of the peer in --home.
func ask(cmd *cobra.Command, method, path string, in, out any) error {
	dir, err := folder(cmd)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://peer"+path, &body)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, core.ControlFile))
	}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return term.Hint(errors.New("no peer answers in "+dir), "start it with fluenced peer start or fluenced start, or name its folder with --home")
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var refused struct{ Error string }
		if json.Unmarshal(raw, &refused) == nil && refused.Error != "" {
			return errors.New(refused.Error)
		}
		return fmt.Errorf("peer answered %s", res.Status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}
