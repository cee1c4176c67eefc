// SPDX-License-Identifier: Apache-2.0

// Package ante decides, before a transaction runs, whether it may: limits first, then fees, signature and
// sequence. Its chain is put together from the exported decorators of the Cosmos SDK and cosmos/evm, without
// IBC. It never executes a message.
package ante

import (
	"fmt"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"
	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	monoante "github.com/cosmos/evm/ante/evm"
	anteiface "github.com/cosmos/evm/ante/interfaces"
	antetypes "github.com/cosmos/evm/ante/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
)

// Options are what the chain reads and writes.
type Options struct {
	Account   anteiface.AccountKeeper
	Bank      anteiface.BankKeeper
	EVM       anteiface.EVMKeeper
	FeeMarket anteiface.FeeMarketKeeper
	FeeGrant  authante.FeegrantKeeper
	TxConfig  client.TxConfig
	// MaxTxGasWanted caps what one EVM transaction adds to the gas a block wants; 0 means its gas limit.
	MaxTxGasWanted uint64
	// PendingTx is told the hash of each EVM transaction that passes in CheckTx.
	PendingTx PendingListener
	// Signatures remembers what was verified. It must not be nil.
	Signatures *Signatures
}

// NewHandler returns the ante handler. A transaction takes one of three ways: the system transaction, a wrapped
// Ethereum transaction, everything else.
func NewHandler(o Options) sdk.AnteHandler {
	evmURL := sdk.MsgTypeURL(&evmtypes.ExtensionOptionsEthereumTx{})
	dynamicFeeURL := sdk.MsgTypeURL(&antetypes.ExtensionOptionDynamicFeeTx{})
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		if m, ok := system.FromTx(tx); ok {
			return o.system(ctx, m, simulate)
		}
		if n := len(ctx.TxBytes()); n > MaxTxBytes {
			return ctx, ErrTooLarge.Wrapf("%d bytes, at most %d", n, MaxTxBytes)
		}
		option, err := firstExtension(tx)
		if err != nil {
			return ctx, err
		}
		switch option {
		case evmURL:
			return o.evmChain(ctx)(ctx, tx, simulate)
		case "", dynamicFeeURL:
			if err := checkMessages(tx); err != nil {
				return ctx, err
			}
			return o.cosmosChain(ctx)(ctx, tx, simulate)
		default:
			return ctx, errorsmod.Wrapf(sdkerrors.ErrUnknownExtensionOptions, "%s", option)
		}
	}
}

// Guarded returns handler with a panic turned into a refusal. The mempool checks transactions on goroutines of
// its own, where a panic would end the process; a block is executed under the SDK's recovery instead.
//
// Errors: ErrPanic.
func Guarded(handler sdk.AnteHandler, onPanic func(cause any)) sdk.AnteHandler {
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (newCtx sdk.Context, err error) {
		defer func() {
			if p := recover(); p != nil {
				onPanic(p)
				newCtx, err = ctx, ErrPanic.Wrapf("%v", p)
			}
		}()
		return handler(ctx, tx, simulate)
	}
}

// system lets the system transaction pass where it belongs: first in a block that is being executed. Anywhere
// else, the mempool and simulation included, it is refused.
func (o Options) system(ctx sdk.Context, m *system.MsgExecute, simulate bool) (sdk.Context, error) {
	if simulate || ctx.ExecMode() != sdk.ExecModeFinalize || ctx.BlockHeight() < 1 || ctx.TxIndex() != 0 {
		return ctx, system.ErrOutside
	}
	if err := system.Canonical(o.TxConfig, m, ctx.TxBytes()); err != nil {
		return ctx, err
	}
	if err := m.ValidateFor(ctx.BlockHeight()); err != nil {
		return ctx, err
	}
	return system.Allow(ctx), nil
}

