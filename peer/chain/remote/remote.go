// SPDX-License-Identifier: Apache-2.0

// Package remote reads and writes the chain through one validator's RPC: over the
// unix socket of the validator on the same machine, or over HTTP. It trusts that
// validator: answers carry the basis "claimed", and the proof that comes with a
// value is checked for being a proof, not for whose header it leads to. It keeps no
// file and starts no goroutine that outlives a call.
package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	rpcclient "github.com/cometbft/cometbft/rpc/client"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"github.com/cosmos/evm/crypto/ethsecp256k1"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/proofs/state"
)

// Defaults of Config.
const (
	// DefaultGasPrice is in aflt per unit of gas: twice the least the chain takes.
	DefaultGasPrice = 2_000_000_000
	// DefaultConfirm bounds the wait for a transaction to be in a block.
	DefaultConfirm = time.Minute
)

// Config says which validator is asked and who signs.
type Config struct {
	Address  string                // unix:///PATH or tcp://HOST:PORT of CometBFT's RPC
	ChainID  string                // the network; a validator of another one is refused
	Key      *ethsecp256k1.PrivKey // signs transactions; nil for a reader
	Granter  string                // bech32 of who pays the fees by a grant; "" for the key's own account
	GasPrice uint64                // aflt per unit of gas, zero for DefaultGasPrice
	Confirm  time.Duration         // zero for DefaultConfirm
}

// Chain is chain.View, chain.Epochs, chain.Events and chain.Submitter over one
// validator. Safe for concurrent use.
type Chain struct {
	cfg Config
	rpc *rpchttp.HTTP

	mu      sync.Mutex // guards all below
	checked bool       // the validator's chain id was seen to be right

	account  sync.Mutex // held from choosing a sequence number to admission; guards all below
	known    bool       // number and sequence were read
	number   uint64
	sequence uint64
}

var (
	_ chain.View      = (*Chain)(nil)
	_ chain.Epochs    = (*Chain)(nil)
	_ chain.Events    = (*Chain)(nil)
	_ chain.Submitter = (*Chain)(nil)
)

// New returns a client of the validator at cfg.Address. It connects with the first
// call, not here.
func New(cfg Config) (*Chain, error) {
	if cfg.ChainID == "" {
		return nil, errors.New("chain id is missing")
	}
	if cfg.GasPrice == 0 {
		cfg.GasPrice = DefaultGasPrice
	}
	if cfg.Confirm == 0 {
		cfg.Confirm = DefaultConfirm
	}
	rpc, err := rpchttp.New(cfg.Address, "/websocket")
	if err != nil {
		return nil, fmt.Errorf("address %s: %w", cfg.Address, err)
	}
	return &Chain{cfg: cfg, rpc: rpc}, nil
}

// check makes sure, once, that the validator serves the right network.
func (c *Chain) check(ctx context.Context) error {
	c.mu.Lock()
	checked := c.checked
	c.mu.Unlock()
	if checked {
		return nil
	}
	s, err := c.rpc.Status(ctx)
	if err != nil {
		return unavailable(ctx, err)
	}
	if s.NodeInfo.Network != c.cfg.ChainID {
		return fmt.Errorf("%w: %s, not %s", chain.ErrWrongChain, s.NodeInfo.Network, c.cfg.ChainID)
	}
	c.mu.Lock()
	c.checked = true
	c.mu.Unlock()
	return nil
}

// unavailable turns a fault of the connection into what callers test for; the end
// of their own context stays what it is.
func unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", chain.ErrUnavailable, err)
}

// At returns the newest committed state. Its AppHash is the root a proof leads to.
func (c *Chain) At(ctx context.Context) (chain.Height, error) {
	if err := c.check(ctx); err != nil {
		return chain.Height{}, err
	}
	info, err := c.rpc.ABCIInfo(ctx)
	if err != nil {
		return chain.Height{}, unavailable(ctx, err)
	}
	h, err := c.height(ctx, info.Response.LastBlockHeight)
	if err != nil {
		return chain.Height{}, err
	}
	h.AppHash = info.Response.LastBlockAppHash
	return h, nil
}

