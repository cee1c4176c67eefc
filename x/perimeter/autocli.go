// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query perimeter … and
// fluenced tx perimeter …. Policies are easier to set with fluenced perimeter.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	args := func(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
		for _, f := range fields {
			out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.perimeter.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params"},
				{RpcMethod: "Perimeter", Use: "perimeter ID", Short: "Show a version, by default the current one, and its policy", PositionalArgs: args("id")},
				{RpcMethod: "Perimeters", Use: "perimeters", Short: "List all perimeters"},
				{RpcMethod: "Members", Use: "members ID", Short: "List members and proposals of a perimeter", PositionalArgs: args("id")},
				{RpcMethod: "Policy", Use: "policy ID NUMBER", Short: "Show a policy by its number", PositionalArgs: args("id", "number")},
				{RpcMethod: "Of", Use: "of SUBJECT", Short: "List the memberships of a peer id, or of a deal id", PositionalArgs: args("subject")},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.perimeter.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Create", Use: "create NONCE LABEL POLICY", Short: "Begin a perimeter with a policy as JSON", PositionalArgs: args("nonce", "label", "policy")},
				{RpcMethod: "ProposeMembers", Use: "propose PERIMETER PROPOSAL…", Short: "Offer memberships, each as JSON", PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "perimeter"}, {ProtoField: "proposals", Varargs: true}}},
				{RpcMethod: "AcceptMembership", Use: "accept PERIMETER SUBJECT SERVICE POLICY", Short: "Make a service a member under a policy", PositionalArgs: args("perimeter", "subject", "service", "policy")},
				{RpcMethod: "LeaveMembership", Use: "leave PERIMETER SUBJECT SERVICE", Short: "End a membership of an own peer or deal", PositionalArgs: args("perimeter", "subject", "service")},
				{RpcMethod: "RemoveMembers", Use: "remove PERIMETER MEMBER…", Short: "End memberships of an own perimeter, each as JSON", PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "perimeter"}, {ProtoField: "members", Varargs: true}}},
				{RpcMethod: "SetRules", Use: "set-rules PERIMETER", Short: "Replace rules, transparent functions and the bound of TTL", PositionalArgs: args("perimeter")},
				{RpcMethod: "SetRoots", Use: "set-roots PERIMETER", Short: "Replace the roots", PositionalArgs: args("perimeter")},
				{RpcMethod: "SetScripts", Use: "set-scripts PERIMETER SCRIPTS", Short: "Replace the admitted scripts", PositionalArgs: args("perimeter", "scripts")},
				{RpcMethod: "SetBackends", Use: "set-backends PERIMETER", Short: "Replace the backends", PositionalArgs: args("perimeter")},
				{RpcMethod: "Freeze", Use: "freeze PERIMETER", Short: "Refuse every call", PositionalArgs: args("perimeter")},
				{RpcMethod: "Unfreeze", Use: "unfreeze PERIMETER", Short: "End a freeze", PositionalArgs: args("perimeter")},
				{RpcMethod: "TransferOwnership", Use: "transfer PERIMETER NEXT_OWNER", Short: "Offer the perimeter to another account", PositionalArgs: args("perimeter", "next_owner")},
				{RpcMethod: "AcceptOwnership", Use: "accept-ownership PERIMETER", Short: "Take an offered perimeter", PositionalArgs: args("perimeter")},
				{RpcMethod: "Dissolve", Use: "dissolve PERIMETER", Short: "End the perimeter for good", PositionalArgs: args("perimeter")},
				{
					RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true,
					Short:          "Propose new params",
					PositionalArgs: args("params"),
				},
			},
		},
	}
}
