// SPDX-License-Identifier: Apache-2.0

package deal

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query deal … and
// fluenced tx deal …. People use fluenced deal; see cmd/fluenced/deal.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	args := func(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
		for _, f := range fields {
			out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
		}
		return out
	}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.deal.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params"},
				{RpcMethod: "Deal", Use: "show DEAL", Short: "Show a deal", PositionalArgs: args("deal_id")},
				{RpcMethod: "Deals", Use: "list", Short: "List all deals"},
				{RpcMethod: "DealsByOwner", Use: "by-owner ACCOUNT", Short: "List the deals of an account", PositionalArgs: args("owner")},
				{RpcMethod: "DealsByPeer", Use: "by-peer PEER", Short: "List the workers of a peer with their deals", PositionalArgs: args("peer_id")},
				{RpcMethod: "Workers", Use: "workers DEAL", Short: "List the workers of a deal", PositionalArgs: args("deal_id")},
				{RpcMethod: "MatchCandidates", Use: "candidates DEAL", Short: "List what a deal could be matched with", PositionalArgs: args("deal_id")},
				{RpcMethod: "Balance", Use: "balance DEAL", Short: "Show the money of a deal", PositionalArgs: args("deal_id")},
				{RpcMethod: "Rewards", Use: "rewards DEAL", Short: "Show what the workers of a deal may withdraw", PositionalArgs: args("deal_id")},
				{RpcMethod: "Grants", Use: "grants ACCOUNT", Short: "List what others may deposit for an account", PositionalArgs: args("grantee")},
				{RpcMethod: "NextDealId", Use: "next-id ACCOUNT", Short: "Show the id of an account's next deal", PositionalArgs: args("owner")},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.deal.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "CreateDeal", Use: "create TERMS", Short: "Create a deal; TERMS in JSON", PositionalArgs: args("terms")},
				{RpcMethod: "FundDeal", Use: "fund DEAL AMOUNT", Short: "Pay into a deal", PositionalArgs: args("deal_id", "amount")},
				{RpcMethod: "WithdrawDeal", Use: "withdraw DEAL AMOUNT", Short: "Take back what a deal does not need", PositionalArgs: args("deal_id", "amount")},
				{RpcMethod: "MatchDeal", Use: "match DEAL", Short: "Take units for a deal", PositionalArgs: args("deal_id")},
				{RpcMethod: "ActivateWorker", Use: "activate-worker DEAL WORKER KEY SIGNATURE", Short: "Name the key of a worker", PositionalArgs: args("deal_id", "worker_id", "peer_key", "signature")},
				{RpcMethod: "RemoveWorker", Use: "remove-worker DEAL WORKER", Short: "End a worker", PositionalArgs: args("deal_id", "worker_id")},
				{RpcMethod: "RemoveStaleWorker", Use: "remove-stale-worker DEAL WORKER", Short: "End a worker that nobody needs to wait for", PositionalArgs: args("deal_id", "worker_id")},
				{RpcMethod: "StopDeal", Use: "stop DEAL", Short: "End a deal", PositionalArgs: args("deal_id")},
				{RpcMethod: "SetAppCID", Use: "set-app DEAL CID", Short: "Change the app", PositionalArgs: args("deal_id", "app_cid")},
				{RpcMethod: "SetAccess", Use: "set-access DEAL", Short: "Replace the access list", PositionalArgs: args("deal_id")},
				{RpcMethod: "SetStandingOrder", Use: "set-standing-order DEAL ORDER", Short: "Set or withdraw a standing order; ORDER in JSON", PositionalArgs: args("deal_id", "standing_order")},
				{RpcMethod: "SetAutoTopUp", Use: "set-auto-top-up DEAL TOPUP", Short: "Set or withdraw the automatic top-up; TOPUP in JSON", PositionalArgs: args("deal_id", "auto_top_up")},
				{RpcMethod: "GrantDeposit", Use: "grant-deposit ACCOUNT LIMIT", Short: "Let an account deposit your money into its deals", PositionalArgs: args("grantee", "limit")},
				{RpcMethod: "RevokeDeposit", Use: "revoke-deposit ACCOUNT DENOM", Short: "Take a grant back", PositionalArgs: args("grantee", "denom")},
				{RpcMethod: "WithdrawRewards", Use: "withdraw-rewards DEAL WORKER...", Short: "Pay out what workers have earned", PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "deal_id"}, {ProtoField: "worker_ids", Varargs: true}}},
				{RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true, Short: "Propose new params", PositionalArgs: args("params")},
			},
		},
	}
}
