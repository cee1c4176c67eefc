// SPDX-License-Identifier: Apache-2.0

package market

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands: fluenced query market … and
// fluenced tx market …. Messages with peers are easier by fluenced provider.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "fluence.market.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the params"},
				{RpcMethod: "Provider", Use: "provider ADDRESS", Short: "Show a provider", PositionalArgs: args("address")},
				{RpcMethod: "Providers", Use: "providers", Short: "List the providers"},
				{RpcMethod: "Approved", Use: "approved", Short: "List the accounts on the whitelist"},
				{RpcMethod: "Auditors", Use: "auditors", Short: "List the auditors"},
				{RpcMethod: "Attributes", Use: "attributes PROVIDER", Short: "List what auditors say of a provider", PositionalArgs: args("provider")},
				{RpcMethod: "Offer", Use: "offer OFFER", Short: "Show an offer", PositionalArgs: args("offer_id")},
				{RpcMethod: "Offers", Use: "offers", Short: "List offers, with --provider or --resource-id fewer"},
				{RpcMethod: "Peer", Use: "peer PEER", Short: "Show a compute peer", PositionalArgs: args("peer_id")},
				{RpcMethod: "Peers", Use: "peers", Short: "List compute peers, with --offer-id fewer"},
				{RpcMethod: "Unit", Use: "unit UNIT", Short: "Show a compute unit", PositionalArgs: args("unit_id")},
				{RpcMethod: "Units", Use: "units PEER", Short: "List the compute units of a peer", PositionalArgs: args("peer_id")},
				{RpcMethod: "Resources", Use: "resources", Short: "List the kinds of resources"},
				{RpcMethod: "DataCenters", Use: "data-centers", Short: "List the data centers"},
				{RpcMethod: "Effectors", Use: "effectors", Short: "List what is said of effectors"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service:           "fluence.market.v1.Msg",
			RpcCommandOptions: append(providerCommands(), authorityCommands()...),
		},
	}
}

func args(fields ...string) (out []*autocliv1.PositionalArgDescriptor) {
	for _, f := range fields {
		out = append(out, &autocliv1.PositionalArgDescriptor{ProtoField: f})
	}
	return out
}

func providerCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{RpcMethod: "SetProvider", Use: "set-provider NAME", Short: "Name this account as a provider", PositionalArgs: args("name")},
		{RpcMethod: "RegisterOffer", Use: "register-offer TERMS", Short: "Make an offer; terms and peers in JSON", PositionalArgs: args("terms")},
		{RpcMethod: "UpdateOffer", Use: "update-offer OFFER TERMS", Short: "Replace the terms of an offer", PositionalArgs: args("offer_id", "terms")},
		{RpcMethod: "RemoveOffer", Use: "remove-offer OFFER", Short: "Remove an offer without peers", PositionalArgs: args("offer_id")},
		{RpcMethod: "AddPeers", Use: "add-peers OFFER", Short: "Add signed peers to an offer", PositionalArgs: args("offer_id")},
		{RpcMethod: "RemovePeers", Use: "remove-peers", Short: "Remove peers without units and commitment"},
		{RpcMethod: "MovePeer", Use: "move-peer PEER OFFER", Short: "Move a peer to another offer", PositionalArgs: args("peer_id", "offer_id")},
		{RpcMethod: "AddUnits", Use: "add-units PEER", Short: "Add compute units to a peer", PositionalArgs: args("peer_id")},
		{RpcMethod: "RemoveUnits", Use: "remove-units PEER", Short: "Remove free compute units of a peer", PositionalArgs: args("peer_id")},
		{RpcMethod: "SetPeerResource", Use: "set-peer-resource PEER SUPPLY", Short: "Set what a peer has of a resource", PositionalArgs: args("peer_id", "supply")},
		{RpcMethod: "RemovePeerResource", Use: "remove-peer-resource PEER RESOURCE", Short: "Remove a resource that no deal uses", PositionalArgs: args("peer_id", "resource_id")},
		{RpcMethod: "DrainPeer", Use: "drain-peer PEER DRAINING", Short: "Stop or resume matching of a peer", PositionalArgs: args("peer_id", "draining")},
		{RpcMethod: "SetMaintenance", Use: "set-maintenance PEER WINDOW", Short: "Announce a maintenance window", PositionalArgs: args("peer_id", "window")},
		{RpcMethod: "SetPeerOwner", Use: "set-peer-owner PEER OWNER EXPIRES_AT SIGNATURE", Short: "Name another account of a peer, which signed for it", PositionalArgs: args("peer_id", "owner", "expires_at", "signature")},
		{RpcMethod: "SetPeerAddresses", Use: "set-peer-addresses PEER", Short: "Replace the addresses of a peer", PositionalArgs: args("peer_id")},
		{RpcMethod: "SignAttributes", Use: "sign-attributes PROVIDER", Short: "Say something of a provider, as an auditor", PositionalArgs: args("provider")},
		{RpcMethod: "DeleteAttributes", Use: "delete-attributes PROVIDER", Short: "Take it back", PositionalArgs: args("provider")},
	}
}

func authorityCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", GovProposal: true, Short: "Propose new params", PositionalArgs: args("params")},
		{RpcMethod: "RegisterResources", Use: "register-resources-proposal", GovProposal: true, Short: "Propose kinds of resources"},
		{RpcMethod: "UpdateResource", Use: "update-resource-proposal ID METADATA", GovProposal: true, Short: "Propose the metadata of a resource", PositionalArgs: args("id", "metadata")},
		{RpcMethod: "CreateDataCenters", Use: "create-data-centers-proposal", GovProposal: true, Short: "Propose data centers"},
		{RpcMethod: "UpdateDataCenter", Use: "update-data-center-proposal ID TIER", GovProposal: true, Short: "Propose tier and certifications of a data center", PositionalArgs: args("id", "tier")},
		{RpcMethod: "SetEffectorInfo", Use: "set-effector-info-proposal INFO", GovProposal: true, Short: "Propose what to say of an effector", PositionalArgs: args("info")},
		{RpcMethod: "RemoveEffectorInfo", Use: "remove-effector-info-proposal ID", GovProposal: true, Short: "Propose to take it back", PositionalArgs: args("id")},
		{RpcMethod: "GrantAccess", Use: "grant-access-proposal", GovProposal: true, Short: "Propose accounts for the whitelist"},
		{RpcMethod: "RevokeAccess", Use: "revoke-access-proposal", GovProposal: true, Short: "Propose to take accounts off the whitelist"},
		{RpcMethod: "SetAuditors", Use: "set-auditors-proposal", GovProposal: true, Short: "Propose auditors"},
	}
}
