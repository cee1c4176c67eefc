// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"errors"
	"fmt"

	rpcclient "github.com/cometbft/cometbft/rpc/client"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	servercmtlog "github.com/cosmos/cosmos-sdk/server/log"
	"github.com/cosmos/evm/indexer"
	evmmempool "github.com/cosmos/evm/mempool"
	"github.com/cosmos/evm/rpc/backend"
	evmserver "github.com/cosmos/evm/server"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// shareClient lets the mempool broadcast through the running chain.
func (n *node) shareClient() {
	if m, ok := n.app.GetMempool().(*evmmempool.Mempool); ok && m != nil {
		m.SetClientCtx(n.client)
	}
}

// runIndexer keeps the index from Ethereum transaction hashes to blocks.
func (n *node) runIndexer(ctx context.Context, ready func()) (err error) {
	db, err := dbm.NewDB("evmindexer", server.GetAppDBBackend(n.settings.Values), n.settings.Home.Join("data"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	logger := n.logger.With("indexer", "evm")
	n.indexer = indexer.NewKVIndexer(db, logger, n.client)
	svc := evmserver.NewEVMIndexerService(n.indexer, n.client.Client.(rpcclient.Client))
	svc.SetLogger(servercmtlog.CometLoggerWrapper{Logger: logger})
	failed := make(chan error, 1)
	// Upstream's service has no way out of its loop: the goroutine ends with the process.
	go func() { failed <- svc.Start() }()
	ready()
	select {
	case <-ctx.Done():
		return svc.Stop()
	case err := <-failed:
		return err
	}
}

// runQueries serves the modules' queries as gRPC and REST.
func (n *node) runQueries(ctx context.Context, ready func()) error {
	cfg := n.settings.App.Config
	g, gctx := errgroup.WithContext(ctx)
	srv, cctx, err := server.StartGrpcServer(gctx, g, cfg.GRPC, n.client, n.server, n.app)
	if err != nil {
		return err
	}
	n.client = cctx
	if cfg.API.Enable {
		n.startREST(gctx, g, srv)
	}
	ready()
	return g.Wait()
}

func (n *node) startREST(ctx context.Context, g *errgroup.Group, srv *grpc.Server) {
	rest := api.New(n.client, n.logger.With("server", "api"), srv)
	n.app.RegisterAPIRoutes(rest, n.settings.App.API)
	g.Go(func() error { return rest.Start(ctx, n.settings.App.Config) })
}

// runJSONRPC serves Ethereum's JSON-RPC over HTTP and WebSocket.
func (n *node) runJSONRPC(ctx context.Context, ready func()) error {
	pool, ok := n.app.GetMempool().(backend.Mempool)
	if !ok {
		return fmt.Errorf("mempool %T cannot serve JSON-RPC", n.app.GetMempool())
	}
	g, gctx := errgroup.WithContext(ctx)
	cfg := n.settings.App
	if _, err := evmserver.StartJSONRPC(gctx, n.server, n.client, g, &cfg, n.indexer, n.app, pool); err != nil {
		return err
	}
	ready()
	return g.Wait()
}
