// SPDX-License-Identifier: Apache-2.0

package epoch

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query epoch … and
// fluenced tx epoch ….
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.epoch.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params in force and those of the next epoch"},
				{RpcMethod: "Current", Use: "current", Short: "Show the running epoch"},
				{
					RpcMethod: "Epoch", Use: "show NUMBER", Short: "Show one epoch that has begun", Example: "fluenced query epoch show 7",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "number"}},
				},
				{RpcMethod: "Voids", Use: "voids", Short: "List the void epochs as ranges"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.epoch.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{{
				RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true,
				Short:          "Propose new params, in force from the epoch after the vote",
				Long:           "Submits a governance proposal that replaces all params; see fluenced query epoch params for their form.",
				Example:        `fluenced tx epoch update-params-proposal '{"duration": "60s", "min_blocks": 3}' --from dao`,
				PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "params"}},
			}},
		},
	}
}