// firstExtension returns the type of the only extension option of tx, or "" if it has none.
func firstExtension(tx sdk.Tx) (string, error) {
	ext, ok := tx.(authante.HasExtensionOptionsTx)
	if !ok {
		return "", nil
	}
	switch opts := ext.GetExtensionOptions(); len(opts) {
	case 0:
		return "", nil
	case 1:
		return opts[0].GetTypeUrl(), nil
	default:
		return "", errorsmod.Wrapf(sdkerrors.ErrUnknownExtensionOptions, "%d options, one at most", len(opts))
	}
}

func (o Options) evmChain(ctx sdk.Context) sdk.AnteHandler {
	evmParams, feeParams := o.EVM.GetParams(ctx), o.FeeMarket.GetParams(ctx)
	return sdk.ChainAnteDecorators(
		rememberEVM{o.Signatures},
		monoante.NewEVMMonoDecorator(o.Account, o.FeeMarket, o.EVM, o.MaxTxGasWanted, &evmParams, &feeParams),
		tellPending{o.PendingTx},
	)
}

func (o Options) cosmosChain(ctx sdk.Context) sdk.AnteHandler {
	feeParams := o.FeeMarket.GetParams(ctx)
	remembering := rememberingAccounts{o.Account, o.Signatures}
	return sdk.ChainAnteDecorators(
		authante.NewSetUpContextDecorator(),
		authante.NewExtensionOptionsDecorator(antetypes.HasDynamicFeeExtensionOption),
		authante.NewValidateBasicDecorator(),
		authante.NewTxTimeoutHeightDecorator(),
		authante.NewValidateMemoDecorator(o.Account),
		feeFloor{feeParams.MinGasPrice},
		authante.NewConsumeGasForTxSizeDecorator(o.Account),
		authante.NewDeductFeeDecorator(o.Account, o.Bank, o.FeeGrant, monoante.NewDynamicFeeChecker(&feeParams)),
		authante.NewSetPubKeyDecorator(o.Account),
		authante.NewValidateSigCountDecorator(o.Account),
		authante.NewSigGasConsumeDecorator(o.Account, signatureGas),
		signatureForm{},
		authante.NewSigVerificationDecorator(remembering, o.TxConfig.SignModeHandler()),
		authante.NewIncrementSequenceDecorator(o.Account),
	)
}

// feeFloor applies the least gas price of the fee market, in the one denomination that pays fees. Genesis
// transactions, which run before anybody could have earned a coin, are free.
type feeFloor struct{ price math.LegacyDec }

// AnteHandle implements sdk.AnteDecorator.
func (f feeFloor) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if ctx.BlockHeight() == 0 {
		return next(ctx, tx, simulate)
	}
	fees, ok := tx.(sdk.FeeTx)
	if !ok {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrTxDecode, "transaction of type %T has no fee", tx)
	}
	for _, coin := range fees.GetFee() {
		if coin.Denom != params.BaseDenom {
			return ctx, ErrFeeDenom.Wrapf("%s; pay in %s", coin.Denom, params.BaseDenom)
		}
	}
	if simulate {
		return next(ctx, tx, simulate)
	}
	least := f.price.MulInt(math.NewIntFromUint64(fees.GetGas())).Ceil().TruncateInt()
	if paid := fees.GetFee().AmountOf(params.BaseDenom); paid.LT(least) {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrInsufficientFee, "%s%s for %d gas, at least %s%s",
			paid, params.BaseDenom, fees.GetGas(), least, params.BaseDenom)
	}
	return next(ctx, tx, simulate)
}

// Validate returns an error that names the first option that is missing.
func (o Options) Validate() error {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"Account", o.Account == nil},
		{"Bank", o.Bank == nil},
		{"EVM", o.EVM == nil},
		{"FeeMarket", o.FeeMarket == nil},
		{"FeeGrant", o.FeeGrant == nil},
		{"TxConfig", o.TxConfig == nil},
		{"Signatures", o.Signatures == nil},
		{"PendingTx", o.PendingTx == nil},
	} {
		if f.missing {
			return fmt.Errorf("ante: option %s is nil", f.name)
		}
	}
	return nil
}
