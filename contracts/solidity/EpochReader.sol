// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {EPOCH} from "./IEpoch.sol";

/// Reads epochs from Solidity; deployed by tests.
contract EpochReader {
    uint64 public seen;

    function number() external view returns (uint64 n) {
        (n, , , ) = EPOCH.current();
    }

    /// Remembers the running epoch, and undoes everything when asked to fail.
    function remember(bool fail) external {
        seen = EPOCH.observe();
        require(!fail, "asked to fail");
    }

    function voids(uint64 epoch) external view returns (uint64) {
        return EPOCH.voidCount(epoch);
    }
}
