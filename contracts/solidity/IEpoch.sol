// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

// The precompile of x/epoch.
IEpoch constant EPOCH = IEpoch(0x0000000000000000000000000000000000000F00);

/// Reads the chain's epochs: the periods of capacity proofs and billing.
/// Times are Unix seconds; epochs are counted from 1.
interface IEpoch {
    /// Emitted by observe.
    event Observed(address indexed by, uint64 indexed epoch);

    /// The running epoch: its number, its first second, the first second after
    /// it, and the blocks it has so far.
    function current() external view returns (uint64 number, uint64 start, uint64 end, uint64 blocks);

    /// When an epoch that has begun starts and ends. Reverts for others.
    function bounds(uint64 epoch) external view returns (uint64 start, uint64 end);

    /// Whether an epoch that has begun ended void. Reverts for others.
    function isVoid(uint64 epoch) external view returns (bool);

    /// Void epochs from 1 up to and including the given one. Reverts for epochs
    /// that have not begun.
    function voidCount(uint64 epoch) external view returns (uint64);

    /// Puts into the log that the caller was here in the running epoch, and
    /// returns the epoch.
    function observe() external returns (uint64 epoch);
}
