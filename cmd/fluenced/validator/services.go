// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/rpc/client/local"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/server"
	servercmtlog "github.com/cosmos/cosmos-sdk/server/log"
	evmserver "github.com/cosmos/evm/server"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// runApp opens the state and the application over it.
func (n *node) runApp(ctx context.Context, ready func()) error {
	db, err := OpenState(n.settings)
	if err != nil {
		return err
	}
	key, err := vrfKey(n.settings, n.log().Info)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	if key != nil {
		n.settings.Values.Set(app.OptionVRFKey, key)
	}
	evmserver.SetEVMLogger(evmserver.NewSlogFromCosmosLogger(n.logger.With("module", "evm"), n.settings.Comet.LogLevel))
	n.app, err = app.Open(n.logger, db, true, n.settings.Values, server.DefaultBaseappOptions(n.settings.Values)...)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	ready()
	<-ctx.Done()
	return n.app.Close() // closes db too
}

// OpenState opens the database of the application's state. One process may have it
// open at a time.
func OpenState(s *home.Settings) (dbm.DB, error) {
	db, err := dbm.NewDB("application", server.GetAppDBBackend(s.Values), s.Home.Join("data"))
	if err != nil {
		return nil, term.Hint(fmt.Errorf("open state in %s: %w", s.Home.Join("data"), err),
			"stop the validator that runs on this home; if none runs, restore data/ from a copy or sync it anew")
	}
	return db, nil
}

// runComet runs consensus in this process and waits until it has handed its RPC out.
func (n *node) runComet(ctx context.Context, ready func()) error {
	cfg := *n.settings.Comet
	rpc := *cfg.RPC
	cfg.RPC = &rpc
	// CometBFT's own RPC stays behind the front.
	sock := n.innerSocket()
	if err := os.MkdirAll(filepath.Dir(sock), 0o700); err != nil {
		return err
	}
	if err := os.Remove(sock); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	rpc.ListenAddress, rpc.TLSCertFile, rpc.TLSKeyFile = "unix://"+sock, "", ""

	nodeKey, err := p2p.LoadNodeKey(cfg.NodeKeyFile())
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	n.comet, err = cmtnode.NewNodeWithContext(ctx, &cfg,
		privval.LoadFilePV(cfg.PrivValidatorKeyFile(), cfg.PrivValidatorStateFile()), nodeKey,
		proxy.NewLocalClientCreator(server.NewCometABCIWrapper(n.app)),
		func() (*cmttypes.GenesisDoc, error) { return genesisDoc(n.settings.Home) },
		cmtcfg.DefaultDBProvider, cmtnode.DefaultMetricsProvider(cfg.Instrumentation),
		listener{servercmtlog.CometLoggerWrapper{Logger: n.logger.With("server", "node")}, failed})
	if err != nil {
		return explain(n.settings, err)
	}
	if err := n.comet.Start(); err != nil {
		return explain(n.settings, err)
	}
	n.shareComet()
	ready()
	var ended error
	select {
	case <-ctx.Done():
	case ended = <-failed:
	case <-n.comet.Quit():
		return errors.New("consensus stopped by itself")
	}
	err = n.comet.Stop()
	n.comet.Wait()
	return errors.Join(ended, err)
}

// shareComet gives the application and the servers a client to the running chain.
func (n *node) shareComet() {
	if m, ok := n.app.GetMempool().(interface{ SetEventBus(*cmttypes.EventBus) }); ok {
		m.SetEventBus(n.comet.EventBus())
	}
	n.client = n.client.WithClient(local.New(n.comet))
	n.app.RegisterTxService(n.client)
	n.app.RegisterTendermintService(n.client)
	n.app.RegisterNodeService(n.client, n.settings.App.Config)
	n.shareClient()
}

func genesisDoc(d home.Dir) (*cmttypes.GenesisDoc, error) {
	g, err := home.ReadGenesis(d.Genesis())
	if err != nil {
		return nil, err
	}
	return g.ToGenesisDoc()
}

// explain adds what to do to the start errors people meet.
func explain(s *home.Settings, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "genesis doc hash in db does not match"):
		return term.Hint(fmt.Errorf("the data in %s belongs to another network than %s", s.Home.Join("data"), s.Home.Genesis()),
			"put back the genesis this home was started with, or begin with a new home: fluenced init NAME --home DIR")
	case strings.Contains(text, "address already in use"):
		return term.Hint(err, "stop the program that holds the address, or change it in %s", s.Home.Comet())
	case strings.Contains(text, "no space left on device"):
		return term.Hint(err, "free space on the disk of %s; nothing was lost", s.Home)
	}
	return err
}
