// SPDX-License-Identifier: Apache-2.0

package deals

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/worker"
)

// maxUnits bounds the units of one worker.create.
const maxUnits = 1024

var errNotTrusted = errors.New("Only the host and its managers can call this function") //nolint:staticcheck // ST1005: upstream's manner

func (d *Deals) workerEntries() map[string]builtin.Entry {
	query := func(f func(a *builtin.Args) (any, error)) builtin.Entry {
		return builtin.Entry{Kind: pipeline.Pure, Call: func(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) { return f(a) }}
	}
	change := func(f builtin.Function) builtin.Entry {
		return builtin.Entry{Kind: pipeline.Effect, Call: f}
	}
	return map[string]builtin.Entry{
		"create":        change(d.create),
		"remove":        change(d.remove),
		"activate":      change(d.setActive(true)),
		"deactivate":    change(d.setActive(false)),
		"get_worker_id": query(d.workerOf),
		"is_active": query(func(a *builtin.Args) (any, error) {
			w, err := d.nextDeal(a)
			return w.Active, err
		}),
		"list": query(func(*builtin.Args) (any, error) {
			ids := []string{}
			for _, w := range d.cfg.Workers.List() {
				ids = append(ids, w.ID.String())
			}
			return ids, nil
		}),
	}
}

// nextDeal reads a deal id and returns the deal's worker here.
func (d *Deals) nextDeal(a *builtin.Args) (worker.Worker, error) {
	text, err := builtin.Next[string](a, "deal_id")
	if err != nil {
		return worker.Worker{}, err
	}
	if _, err := worker.DealKey(text); err != nil {
		return worker.Worker{}, err
	}
	w, ok := d.cfg.Workers.OfDeal(text)
	if !ok {
		return w, fmt.Errorf("%w: Worker for %s not found", worker.ErrNotFound, text)
	}
	return w, nil
}

func (d *Deals) workerOf(a *builtin.Args) (any, error) {
	w, err := d.nextDeal(a)
	switch {
	case errors.Is(err, worker.ErrNotFound):
		return []string{}, nil
	case err != nil:
		return nil, err
	}
	return []string{w.ID.String()}, nil
}

// create is (deal_id, cu_ids): a worker that no deal on the chain made.
func (d *Deals) create(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	if !d.trusted(c) {
		return nil, errNotTrusted
	}
	deal, err := builtin.Next[string](a, "deal_id")
	if err != nil {
		return nil, err
	}
	list, err := builtin.Next[[]json.RawMessage](a, "cu_ids")
	if err != nil {
		return nil, err
	}
	if len(list) > maxUnits {
		return nil, fmt.Errorf("%d units, at most %d", len(list), maxUnits)
	}
	units := make([]string, len(list))
	for i := range list {
		raw, err := builtin.Next[[]byte](builtin.NewArgs(list[i:i+1]), "cu_ids")
		if err != nil {
			return nil, err
		}
		if len(raw) != 32 {
			return nil, fmt.Errorf("Error deserializing field 'cu_ids': expected 32 bytes, got %d", len(raw)) //nolint:staticcheck // ST1005: upstream's text
		}
		units[i] = hex.EncodeToString(raw)
	}
	creator, err := peer.Decode(c.Particle.InitPeerID)
	if err != nil {
		return nil, err
	}
	w, err := d.cfg.Workers.Create(deal, creator, units, "")
	if err != nil {
		return nil, err
	}
	return w.ID.String(), nil
}

// remove is (worker_id): its creator, this peer and its managers may.
func (d *Deals) remove(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	text, err := builtin.Next[string](a, "worker_id")
	if err != nil {
		return nil, err
	}
	id, err := peer.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("Error deserializing field 'worker_id': expected a peer id, got %q", text[:min(len(text), 100)]) //nolint:staticcheck // ST1005: upstream's text
	}
	w, ok := d.cfg.Workers.ByID(id)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: Worker %s not found", worker.ErrNotFound, id)
	case !d.trusted(c) && w.Creator.String() != c.Particle.InitPeerID:
		return nil, errNotTrusted
	case w.OnChain != "":
		return nil, fmt.Errorf("worker %s serves deal 0x%s: remove it on the chain, and it ends here", id, w.Deal)
	}
	if err := worker.Free(ctx, w, d.cfg.Services, d.cfg.Spells); err != nil {
		return nil, err
	}
	return builtin.Empty{}, d.cfg.Workers.Remove(id)
}

// setActive is (deal_id): until it is activated again, a worker that was
// deactivated takes particles of this peer and its managers only.
func (d *Deals) setActive(on bool) builtin.Function {
	return func(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
		if !d.trusted(c) {
			return nil, errNotTrusted
		}
		w, err := d.nextDeal(a)
		if err != nil {
			return nil, err
		}
		if err := d.cfg.Workers.SetActive(w.Deal, on); err != nil {
			return nil, err
		}
		if on {
			return builtin.Empty{}, nil
		}
		return builtin.Empty{}, d.cfg.Services.Rest(ctx, w.ID)
	}
}
