// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query capacity … and
// fluenced tx capacity ….
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{Service: "fluence.capacity.v1.Query", RpcCommandOptions: queryCommands()},
		Tx:    &autocliv1.ServiceCommandDescriptor{Service: "fluence.capacity.v1.Msg", RpcCommandOptions: txCommands()},
	}
}

func args(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
	for _, f := range fields {
		out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
	}
	return out
}

func queryCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{RpcMethod: "Params", Use: "params", Short: "Show the params in force and those of the next epoch"},
		{RpcMethod: "EpochParams", Use: "epoch-params EPOCH", Short: "Show the rules of proofs in one epoch", PositionalArgs: args("epoch")},
		{RpcMethod: "Commitment", Use: "commitment ID", Short: "Show a commitment as it stands now", PositionalArgs: args("id")},
		{RpcMethod: "PeerCommitment", Use: "peer-commitment PEER", Short: "Show the commitment of a peer, given by its id in hexadecimal", PositionalArgs: args("peer")},
		{RpcMethod: "Commitments", Use: "commitments", Short: "List commitments, of one provider (--provider), one delegator (--delegator) or all"},
		{RpcMethod: "Units", Use: "units ID", Short: "List the units of a commitment with their proofs and failures", PositionalArgs: args("id")},
		{RpcMethod: "Rewards", Use: "rewards ID", Short: "Show the reward of a commitment and how it is shared", PositionalArgs: args("id")},
		{RpcMethod: "Pool", Use: "pool", Short: "Show the reward pool of this epoch and the coins behind it"},
		{RpcMethod: "Epoch", Use: "epoch EPOCH", Short: "Show what an epoch was worth", PositionalArgs: args("epoch")},
		{RpcMethod: "Price", Use: "price", Short: "Show the price of FLT and the reports that make the next one"},
		{RpcMethod: "Queue", Use: "queue", Short: "Show the queue of proofs that wait for verdicts"},
		{RpcMethod: "PeerProofs", Use: "peer-proofs PEER EPOCH", Short: "Show what a peer committed to in an epoch", PositionalArgs: args("peer", "epoch")},
	}
}

func txCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{RpcMethod: "CreateCommitment", Use: "create-commitment PEER_ID DURATION REWARD_RATE", Short: "Pledge all units of a peer", PositionalArgs: args("peer_id", "duration", "reward_rate")},
		{RpcMethod: "RemoveCommitment", Use: "remove-commitment COMMITMENT_ID", Short: "Delete a pledge that waits for its collateral", PositionalArgs: args("commitment_id")},
		{RpcMethod: "DepositCollateral", Use: "deposit-collateral MAX_AMOUNT", Short: "Pay for the pledges named by --commitment-ids", PositionalArgs: args("max_amount")},
		{RpcMethod: "ExitUnits", Use: "exit-units COMMITMENT_ID", Short: "Take the units named by --unit-ids out of an ended commitment", PositionalArgs: args("commitment_id")},
		{RpcMethod: "FinishCommitment", Use: "finish-commitment COMMITMENT_ID", Short: "Close an ended commitment whose units have all left", PositionalArgs: args("commitment_id")},
		{RpcMethod: "WithdrawCollateral", Use: "withdraw-collateral COMMITMENT_ID", Short: "Pay back what was not slashed", PositionalArgs: args("commitment_id")},
		{RpcMethod: "WithdrawReward", Use: "withdraw-reward COMMITMENT_ID", Short: "Pay what is unlocked to provider and delegator", PositionalArgs: args("commitment_id")},
		{RpcMethod: "FundRewardPool", Use: "fund-reward-pool AMOUNT", Short: "Give coins from which rewards are paid", PositionalArgs: args("amount")},
		{RpcMethod: "SetPrice", Use: "set-price PRICE", Short: "Report the price of one FLT in USD, scaled by 10000000", PositionalArgs: args("price")},
		{RpcMethod: "SubmitProofs", Skip: true},
		{RpcMethod: "CommitProofs", Skip: true},
		{RpcMethod: "OpenProofs", Skip: true},
		{RpcMethod: "ChallengeLeaf", Skip: true},
		{
			RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true,
			Short:          "Propose new params, in force from the epoch after the vote",
			Long:           "Submits a governance proposal that replaces all params; see fluenced query capacity params for their form.",
			PositionalArgs: args("params"),
		},
	}
}
