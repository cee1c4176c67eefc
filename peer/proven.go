// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/prover"
	"github.com/go-fluence/fluence/peer/prover/miner"
)

// proofsQuota bounds the records of one epoch's proofs on disk, in bytes.
const proofsQuota = 64 << 20

// buildProver makes what proves this peer's idle units, where there is a chain that
// takes proofs and a command that searches them.
func (p *Peer) buildProver() error {
	if p.deps.Capacity == nil || len(p.deps.Mine) == 0 || !p.cfg.Prove {
		return nil
	}
	raw, err := p.id.key.GetPublic().Raw()
	if err != nil {
		return err
	}
	processors, err := processors(p.cfg.ProveProcessors)
	if err != nil {
		return &config.ValueError{Source: "configuration", Name: "prover.processors", Err: err}
	}
	files, err := p.store.Files("proofs", proofsQuota)
	if err != nil {
		return err
	}
	p.proofs = files
	p.prover, err = prover.New(prover.Config{
		Peer: [32]byte(raw), Chain: p.deps.Capacity, Files: files, Miner: miner.Process{Command: p.deps.Mine},
		Mode: prover.Mode(p.cfg.ProveMode), Processors: processors, Nice: p.cfg.ProveNice, Lead: p.cfg.ProveLead, Log: p.deps.Log,
	})
	if err != nil {
		return err
	}
	return p.metrics.Register(prover.NewCollector(p.prover))
}

// processors reads the list of processors that searches stay on: "all" this process
// may use, numbers, or none.
func processors(list []string) ([]int, error) {
	if len(list) == 1 && list[0] == "all" {
		return miner.Processors(), nil
	}
	var numbers []int
	for _, text := range list {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no number of a processor: write numbers from 0, or all", text)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// prove proves once the peer is reachable.
func (p *Peer) prove(ctx context.Context) error {
	if p.prover == nil {
		return nil
	}
	select {
	case <-p.ready:
	case <-ctx.Done():
		return nil
	}
	return p.prover.Run(ctx)
}

// Prover returns what proves this peer's units, nil when nothing does.
func (p *Peer) Prover() *prover.Prover { return p.prover }

// closeProver releases the records.
func (p *Peer) closeProver() error {
	if p.proofs == nil {
		return nil
	}
	return p.proofs.Close()
}
