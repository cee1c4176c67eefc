// SPDX-License-Identifier: Apache-2.0

// Package abi holds the JSON ABIs of our Solidity interfaces, as solc prints them.
package abi

import _ "embed"

// IEpoch is the ABI of contracts/solidity/IEpoch.sol, as JSON text.
//
//go:embed IEpoch.json
var IEpoch string
