// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/cmd/fluenced/front"
)

// innerSocket is where CometBFT's own RPC listens, beside the socket of the home.
func (n *node) innerSocket() string { return filepath.Join(filepath.Dir(n.socket), "inner.sock") }

// runFront serves CometBFT's RPC behind package front, on rpc.laddr and on the
// home's socket.
func (n *node) runFront(ctx context.Context, ready func()) error {
	rpc := n.settings.Comet.RPC
	cfg := front.Config{Inner: n.innerSocket(), MaxBodyBytes: rpc.MaxBodyBytes, MaxBatch: rpc.MaxRequestBatchSize}
	if err := os.Remove(n.socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	local, err := net.Listen("unix", n.socket)
	if err != nil {
		return fmt.Errorf("socket of the peer: %w", err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return front.New(cfg).Serve(gctx, local) })
	if rpc.ListenAddress != "" {
		if rpc.IsTLSEnabled() {
			cert, err := tls.LoadX509KeyPair(rpc.CertFile(), rpc.KeyFile())
			if err != nil {
				_ = local.Close()
				return fmt.Errorf("rpc.tls_cert_file: %w", err)
			}
			cfg.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		}
		proto, addr, ok := strings.Cut(rpc.ListenAddress, "://")
		if !ok {
			proto, addr = "tcp", rpc.ListenAddress
		}
		ln, err := net.Listen(proto, addr)
		if err != nil {
			_ = local.Close()
			return fmt.Errorf("rpc.laddr: %w", err)
		}
		if rpc.MaxOpenConnections > 0 {
			ln = netutil.LimitListener(ln, rpc.MaxOpenConnections)
		}
		g.Go(func() error { return front.New(cfg).Serve(gctx, ln) })
	}
	ready()
	return g.Wait()
}
