// SPDX-License-Identifier: Apache-2.0

// Package bindings holds generated Go bindings of the Solidity interfaces in
// contracts/solidity, for programs that call the precompiles over JSON-RPC.
package bindings
