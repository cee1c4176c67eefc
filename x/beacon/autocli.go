// SPDX-License-Identifier: Apache-2.0

package beacon

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query beacon … and
// fluenced tx beacon ….
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	args := func(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
		for _, f := range fields {
			out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.beacon.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params from the next epoch on"},
				{RpcMethod: "Beacon", Use: "value EPOCH", Short: "Show the value of an epoch; 0 for the latest", Example: "fluenced query beacon value 0", PositionalArgs: args("epoch")},
				{RpcMethod: "Nonce", Use: "nonce EPOCH", Short: "Show the global nonce of an epoch; 0 for the running one", Example: "fluenced query beacon nonce 0", PositionalArgs: args("epoch")},
				{RpcMethod: "Window", Use: "window", Short: "Show how the running epoch's value comes along"},
				{RpcMethod: "Key", Use: "key OPERATOR", Short: "Show the VRF key of a validator", PositionalArgs: args("operator")},
				{RpcMethod: "Keys", Use: "keys", Short: "List the VRF keys of all validators"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.beacon.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{
					RpcMethod: "RegisterKey", Use: "register-key KEY PROOF",
					Short:          "Register or rotate the VRF key of a validator; counts from the second epoch after this one",
					Long:           "KEY and PROOF, in base64, are what fluenced node vrf OPERATOR shows on the validator's machine.",
					PositionalArgs: args("key", "proof"),
				},
				{
					RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true,
					Short:          "Propose new params, in force from the epoch after the vote",
					Example:        `fluenced tx beacon update-params-proposal '{"window": 32, "min_outputs": 16, "history": "1000"}' --from dao`,
					PositionalArgs: args("params"),
				},
			},
		},
	}
}
