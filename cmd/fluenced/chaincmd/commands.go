// SPDX-License-Identifier: Apache-2.0

package chaincmd

import (
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/rpc"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/version"
	authcmd "github.com/cosmos/cosmos-sdk/x/auth/client/cli"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"
	evmclient "github.com/cosmos/evm/client"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
)

// Keys returns the command that manages the keys of accounts. New keys are
// eth_secp256k1: one key is one account to Cosmos and to Ethereum tools.
func Keys() *cobra.Command {
	name()
	cmd := evmclient.KeyCommands(home.Default(), true)
	cmd.PersistentFlags().Bool(flagJSON, false, "print JSON, the same as --output json")
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		_, err := prepare(cmd)
		return err
	}
	return cmd
}

// Query returns the command that reads the chain.
func Query() *cobra.Command {
	name()
	cmd := group("query", "q")
	cmd.PersistentFlags().String(flags.FlagChainID, "", "name of the network (default from client.toml)")
	cmd.AddCommand(
		rpc.WaitTxCmd(),
		rpc.ValidatorCommand(),
		authcmd.QueryTxsByEventsCmd(),
		authcmd.QueryTxCmd(),
		server.QueryBlockCmd(),
		server.QueryBlocksCmd(),
		server.QueryBlockResultsCmd(),
	)
	return generated(cmd, "query")
}

// Tx returns the command that signs and sends transactions. It fails, with exit
// code 1, when the validator refuses the transaction.
func Tx() *cobra.Command {
	name()
	cmd := group("tx")
	cmd.PersistentFlags().String(flags.FlagChainID, "", "name of the network (default from client.toml)")
	cmd.AddCommand(
		authcmd.GetSignCommand(),
		authcmd.GetSignBatchCommand(),
		authcmd.GetMultiSignCommand(),
		authcmd.GetMultiSignBatchCmd(),
		authcmd.GetValidateSignaturesCommand(),
		authcmd.GetBroadcastCommand(),
		authcmd.GetEncodeCommand(),
		authcmd.GetDecodeCommand(),
		authcmd.GetSimulateCmd(),
	)
	return verdicts(generated(cmd, "tx"))
}

// generated adds to cmd, which is "query" or "tx", what the modules describe.
func generated(cmd *cobra.Command, use string) *cobra.Command {
	a, err := bare()
	if err == nil {
		defer func() { _ = a.Close() }()
		root, other := &cobra.Command{}, &cobra.Command{Use: map[string]string{"query": "tx", "tx": "query"}[use]}
		root.AddCommand(cmd, other)
		e := a.Encoding()
		opts := a.AutoCLI()
		opts.ClientCtx = opts.ClientCtx.WithCodec(e.Codec).WithInterfaceRegistry(e.InterfaceRegistry).WithTxConfig(e.TxConfig)
		err = opts.EnhanceRootCommand(root)
		root.RemoveCommand(cmd)
	}
	if err != nil {
		cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return err }
	}
	return cmd
}

// Genesis returns the command that prepares the first state of a network.
func Genesis() *cobra.Command {
	name()
	e := app.Encoding()
	cmd := genutilcli.Commands(e.TxConfig, app.ModuleBasics(), home.Default())
	cmd.PersistentFlags().Bool(flagJSON, false, "print JSON, the same as --output json")
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		_, err := prepare(cmd)
		return err
	}
	for _, sub := range cmd.Commands() {
		if sub.Name() == "validate" || sub.Name() == "validate-genesis" || sub.Name() == "migrate" {
			cmd.RemoveCommand(sub)
		}
	}
	cmd.AddCommand(validateCommand())
	return cmd
}

// name makes the SDK's examples show this program. The SDK keeps it in a variable
// that its own makefiles have the linker set.
func name() {
	version.Name, version.AppName = "fluence", app.AppName
	params.SetSDKConfig()
}
