// SPDX-License-Identifier: Apache-2.0

package deals

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// dealResult is one deal of this peer; what went wrong with one deal says nothing
// of the others.
type dealResult struct {
	Success bool       `json:"success"`
	Error   []string   `json:"error"`
	DealID  string     `json:"deal_id"`
	Info    []dealInfo `json:"deal_info"`
}

type dealInfo struct {
	Status  string   `json:"status"`
	CUIDs   []string `json:"cu_ids"`
	AppCID  string   `json:"app_cid"`
	OnChain string   `json:"onchain_worker_id"`
}

// getDeals is (): the deals that this peer serves.
func (d *Deals) getDeals(ctx context.Context, _ pipeline.Call, _ *builtin.Args) (any, error) {
	if d.cfg.Deals == nil {
		return nil, errNoChain
	}
	list, _, err := d.cfg.Deals.DealsOf(ctx, d.cfg.Key)
	if err != nil {
		return nil, err
	}
	out := make([]dealResult, len(list))
	for i := range list {
		out[i] = dealResult{DealID: list[i].Deal.ID.String(), Error: []string{}, Info: []dealInfo{}}
		app, err := cid.Cast(list[i].Deal.App)
		if err != nil {
			out[i].Error = []string{"app of the deal: " + err.Error()}
			continue
		}
		out[i].Success = true
		out[i].Info = []dealInfo{{
			Status: string(list[i].Deal.Status), CUIDs: unitTexts(list[i].Worker.Units), AppCID: app.String(),
			OnChain: "0x" + hex.EncodeToString(list[i].Worker.ID[:]),
		}}
	}
	return out, nil
}

// receipt is what is known of a transaction that was handed in here.
type receipt struct {
	status string // pending, ok, failed
	height uint64
	err    string
}

// registerWorker is (deal_id, worker_id, onchain_worker_id): tells the chain that a
// worker of this peer runs, and returns the hash of the transaction.
func (d *Deals) registerWorker(ctx context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	if d.cfg.Activator == nil {
		return nil, errNoChain
	}
	var texts [3]string
	for i, name := range []string{"deal_id", "worker_id", "onchain_worker_id"} {
		text, err := builtin.Next[string](a, name)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	act := chain.Activation{}
	var err error
	if act.Deal, err = dealID(texts[0]); err != nil {
		return nil, err
	}
	id, err := peer.Decode(texts[1])
	if err != nil {
		return nil, fmt.Errorf("worker_id: %w", err)
	}
	onChain, err := hex.DecodeString(strings.TrimPrefix(texts[2], "0x"))
	if err != nil || len(onChain) != len(act.Worker) {
		return nil, errors.New("onchain_worker_id: want 0x and 64 hex digits")
	}
	copy(act.Worker[:], onChain)
	key, err := id.ExtractPublicKey()
	if err != nil {
		return nil, fmt.Errorf("worker_id: %w", err)
	}
	raw, err := key.Raw()
	if err != nil || len(raw) != len(act.Key) {
		return nil, errors.New("worker_id: not an ed25519 key")
	}
	copy(act.Key[:], raw)
	sig, err := d.cfg.Workers.Sign(id, chain.ActivationBytes(d.cfg.ChainID, act.Deal, act.Worker, d.cfg.Key))
	if err != nil {
		return nil, err
	}
	copy(act.Signature[:], sig)
	got, err := d.cfg.Activator.ActivateWorker(ctx, act)
	if got.Hash == (chain.TxHash{}) && err != nil {
		return nil, err
	}
	hash := "0x" + strings.ToLower(got.Hash.String())
	r := receipt{status: "ok", height: got.Height.Number}
	switch {
	case errors.Is(err, chain.ErrUnconfirmed):
		r.status = "pending"
	case err != nil:
		r = receipt{status: "failed", height: got.Height.Number, err: err.Error()}
	}
	d.keep(hash, r)
	return hash, nil
}

func (d *Deals) keep(hash string, r receipt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.receipts[hash]; !ok {
		d.order = append(d.order, hash)
	}
	d.receipts[hash] = r
	if len(d.order) > maxReceipts {
		delete(d.receipts, d.order[0])
		d.order = d.order[1:]
	}
}

// receiptResult is one transaction.
type receiptResult struct {
	Success bool         `json:"success"`
	Error   []string     `json:"error"`
	Status  string       `json:"status"`
	Receipt []receiptTxt `json:"receipt"`
}

type receiptTxt struct {
	Block  uint64 `json:"block_number"`
	TxHash string `json:"tx_hash"`
}

// getReceipts is ([hash]): what became of transactions that register_worker
// handed in.
func (d *Deals) getReceipts(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	hashes, err := builtin.Next[[]string](a, "tx_hashes")
	if err != nil {
		return nil, err
	}
	out := make([]receiptResult, len(hashes))
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, h := range hashes {
		r, ok := d.receipts[strings.ToLower(h)]
		out[i] = receiptResult{Success: ok, Error: []string{}, Status: r.status, Receipt: []receiptTxt{}}
		switch {
		case !ok:
			out[i].Error = []string{"no transaction of this peer has hash " + h[:min(len(h), 100)]}
		case r.err != "":
			out[i].Error = []string{r.err}
		}
		if r.height > 0 {
			out[i].Receipt = []receiptTxt{{r.height, h}}
		}
	}
	return out, nil
}
