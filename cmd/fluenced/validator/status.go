// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"fmt"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
)

// Status is how a validator is doing.
type Status struct {
	ChainID     string    `json:"chain_id"`
	Name        string    `json:"name"`
	NodeID      string    `json:"node_id"`
	Height      int64     `json:"height"`       // newest block
	Time        time.Time `json:"time"`         // of that block
	Earliest    int64     `json:"earliest"`     // oldest block it still has
	CatchingUp  bool      `json:"catching_up"`  // it is behind and fetches blocks
	Peers       int       `json:"peers"`        // validators it is connected to
	VotingPower int64     `json:"voting_power"` // 0: it does not sign blocks
	AppHash     string    `json:"app_hash"`     // state after the block before, 64 hex digits
}

// statusTimeout bounds one look at a validator.
const statusTimeout = 5 * time.Second

// LocalStatus asks the node of the home through its socket.
func LocalStatus(ctx context.Context, d home.Dir) (Status, error) {
	return StatusOf(ctx, "unix://"+d.Socket())
}

// StatusOf asks the node at address, which is tcp://HOST:PORT or unix://PATH.
func StatusOf(ctx context.Context, address string) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	c, err := rpchttp.New(address, "/websocket")
	if err != nil {
		return Status{}, err
	}
	s, err := c.Status(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("ask %s: %w", address, err)
	}
	n, err := c.NetInfo(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("ask %s: %w", address, err)
	}
	return Status{
		ChainID: s.NodeInfo.Network, Name: s.NodeInfo.Moniker, NodeID: string(s.NodeInfo.ID()),
		Height: s.SyncInfo.LatestBlockHeight, Time: s.SyncInfo.LatestBlockTime.UTC(),
		Earliest: s.SyncInfo.EarliestBlockHeight, CatchingUp: s.SyncInfo.CatchingUp,
		Peers: n.NPeers, VotingPower: s.ValidatorInfo.VotingPower, AppHash: s.SyncInfo.LatestAppHash.String(),
	}, nil
}
