// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and keys of x/market. Its
// specification is x/market/README.md.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module.
	ModuleName = "market"

	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// Sizes of ids in bytes.
const (
	IDSize   = 32 // offers, peers, units, workers, commitments
	DealSize = 20 // deals
	CIDSize  = 36 // CIDv1 with a sha2-256 digest: 4 bytes of prefix, 32 of digest
)

// Limits of one message or record. They bound the work of a transaction; gas prices it.
const (
	MaxPeersPerMessage  = 32
	MaxUnitsPerMessage  = 1024
	MaxListPerMessage   = 64 // resources, data centers, accounts, attributes
	MaxUnitsPerTaking   = 256
	MaxPrices           = 64
	MaxEffectors        = 64
	MaxSupplies         = 32
	MaxAddresses        = 16
	MaxAddressBytes     = 256
	MaxNameBytes        = 128
	MaxTextBytes        = 1024 // metadata, details, descriptions
	MaxCertifications   = 16
	MaxAttributeKey     = 64
	MaxAttributeValue   = 256
	MaxPaymentDenoms    = 64
	MaxPriceBits        = 128
	VCPUPerUnit         = 2
	RAMPerVCPU          = 2048 // MiB
	ConstantMinProtocol = 2    // type numbers of the official ConstantUpdated event
	ConstantMaxProtocol = 3
	ConstantMaxUnits    = 4
)

// Keys of the module's store. Addresses are raw bytes with a length byte before
// them where something follows; numbers are u64 big-endian; ids are raw.
//
//	0x01                                        → Params
//	0x02                                        → u64, offers ever registered
//	0x03 ‖ address                              → Provider
//	0x04 ‖ address                              → empty: approved by the authority
//	0x05 ‖ address                              → Auditor
//	0x06 ‖ len ‖ provider ‖ len ‖ auditor ‖ key → Attribute
//	0x07 ‖ resource                             → Resource
//	0x08 ‖ data center                          → DataCenter
//	0x09 ‖ CID                                  → EffectorInfo
//	0x0a ‖ offer                                → Offer
//	0x0b ‖ len ‖ provider ‖ offer               → empty
//	0x0c ‖ resource ‖ offer                     → empty: the offer prices the resource
//	0x0d ‖ peer                                 → Peer
//	0x0e ‖ len ‖ offer ‖ peer                   → empty
//	0x0f ‖ unit                                 → Unit
//	0x10 ‖ len ‖ peer ‖ unit                    → empty
//	0x11 ‖ len ‖ peer ‖ worker                  → Holding
var (
	ParamsKey           = collections.NewPrefix(1)
	OfferSequenceKey    = collections.NewPrefix(2)
	ProvidersKey        = collections.NewPrefix(3)
	ApprovedKey         = collections.NewPrefix(4)
	AuditorsKey         = collections.NewPrefix(5)
	AttributesKey       = collections.NewPrefix(6)
	ResourcesKey        = collections.NewPrefix(7)
	DataCentersKey      = collections.NewPrefix(8)
	EffectorsKey        = collections.NewPrefix(9)
	OffersKey           = collections.NewPrefix(10)
	OffersByProviderKey = collections.NewPrefix(11)
	OffersByResourceKey = collections.NewPrefix(12)
	PeersKey            = collections.NewPrefix(13)
	PeersByOfferKey     = collections.NewPrefix(14)
	UnitsKey            = collections.NewPrefix(15)
	UnitsByPeerKey      = collections.NewPrefix(16)
	HoldingsKey         = collections.NewPrefix(17)
)
