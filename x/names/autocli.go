// SPDX-License-Identifier: Apache-2.0

package names

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query names … and
// fluenced tx names ….
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	args := func(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
		for _, f := range fields {
			out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.names.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params"},
				{RpcMethod: "Resolve", Use: "resolve NAME", Short: "Show what a name stands for", PositionalArgs: args("name")},
				{RpcMethod: "Available", Use: "available NAME SECONDS", Short: "Show whether a name can be registered, and for how much", PositionalArgs: args("name", "seconds")},
				{RpcMethod: "Of", Use: "of ACCOUNT", Short: "List the names of an account", PositionalArgs: args("account")},
				{RpcMethod: "Reverse", Use: "reverse ACCOUNT", Short: "Show the name of an account", PositionalArgs: args("account")},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.names.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Commit", Use: "commit HASH", Short: "Announce a registration; fluenced name register does both steps", PositionalArgs: args("hash")},
				{RpcMethod: "Register", Use: "register NAME SALT SECONDS MAX_PRICE", Short: "Register a committed name", PositionalArgs: args("name", "salt", "seconds", "max_price")},
				{RpcMethod: "Renew", Use: "renew NAME SECONDS MAX_PRICE", Short: "Pay for a longer period", PositionalArgs: args("name", "seconds", "max_price")},
				{RpcMethod: "Transfer", Use: "transfer NAME NEXT_OWNER", Short: "Offer a name to another account", PositionalArgs: args("name", "next_owner")},
				{RpcMethod: "AcceptTransfer", Use: "accept-transfer NAME", Short: "Take an offered name", PositionalArgs: args("name")},
				{RpcMethod: "SetController", Use: "set-controller NAME CONTROLLER", Short: "Let another account set records", PositionalArgs: args("name", "controller")},
				{RpcMethod: "SetRecords", Use: "set-records NAME", Short: "Set and remove records", PositionalArgs: args("name")},
				{RpcMethod: "SetSubname", Use: "set-subname NAME TO", Short: "Make a name below an own one, or give it away", PositionalArgs: args("name", "to")},
				{RpcMethod: "RemoveSubname", Use: "remove-subname NAME", Short: "Remove a name below", PositionalArgs: args("name")},
				{RpcMethod: "SetPrimary", Use: "set-primary NAME", Short: "Set the name that this account is shown by", PositionalArgs: args("name")},
				{
					RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true,
					Short:          "Propose new params",
					PositionalArgs: args("params"),
				},
			},
		},
	}
}
