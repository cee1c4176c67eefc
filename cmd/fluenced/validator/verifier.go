// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	evmserver "github.com/cosmos/evm/server"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/verdicts"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
	"github.com/go-fluence/fluence/proofs/capacity/randomx/worker"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// Errors of the verifier's start.
var (
	// ErrNoEngine says that the chain proves capacity and this validator could not verify any proof.
	ErrNoEngine = errors.New("no engine verifies capacity proofs")
	// ErrVerifier says which key of app.toml's [capacity] cannot be used.
	ErrVerifier = errors.New("bad setting of the verifier")
)

// verifierSettings are the keys of [capacity] in app.toml.
type verifierSettings struct {
	workers, caches, kept int
	wait                  time.Duration
}

func readVerifier(s *home.Settings) (verifierSettings, error) {
	v := verifierSettings{
		workers: s.Values.GetInt(home.KeyVerifierWorkers), caches: s.Values.GetInt(home.KeyVerifierCaches),
		kept: s.Values.GetInt(home.KeyVerdictsKept), wait: s.Values.GetDuration(home.KeyVerdictWait),
	}
	refuse := func(key, want string) error {
		return term.Hint(fmt.Errorf("%w: %s: %s", ErrVerifier, s.Home.App(), key), "%s under [capacity] must be %s", key, want)
	}
	switch {
	case v.workers < 0 || v.workers > 4*runtime.NumCPU():
		return v, refuse("verifier-workers", fmt.Sprintf("0 to %d on this machine", 4*runtime.NumCPU()))
	case v.caches < 1 || v.caches > 64:
		return v, refuse("verifier-caches", "1 to 64")
	case v.kept < 1024 || v.kept > 1<<20:
		return v, refuse("verdicts-kept", "1024 to 1048576")
	case v.wait < 50*time.Millisecond || v.wait > 10*time.Second:
		return v, refuse("verdict-wait", "50ms to 10s")
	}
	return v, nil
}

// runVerifier keeps the worker processes that verify capacity proofs, and hands
// their verdicts to the application, which opens after it.
func (n *node) runVerifier(ctx context.Context, ready func()) error {
	v, err := readVerifier(n.settings)
	if err != nil {
		return err
	}
	genesis, err := provesCapacity(n.settings.Home)
	if err != nil {
		return err
	}
	if v.workers == 0 {
		if genesis.Enabled {
			return term.Hint(fmt.Errorf("%w: %s: verifier-workers is 0", ErrNoEngine, n.settings.Home.App()),
				"set verifier-workers under [capacity] to 1 or more: this chain proves capacity, and a validator without a verifier would vote against honest blocks")
		}
		ready()
		<-ctx.Done()
		return nil
	}
	client, pool, err := newVerifier(v, genesis, n)
	if err != nil {
		return err
	}
	n.settings.Values.Set(app.OptionVerdicts, pool)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return client.Run(gctx) })
	g.Go(func() error { return pool.Run(gctx) })
	ready()
	return g.Wait()
}

func newVerifier(v verifierSettings, genesis proving, n *node) (*worker.Client, *verdicts.Pool, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	p, err := randomx.ParamsByName(genesis.RandomX)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: app_state.capacity.params.admission.randomx: %w", n.settings.Home.Genesis(), err)
	}
	log, _ := evmserver.NewSlogFromCosmosLogger(n.logger.With("module", "verifier"), n.settings.Comet.LogLevel)
	client, err := worker.New(worker.Config{
		Command: []string{self, "randomx", "worker"}, Params: p, Workers: v.workers, Caches: v.caches, Log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	pool, err := verdicts.New(client, verdicts.Config{Parallel: v.workers + 1, Kept: v.kept, Wait: v.wait, Log: log})
	return client, pool, err
}

// proving is what genesis says of capacity proofs.
type proving struct {
	Enabled bool
	RandomX string
}

// provesCapacity reads whether the chain of a home proves capacity, and how.
func provesCapacity(d home.Dir) (proving, error) {
	g, err := home.ReadGenesis(d.Genesis())
	if err != nil {
		return proving{}, err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(g.AppState, &state); err != nil {
		return proving{}, fmt.Errorf("%s: app_state: %w", d.Genesis(), err)
	}
	raw, ok := state[capacitytypes.ModuleName]
	if !ok {
		return proving{RandomX: capacitytypes.RandomXFluence}, nil
	}
	var c capacitytypes.GenesisState
	if err := app.Encoding().Codec.UnmarshalJSON(raw, &c); err != nil {
		return proving{}, fmt.Errorf("%s: app_state.capacity: %w", d.Genesis(), err)
	}
	return proving{Enabled: c.Params.Enabled, RandomX: c.Params.Admission.Randomx}, nil
}
