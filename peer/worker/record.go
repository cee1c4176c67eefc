// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Worker is one worker of this peer.
type Worker struct {
	ID      peer.ID
	Deal    string // 40 lower-case hex digits
	Creator peer.ID
	Units   []string // of the chain: 64 hex digits each
	OnChain string   // id on the chain: 64 hex digits; "" for one that no deal on the chain made
	Active  bool     // takes particles of everybody; otherwise of the peer and its managers only
	App     string   // CID of the app that is installed; "" for none yet
	Created time.Time
	Told    bool   // the chain knows its key
	Held    bool   // a manager paused it: it does not go on by itself
	Fault   string // why the last step failed; "" when nothing did
}

// record is a worker on disk, with upstream's keys and some of ours.
type record struct {
	WorkerID string    `toml:"worker_id"`
	Creator  string    `toml:"creator"`
	DealID   string    `toml:"deal_id"`
	Active   bool      `toml:"active"`
	Units    []string  `toml:"cu_ids"`
	OnChain  string    `toml:"onchain_worker_id,omitempty"`
	App      string    `toml:"app_cid,omitempty"`
	Created  time.Time `toml:"created"`
	Told     bool      `toml:"told,omitempty"`
	Held     bool      `toml:"held,omitempty"`
}

func (w Worker) record() record {
	return record{
		WorkerID: w.ID.String(), Creator: w.Creator.String(), DealID: w.Deal, Active: w.Active, Units: w.Units,
		OnChain: w.OnChain, App: w.App, Created: w.Created, Told: w.Told, Held: w.Held,
	}
}

func (r record) worker() (Worker, error) {
	id, err := peer.Decode(r.WorkerID)
	if err != nil {
		return Worker{}, fmt.Errorf("worker_id: %w", err)
	}
	creator, err := peer.Decode(r.Creator)
	if err != nil {
		return Worker{}, fmt.Errorf("creator: %w", err)
	}
	return Worker{
		ID: id, Deal: r.DealID, Creator: creator, Units: r.Units, OnChain: r.OnChain, Active: r.Active, App: r.App, Created: r.Created, Told: r.Told, Held: r.Held,
	}, nil
}

// DealKey reads a deal id, with or without 0x and in any case, as it is kept.
//
// Errors: ErrDealID.
func DealKey(text string) (string, error) {
	digits := strings.ToLower(strings.TrimPrefix(text, "0x"))
	if b, err := hex.DecodeString(digits); err != nil || len(b) != 20 {
		return "", fmt.Errorf("%w: %q is not 40 hex digits, with or without 0x", ErrDealID, clip(text))
	}
	return digits, nil
}

func clip(s string) string { return s[:min(len(s), 100)] }
