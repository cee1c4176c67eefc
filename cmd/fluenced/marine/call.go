// SPDX-License-Identifier: Apache-2.0

package marine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/service"
)

// settings are the flags of commands that run a service.
type settings struct {
	cache         string
	clock, random bool
	interpreter   bool
}

func (s *settings) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.cache, "cache", "", "directory of compiled code; modules are then compiled by a process with limits (default: none)")
	cmd.Flags().BoolVar(&s.clock, "clock", false, "let modules read the clock (default: the clock stands at the call's timestamp)")
	cmd.Flags().BoolVar(&s.random, "random", false, "let modules read random bytes (default: the same bytes in every run)")
	cmd.Flags().BoolVar(&s.interpreter, "interpreter", false, "interpret instead of compiling: starts faster, runs slower")
}

// engine starts an engine as the flags say.
func (s *settings) engine(ctx context.Context) (*engine.Engine, error) {
	cfg := engine.Config{}
	if s.cache != "" && !s.interpreter {
		var err error
		if cfg, err = apart(s.cache); err != nil {
			return nil, err
		}
	}
	cfg.Interpreter = s.interpreter
	return engine.New(ctx, cfg)
}

// config reads a configuration, or makes one of a single module.
func (s *settings) config(cmd *cobra.Command, name string) (service.Config, func() error, error) {
	cfg, closeFolders := service.Config{}, func() error { return nil }
	if strings.HasSuffix(name, ".toml") {
		var err error
		if cfg, closeFolders, err = service.LoadConfig(name); err != nil {
			return cfg, nil, err
		}
	} else {
		wasm, _, err := readModule(cmd, name)
		if err != nil {
			return cfg, nil, err
		}
		base := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		cfg = service.Config{ID: base, Modules: []service.ModuleConfig{{Name: base, Wasm: wasm, LoggerEnabled: true, LoggingMask: 1<<31 - 1}}}
	}
	cfg.Policy = effects.Policy{Clock: cfg.Policy.Clock || s.clock, Random: cfg.Policy.Random || s.random}
	levels := []string{"", "error", "warn", "info", "debug", "trace"}
	cfg.Log = func(l service.Log) {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s [%s] %s\n", levels[l.Level], l.Module, l.Text)
	}
	cfg.Output = func(_, _ string, b []byte) { _, _ = cmd.ErrOrStderr().Write(b) }
	return cfg, closeFolders, nil
}

// with runs do with a service, and ends it.
func (s *settings) with(cmd *cobra.Command, name string, do func(*service.Service) error) (err error) {
	ctx := cmd.Context()
	cfg, closeFolders, err := s.config(cmd, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFolders()) }()
	eng, err := s.engine(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close(context.WithoutCancel(ctx))) }()
	svc, err := service.New(ctx, service.NewLibrary(eng, meter.Options{}), cfg)
	if errors.Is(err, engine.ErrImport) {
		err = term.Hint(err, "mount binaries and other modules in a service configuration (CONFIG.toml)")
	}
	if err != nil {
		return err
	}
	return errors.Join(do(svc), svc.Close(context.WithoutCancel(ctx)))
}

func callCommand() *cobra.Command {
	var s settings
	var asJSON bool
	var gas uint64
	var module, particle string
	cmd := &cobra.Command{
		Use:   "call FILE|CONFIG.toml FUNCTION 'JSON-ARGS'",
		Short: "Call a function of a module or of a service",
		Long: `Call a function of a module, or of the service that a configuration describes,
without a peer. Arguments are a JSON array, or an object by argument names.

  $ fluenced marine call greeting.wasm greeting '["John"]'
  "Hi, John"
  $ fluenced marine call --json Config.toml fib '[20]'`,
		Args: args("module or configuration", "function", "arguments"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := service.Call{Module: module, Function: args[1], Args: []byte(args[2]), Gas: gas}
			if particle != "" {
				if err := json.Unmarshal([]byte(particle), &c.Params); err != nil {
					return term.Usage("it is an object such as {\"HostID\":\"...\"}", "flag --params: %v", err)
				}
			}
			return s.with(cmd, args[0], func(svc *service.Service) error {
				res, err := svc.Call(cmd.Context(), c)
				if err != nil {
					return hint(svc, err)
				}
				if asJSON {
					return term.JSON(cmd.OutOrStdout(), struct {
						Result json.RawMessage `json:"result"`
						Gas    uint64          `json:"gas"`
					}{res.JSON, res.Gas})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", res.JSON)
				return err
			})
		},
	}
	s.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print result and gas as one JSON document")
	cmd.Flags().Uint64Var(&gas, "gas", 0, "gas of the call; a unit is about a nanosecond (default 60000000000)")
	cmd.Flags().StringVar(&module, "module", "", "module of the service to call (default: its last)")
	cmd.Flags().StringVar(&particle, "params", "", "call parameters as JSON")
	return cmd
}

// hint tells what a failed call needs.
func hint(svc *service.Service, err error) error {
	switch {
	case errors.Is(err, engine.ErrOutOfGas):
		return term.Hint(err, "give more with --gas")
	case errors.Is(err, service.ErrUnknown):
		in := svc.Interface()
		fns, ferr := in.Functions()
		if ferr != nil {
			return err
		}
		names := make([]string, len(fns))
		for i, f := range fns {
			names[i] = f.Name
		}
		return term.Hint(err, "functions: %s", strings.Join(names, ", "))
	case errors.Is(err, service.ErrArguments):
		return term.Hint(err, "give the arguments as a JSON array; see: fluenced marine info")
	}
	return err
}
