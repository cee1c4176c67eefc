// SPDX-License-Identifier: Apache-2.0

// Package chaincmd holds the commands with which people use the chain: keys, tx,
// query, status, genesis, export. Most of each tree is generated from the modules;
// this package gives them their home, their validator and their exit codes.
package chaincmd

import (
	"context"

	"cosmossdk.io/log/v2"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/evm/crypto/hd"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// flagJSON is the flag by which every reading command prints JSON.
const flagJSON = "json"

// prepare puts what the SDK's commands look for into cmd's context: codecs, the
// home's client.toml, a keyring, a client of the validator. It writes no file.
func prepare(cmd *cobra.Command) (client.Context, error) {
	dir, err := cmd.Flags().GetString(flags.FlagHome)
	if err != nil {
		return client.Context{}, err
	}
	if err := wantJSON(cmd); err != nil {
		return client.Context{}, err
	}
	conf, err := home.LoadClient(home.Dir(dir))
	if err != nil {
		return client.Context{}, err
	}
	e := app.Encoding()
	ctx := client.Context{}.
		WithCodec(e.Codec).WithInterfaceRegistry(e.InterfaceRegistry).
		WithTxConfig(e.TxConfig).WithLegacyAmino(e.Amino).
		WithInput(cmd.InOrStdin()).WithOutput(cmd.OutOrStdout()).
		WithAccountRetriever(authtypes.AccountRetriever{}).
		WithKeyringOptions(hd.EthSecp256k1Option()).WithLedgerHasProtobuf(true).
		WithViper("").WithCmdContext(cmd.Context()).
		WithHomeDir(dir).WithKeyringDir(dir).
		WithKeyringDefaultKeyName(conf.KeyringDefaultKeyName).
		WithOutputFormat(conf.Output).WithBroadcastMode(conf.BroadcastMode).
		WithChainID(conf.ChainID)
	node := flagOr(cmd, flags.FlagNode, conf.Node)
	rpc, err := client.NewClientFromNode(node)
	if err != nil {
		return ctx, term.Usage("write it as tcp://HOST:PORT", "--node %s: %w", node, err)
	}
	ctx = ctx.WithNodeURI(node).WithClient(rpc)
	backend := flagOr(cmd, flags.FlagKeyringBackend, conf.KeyringBackend)
	kr, err := client.NewKeyringFromBackend(ctx.WithKeyringDir(flagOr(cmd, flags.FlagKeyringDir, dir)), backend)
	if err != nil {
		return ctx, term.Hint(err, "--keyring-backend is os, file or test; keyring-backend in client.toml sets it for good")
	}
	ctx = ctx.WithKeyring(kr)
	ctx, err = client.ReadPersistentCommandFlags(ctx, cmd.Flags())
	if err != nil {
		return ctx, err
	}
	sctx := server.NewDefaultContext()
	sctx.Config.SetRoot(dir)
	sctx.Viper.Set(flags.FlagHome, dir)
	ctx.Viper = sctx.Viper
	cmd.SetContext(context.WithValue(context.WithValue(cmd.Context(),
		client.ClientContextKey, &ctx), server.ServerContextKey, sctx))
	return ctx, nil
}

// flagOr returns the flag's value when it was given, else other.
func flagOr(cmd *cobra.Command, name, other string) string {
	if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
		return f.Value.String()
	}
	return other
}

// wantJSON makes --json the same as --output json.
func wantJSON(cmd *cobra.Command) error {
	if f := cmd.Flags().Lookup(flagJSON); f != nil && f.Value.String() == "true" && cmd.Flags().Lookup(flags.FlagOutput) != nil {
		return cmd.Flags().Set(flags.FlagOutput, flags.OutputFormatJSON)
	}
	return nil
}

// bare opens an application without state, from which commands are generated.
func bare() (*app.App, error) {
	v := viper.New()
	v.Set(flags.FlagChainID, params.ChainIDLocal)
	return app.Open(log.NewNopLogger(), dbm.NewMemDB(), false, v)
}

// group returns a command that only holds others.
func group(use string, aliases ...string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Aliases: aliases, SuggestionsMinimumDistance: 2, Args: cobra.ArbitraryArgs,
		RunE: client.ValidateCmd,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			_, err := prepare(cmd)
			return err
		},
	}
	cmd.PersistentFlags().Bool(flagJSON, false, "print JSON, the same as --output json")
	return cmd
}
