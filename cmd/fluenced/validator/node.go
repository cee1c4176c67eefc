// SPDX-License-Identifier: Apache-2.0

// Package validator runs a validator's chain in this process: the application under
// CometBFT, and the servers through which it is asked. It is a list of services
// that start in order and stop in reverse; it reads the home's files and writes
// nothing outside the home.
package validator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"cosmossdk.io/log/v2"
	cmtcfg "github.com/cometbft/cometbft/config"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/telemetry"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	evmservertypes "github.com/cosmos/evm/server/types"
	"github.com/rs/zerolog"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/internal/inorder"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// node is what the services share. Each field is set by the service that owns it
// before the next one starts.
type node struct {
	settings *home.Settings
	logger   log.Logger
	server   *server.Context // the form in which the SDK's servers want their settings
	client   client.Context
	chainID  string

	app     *app.App
	comet   *cmtnode.Node
	indexer evmservertypes.EVMTxIndexer // nil when off
	socket  string                      // where CometBFT's own RPC listens
}

// Run runs the node of the home until ctx ends or a service fails. It logs to out
// and calls ready when blocks can be made and every server answers.
//
// Errors: those of home.Load and Check, and of the services.
func Run(ctx context.Context, dir home.Dir, out io.Writer, ready func()) error {
	settings, err := home.Load(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir.Join("data", "application.db")); errors.Is(err, fs.ErrNotExist) {
		// the first start: later ones no longer read the state in genesis
		if _, err := network.CheckGenesis(dir.Genesis()); err != nil {
			return err
		}
	}
	unlock, err := Check(settings)
	if err != nil {
		return err
	}
	defer unlock()
	n, err := newNode(settings, out)
	if err != nil {
		return err
	}
	stopTelemetry, err := startTelemetry(ctx, settings)
	if err != nil {
		return err
	}
	defer stopTelemetry()
	return inorder.Run(ctx, append(n.services(), inorder.Unit{Run: func(ctx context.Context, started func()) error {
		started()
		ready()
		<-ctx.Done()
		return nil
	}})...)
}

// services lists everything that runs, in the order in which it starts.
func (n *node) services() []inorder.Unit {
	units := []inorder.Unit{
		{Name: "verifier", Run: n.runVerifier},
		{Name: "application", Run: n.runApp},
		{Name: "self-test", Run: n.runSelfTest(knownHashes)},
		{Name: "comet", Run: n.runComet},
		{Name: "rpc", Run: n.runFront},
	}
	cfg := n.settings.App
	if cfg.JSONRPC.EnableIndexer {
		units = append(units, inorder.Unit{Name: "evm indexer", Run: n.runIndexer})
	}
	if cfg.GRPC.Enable || cfg.API.Enable {
		units = append(units, inorder.Unit{Name: "grpc and rest", Run: n.runQueries})
	}
	if cfg.JSONRPC.Enable {
		units = append(units, inorder.Unit{Name: "json-rpc", Run: n.runJSONRPC})
	}
	return units
}

func newNode(s *home.Settings, out io.Writer) (*node, error) {
	logger, err := newLogger(s, out)
	if err != nil {
		return nil, err
	}
	sctx := server.NewContext(s.Values, s.Comet, logger)
	e := app.Encoding()
	cctx := client.Context{}.
		WithCodec(e.Codec).WithInterfaceRegistry(e.InterfaceRegistry).
		WithTxConfig(e.TxConfig).WithLegacyAmino(e.Amino).
		WithAccountRetriever(authtypes.AccountRetriever{}). // eth_getTransactionCount asks it
		WithHomeDir(string(s.Home)).WithChainID(s.Values.GetString("chain-id")).
		WithViper("")
	return &node{settings: s, logger: logger, server: sctx, client: cctx, chainID: cctx.ChainID, socket: s.Home.Socket()}, nil
}

// startTelemetry reads config/otel.yaml, if there is one, and returns what flushes
// the exporters it names.
func startTelemetry(ctx context.Context, s *home.Settings) (func(), error) {
	if err := telemetry.InitializeOpenTelemetry(s.Home.Join("config", telemetry.OtelFileName)); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Home.Join("config", telemetry.OtelFileName), err)
	}
	return func() { _ = telemetry.Shutdown(context.WithoutCancel(ctx)) }, nil
}

// newLogger returns a logger to out at log_level, as text or JSON by log_format.
func newLogger(s *home.Settings, out io.Writer) (log.Logger, error) {
	opts := []log.Option{log.ColorOption(false), log.TimeFormatOption(time.RFC3339)}
	if s.Comet.LogFormat == cmtcfg.LogFormatJSON {
		opts = append(opts, log.OutputJSONOption())
	}
	if level, err := zerolog.ParseLevel(s.Comet.LogLevel); err == nil {
		return log.NewLogger(out, append(opts, log.LevelOption(level))...), nil
	}
	filter, err := log.ParseLogLevel(s.Comet.LogLevel)
	if err != nil {
		return nil, term.Hint(fmt.Errorf("%s: log_level: %w", s.Home.Comet(), err),
			"write a level (debug, info, error) or levels by module: consensus:debug,*:error")
	}
	return log.NewLogger(out, append(opts, log.FilterOption(filter))...), nil
}