// height fills in the time of a block; AppHash stays nil.
func (c *Chain) height(ctx context.Context, number int64) (chain.Height, error) {
	if number <= 0 {
		return chain.Height{}, fmt.Errorf("%w: no block yet", chain.ErrUnavailable)
	}
	head, err := c.rpc.Header(ctx, &number)
	if err != nil {
		return chain.Height{}, blockFault(ctx, err)
	}
	if head.Header == nil || head.Header.Height != number {
		return chain.Height{}, fmt.Errorf("%w: no header of block %d", chain.ErrUnavailable, number)
	}
	return chain.Height{Number: uint64(number), Time: head.Header.Time.UTC()}, nil
}

// blockFault tells a block that is gone from a validator that is.
func blockFault(ctx context.Context, err error) error {
	if strings.Contains(err.Error(), "is not available, lowest height is") {
		return fmt.Errorf("%w: %w", chain.ErrPruned, err)
	}
	return unavailable(ctx, err)
}

// maxStoreName bounds the name of a store, in bytes.
const maxStoreName = 64

// Get reads one key with its proof. The height's AppHash is the root the proof
// leads to; the header of the next block holds it, once there is one.
func (c *Chain) Get(ctx context.Context, store string, key []byte) (chain.Value, error) {
	if store == "" || len(store) > maxStoreName || strings.ContainsAny(store, "/ ") || len(key) == 0 {
		return chain.Value{}, fmt.Errorf("read store %q: a store's name and a key are needed", store)
	}
	if err := c.check(ctx); err != nil {
		return chain.Value{}, err
	}
	res, err := c.rpc.ABCIQueryWithOptions(ctx, "/store/"+store+"/key", key, rpcclient.ABCIQueryOptions{Prove: true})
	if err != nil {
		return chain.Value{}, unavailable(ctx, err)
	}
	r := res.Response
	if r.Code != 0 {
		return chain.Value{}, fmt.Errorf("read store %s: %s (%s %d)", store, r.Log, r.Codespace, r.Code)
	}
	h, err := c.height(ctx, r.Height)
	if err != nil {
		return chain.Value{}, err
	}
	value := r.Value
	if len(value) == 0 {
		value = nil
	}
	var ops []state.Op
	if r.ProofOps != nil {
		for _, op := range r.ProofOps.Ops {
			ops = append(ops, state.Op{Type: op.Type, Key: op.Key, Data: op.Data})
		}
	}
	root, err := state.Root(ops, store, key, value)
	if err != nil {
		return chain.Value{}, fmt.Errorf("%w: %w", chain.ErrProof, err)
	}
	h.AppHash = root[:]
	return chain.Value{Found: value != nil, Data: value, Height: h, Basis: chain.Claimed}, nil
}

// query calls a gRPC method of a module through the validator.
func (c *Chain) query(ctx context.Context, path string, req, res protoMessage) (chain.Height, error) {
	if err := c.check(ctx); err != nil {
		return chain.Height{}, err
	}
	data, err := req.Marshal()
	if err != nil {
		return chain.Height{}, err
	}
	answer, err := c.rpc.ABCIQuery(ctx, path, data)
	if err != nil {
		return chain.Height{}, unavailable(ctx, err)
	}
	if r := answer.Response; r.Code != 0 {
		return chain.Height{}, &queryError{path: path, code: r.Code, codespace: r.Codespace, log: r.Log}
	}
	if err := res.Unmarshal(answer.Response.Value); err != nil {
		return chain.Height{}, fmt.Errorf("answer to %s: %w", path, err)
	}
	if answer.Response.Height < 0 || answer.Response.Height == math.MaxInt64 {
		return chain.Height{}, fmt.Errorf("answer to %s: height %d", path, answer.Response.Height)
	}
	return chain.Height{Number: uint64(answer.Response.Height)}, nil
}

// protoMessage is what generated protobuf types are.
type protoMessage interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// queryError is a module's refusal to answer.
type queryError struct {
	path, codespace, log string
	code                 uint32
}

// Error returns the module's words.
func (e *queryError) Error() string {
	return fmt.Sprintf("%s: %s (%s %d)", e.path, e.log, e.codespace, e.code)
}
