// SPDX-License-Identifier: Apache-2.0

// Package epoch is the precompile through which Solidity reads x/epoch. It is
// also the pattern for other precompiles: it never changes state of its module,
// it pays for every store access, and its interface is contracts/solidity/IEpoch.sol.
package epoch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"

	cmn "github.com/cosmos/evm/precompiles/common"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	abis "github.com/go-fluence/fluence/contracts/abi"
	"github.com/go-fluence/fluence/x/epoch/types"
)

// Address is where the precompile stands, in checksummed hex.
const Address = "0x0000000000000000000000000000000000000F00"

// observeGas is what observe costs beside its store reads: a log of three
// topics and no data, priced as the EVM prices it (375 for the log and each topic).
const observeGas = 4 * 375

// Keeper is what the precompile reads.
type Keeper interface {
	Current(ctx context.Context) (types.Current, error)
	EraOf(ctx context.Context, epoch uint64) (types.Era, error)
	Void(ctx context.Context, epoch uint64) (bool, error)
	VoidCount(ctx context.Context, epoch uint64) (uint64, error)
}

// Precompile answers calls to Address.
type Precompile struct {
	base   cmn.Precompile
	abi    abi.ABI
	keeper Keeper
}

var _ vm.PrecompiledContract = (*Precompile)(nil)

// New returns the precompile over a keeper.
//
// Errors: those of parsing the embedded ABI.
func New(k Keeper) (*Precompile, error) {
	parsed, err := abi.JSON(strings.NewReader(abis.IEpoch))
	if err != nil {
		return nil, fmt.Errorf("parse the ABI of IEpoch: %w", err)
	}
	return &Precompile{
		base: cmn.Precompile{
			KvGasConfig:          storetypes.KVGasConfig(),
			TransientKVGasConfig: storetypes.TransientGasConfig(),
			ContractAddress:      common.HexToAddress(Address),
		},
		abi: parsed, keeper: k,
	}, nil
}

// Address implements vm.PrecompiledContract.
func (p *Precompile) Address() common.Address { return p.base.ContractAddress }

// Name implements vm.PrecompiledContract.
func (*Precompile) Name() string { return "epoch" }

// RequiredGas is the price before any store access: flat, and per byte of input.
func (p *Precompile) RequiredGas(input []byte) uint64 {
	if len(input) < 4 {
		return p.base.RequiredGas(input, false)
	}
	m, err := p.abi.MethodById(input[:4])
	if err != nil {
		return p.base.RequiredGas(input, false)
	}
	return p.base.RequiredGas(input, writes(m))
}

// Run implements vm.PrecompiledContract.
func (p *Precompile) Run(evm *vm.EVM, contract *vm.Contract, readonly bool) ([]byte, error) {
	return p.base.RunNativeAction(evm, contract, func(ctx sdk.Context) ([]byte, error) {
		m, args, err := cmn.SetupABI(p.abi, contract, readonly, writes)
		if err != nil {
			return nil, err
		}
		return p.call(ctx, evm, contract, m, args)
	})
}

// writes reports whether a method leaves something behind, and so is refused in
// static calls.
func writes(m *abi.Method) bool { return m.Name == "observe" }

func (p *Precompile) call(ctx sdk.Context, evm *vm.EVM, c *vm.Contract, m *abi.Method, args []any) ([]byte, error) {
	switch m.Name {
	case "current":
		cur, err := p.keeper.Current(ctx)
		if err != nil {
			return nil, err
		}
		end := cur.Start.Add(cur.Params.Duration)
		return m.Outputs.Pack(cur.Number, unix(cur.Start), unix(end), cur.Blocks)
	case "observe":
		cur, err := p.keeper.Current(ctx)
		if err != nil {
			return nil, err
		}
		ctx.GasMeter().ConsumeGas(observeGas, "log of observe")
		evm.StateDB.AddLog(&ethtypes.Log{
			Address:     p.Address(),
			Topics:      []common.Hash{p.abi.Events["Observed"].ID, common.BytesToHash(c.Caller().Bytes()), u64Topic(cur.Number)},
			Data:        []byte{},
			BlockNumber: evm.Context.BlockNumber.Uint64(),
		})
		return m.Outputs.Pack(cur.Number)
	}
	epoch, ok := args[0].(uint64)
	if !ok {
		return nil, fmt.Errorf("argument epoch: got %T, want uint64", args[0])
	}
	return p.ofEpoch(ctx, m, epoch)
}

// ofEpoch answers the methods that take one epoch.
func (p *Precompile) ofEpoch(ctx sdk.Context, m *abi.Method, epoch uint64) ([]byte, error) {
	switch m.Name {
	case "bounds":
		era, err := p.keeper.EraOf(ctx, epoch)
		if err != nil {
			return nil, err
		}
		start := era.StartOf(epoch)
		return m.Outputs.Pack(unix(start), unix(start.Add(era.Duration)))
	case "isVoid":
		void, err := p.keeper.Void(ctx, epoch)
		if err != nil {
			return nil, err
		}
		return m.Outputs.Pack(void)
	case "voidCount":
		n, err := p.keeper.VoidCount(ctx, epoch)
		if err != nil {
			return nil, err
		}
		return m.Outputs.Pack(n)
	}
	return nil, fmt.Errorf("method %s: unknown", m.Name)
}

// unix returns whole seconds since 1970; block times are never before it.
func unix(t time.Time) uint64 { return uint64(max(t.Unix(), 0)) }

// u64Topic returns n as an indexed uint64: 32 bytes, big-endian.
func u64Topic(n uint64) common.Hash {
	var h common.Hash
	for i := range 8 {
		h[31-i] = byte(n >> (8 * i))
	}
	return h
}
