// SPDX-License-Identifier: Apache-2.0

package trust

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query trust … and
// fluenced tx trust ….
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	args := func(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
		for _, f := range fields {
			out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.trust.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params"},
				{RpcMethod: "Revocation", Use: "revocation REVOKED REVOKED_BY", Short: "Show whether a peer revoked another", PositionalArgs: args("revoked", "revoked_by")},
				{RpcMethod: "Revocations", Use: "revocations REVOKED", Short: "List who revoked a peer", PositionalArgs: args("revoked")},
				{RpcMethod: "Binding", Use: "binding PEER", Short: "Show the wallet of a peer", PositionalArgs: args("peer")},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.trust.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Revoke", Use: "revoke REVOKED REVOKED_BY REVOKED_AT SIGNATURE", Short: "Record a signed revocation; keys and signature in base64 of the official form", PositionalArgs: args("revoked", "revoked_by", "revoked_at", "signature")},
				{RpcMethod: "AnchorTrust", Use: "anchor ISSUED_FOR ISSUED_BY ISSUED_AT EXPIRES_AT SIGNATURE", Short: "Undo a revocation by a newer signed trust", PositionalArgs: args("issued_for", "issued_by", "issued_at", "expires_at", "signature")},
				{RpcMethod: "BindPeer", Use: "bind-peer PEER_KEY SIGNATURE", Short: "Join this wallet and a peer key that signed for it", PositionalArgs: args("peer_key", "signature")},
				{RpcMethod: "UnbindPeer", Use: "unbind-peer PEER_KEY", Short: "Part this wallet and a peer key", PositionalArgs: args("peer_key")},
				{
					RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true,
					Short:          "Propose new params",
					PositionalArgs: args("params"),
				},
			},
		},
	}
}
