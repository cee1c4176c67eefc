// SPDX-License-Identifier: Apache-2.0

// Package randomx is the command "fluenced randomx": hashes, measurements, the
// self test, and the worker process that verifies capacity proofs.
package randomx

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// Command returns "randomx" with its verbs.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "randomx",
		Short: "Hash, measure and test RandomX, the work behind capacity proofs",
		Long: `Computes RandomX as capacity proofs need it. The parameter set "fluence" has a
dataset of 4 GiB and 16 cache accesses; "stock" is that of the reference library.
Light mode needs 256 MiB for each key, fast mode 2 GiB (stock) or 4 GiB (fluence)
and minutes to begin.`,
		Example: `  fluenced randomx hash --params fluence --key-hex 01020304050607 --input-hex 020304050607
  fluenced randomx bench --params stock --seconds 5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(hashCommand(), benchCommand(), selftestCommand(), workerCommand(), mineCommand())
	return cmd
}

// setFlags are the flags that choose what computes.
type setFlags struct {
	params, mode, engine string
}

func (f *setFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.params, "params", "fluence", "parameter set: fluence or stock")
	cmd.Flags().StringVar(&f.mode, "mode", "light", "light (256 MiB) or fast (2 or 4 GiB, minutes to begin)")
	cmd.Flags().StringVar(&f.engine, "engine", "auto", "auto, portable or compiled")
}

// read checks the flags.
func (f *setFlags) read() (p randomx.Params, fast bool, engine string, err error) {
	if p, err = paramsFlag(f.params); err != nil {
		return p, false, "", err
	}
	if f.mode != "light" && f.mode != "fast" {
		return p, false, "", term.Usage("use --mode light or --mode fast", "unknown mode %q", f.mode)
	}
	switch f.engine {
	case "auto", "portable", "compiled":
	default:
		return p, false, "", term.Usage("use --engine auto, portable or compiled", "unknown engine %q", f.engine)
	}
	return p, f.mode == "fast", f.engine, nil
}

// engine is newVM as --engine asks for it, and the name of what will compute.
func engine(c *randomx.Cache, name string) (func(*randomx.Cache, randomx.Memory) (*randomx.VM, error), string, error) {
	switch {
	case name == "portable" || name == "auto" && !c.Compiled():
		return randomx.NewPortableVM, "portable", nil
	case !c.Compiled():
		return nil, "", term.Hint(errors.New("this system has no compiled engine"), "use --engine portable, which computes the same hashes")
	default:
		return randomx.NewVM, "compiled", nil
	}
}

func paramsFlag(name string) (randomx.Params, error) {
	p, err := randomx.ParamsByName(name)
	if err != nil {
		return p, term.Usage("use --params fluence or --params stock", "unknown parameter set %q", name)
	}
	return p, nil
}

// vm makes a cache of key and a VM over it, in fast mode over its dataset.
// used names the engine.
func vm(cmd *cobra.Command, p randomx.Params, key []byte, fast bool, want string) (v *randomx.VM, used string, done func(), err error) {
	ctx, m := cmd.Context(), randomx.Memory{}
	c, err := randomx.NewCache(ctx, p, key, m)
	if err != nil {
		return nil, "", nil, explain(err)
	}
	newVM, used, err := engine(c, want)
	if err != nil {
		_ = c.Close()
		return nil, "", nil, err
	}
	if !fast {
		v, err := newVM(c, m)
		if err != nil {
			_ = c.Close()
			return nil, "", nil, explain(err)
		}
		return v, used, func() { _ = v.Close(); _ = c.Close() }, nil
	}
	percent := uint64(0)
	d, err := randomx.NewDataset(ctx, c, randomx.DatasetOptions{Memory: m, Progress: func(done, total uint64) {
		if now := done * 100 / total; now >= percent+5 || done == total {
			percent = now
			fmt.Fprintf(cmd.ErrOrStderr(), "dataset: %d %%\n", percent)
		}
	}})
	_ = c.Close()
	if err != nil {
		return nil, "", nil, explain(err)
	}
	newFast := randomx.NewFastVM
	if used == "portable" {
		newFast = randomx.NewPortableFastVM
	}
	v, err = newFast(d, m)
	if err != nil {
		_ = d.Close()
		return nil, "", nil, explain(err)
	}
	return v, used, func() { _ = v.Close(); _ = d.Close() }, nil
}

// explain adds a hint to the errors a person can do something about.
func explain(err error) error {
	switch {
	case errors.Is(err, randomx.ErrNoMemory):
		return term.Hint(err, "light mode needs 258 MiB of free memory, fast mode 2 or 4 GiB more")
	case errors.Is(err, randomx.ErrSelfTest):
		return term.Hint(err, "do not validate or prove on this machine: its processor or memory is faulty, or this build is wrong for it")
	default:
		return err
	}
}

// untilSignal makes the command's context end with an interrupt.
func untilSignal(cmd *cobra.Command) func() {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	cmd.SetContext(ctx)
	return stop
}

func hashCommand() *cobra.Command {
	var (
		f          setFlags
		key, input string
		asJSON     bool
	)
	cmd := &cobra.Command{
		Use:   "hash --key-hex KEY --input-hex INPUT",
		Short: "Print the RandomX hash of an input under a key",
		Example: `  $ fluenced randomx hash --params fluence --key-hex 01020304050607 --input-hex 020304050607
  43ef5412f7085db63dfbb799435457da870ef9a31fbe0f5a393c508a25b67a23`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, fast, want, err := f.read()
			if err != nil {
				return err
			}
			k, err := hex.DecodeString(key)
			if err != nil || len(k) == 0 || len(k) > randomx.MaxKeySize {
				return term.Usage("pass 1 to 60 bytes as hex digits, two for each byte", "--key-hex %q is not a key", key)
			}
			in, err := hex.DecodeString(input)
			if err != nil || len(in) > randomx.MaxInput || !cmd.Flags().Changed("input-hex") {
				return term.Usage(`pass at most 1 MiB as hex digits, or --input-hex "" for none`, "--input-hex %q is not an input", input)
			}
			defer untilSignal(cmd)()
			v, used, done, err := vm(cmd, p, k, fast, want)
			if err != nil {
				return err
			}
			defer done()
			h, err := v.Hash(cmd.Context(), in)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), map[string]string{
					"params": p.Name(), "mode": f.mode, "engine": used, "hash": hex.EncodeToString(h[:]),
				})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%x\n", h)
			return err
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&key, "key-hex", "", "key, 1 to 60 bytes in hex")
	cmd.Flags().StringVar(&input, "input-hex", "", "input, at most 1 MiB in hex")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func selftestCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Check that this machine computes the right hashes",
		Example: `  $ fluenced randomx selftest
  stock    ok
  fluence  ok`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sets := []randomx.Params{randomx.Stock(), randomx.Fluence()}
			if name != "" {
				p, err := paramsFlag(name)
				if err != nil {
					return err
				}
				sets = []randomx.Params{p}
			}
			defer untilSignal(cmd)()
			for _, p := range sets {
				if err := randomx.SelfTest(cmd.Context(), p, randomx.Memory{}); err != nil {
					return explain(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-7s  ok\n", p.Name())
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "params", "", "parameter set: fluence or stock (default both)")
	return cmd
}
