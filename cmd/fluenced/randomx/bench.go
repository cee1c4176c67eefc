// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// benchResult is what bench prints.
type benchResult struct {
	Params      string  `json:"params"`
	Mode        string  `json:"mode"`
	Engine      string  `json:"engine"`
	Threads     int     `json:"threads"`
	CacheMs     float64 `json:"cache_ms"`     // to fill one cache
	ItemUs      float64 `json:"item_us"`      // to compute one dataset item
	DatasetS    float64 `json:"dataset_s"`    // to compute the dataset; 0 in light mode
	Hashes      uint64  `json:"hashes"`       // in all threads
	HashMs      float64 `json:"hash_ms"`      // of one hash on one thread
	HashesPerS  float64 `json:"hashes_per_s"` // of all threads
	MemoryBytes uint64  `json:"memory_bytes"` // off the Go heap, while hashing
	Processors  int     `json:"processors"`   // that the program may use
	Platform    string  `json:"platform"`     // operating system and architecture
}

func benchCommand() *cobra.Command {
	var (
		f       setFlags
		seconds int
		threads int
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast this machine fills caches and hashes",
		Example: `  fluenced randomx bench --params fluence --seconds 10
  fluenced randomx bench --params stock --mode fast --threads 2 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, fast, want, err := f.read()
			switch {
			case err != nil:
				return err
			case seconds < 1 || seconds > 3600:
				return term.Usage("use --seconds 1 to 3600", "cannot measure for %d seconds", seconds)
			case threads < 1 || threads > 1024:
				return term.Usage("use --threads 1 to 1024", "cannot use %d threads", threads)
			}
			defer untilSignal(cmd)()
			r, err := bench(cmd, p, fast, want, threads, time.Duration(seconds)*time.Second)
			if err != nil {
				return explain(err)
			}
			r.Mode = f.mode
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), r)
			}
			return r.table(cmd)
		},
	}
	f.register(cmd)
	cmd.Flags().IntVar(&seconds, "seconds", 5, "seconds to hash for")
	cmd.Flags().IntVar(&threads, "threads", 1, "threads to hash with")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// bench measures once.
func bench(cmd *cobra.Command, p randomx.Params, fast bool, want string, threads int, length time.Duration) (*benchResult, error) {
	ctx := cmd.Context()
	r := &benchResult{
		Params: p.Name(), Threads: threads,
		Processors: runtime.GOMAXPROCS(0), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	m := randomx.Memory{Budget: randomx.NewBudget(0)}
	start := time.Now()
	c, err := randomx.NewCache(ctx, p, []byte("fluenced randomx bench"), m)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	r.CacheMs = ms(time.Since(start))

	const sample = 2000
	start = time.Now()
	for n := range uint64(sample) {
		if _, err := c.Item(n * 1009); err != nil {
			return nil, err
		}
	}
	r.ItemUs = ms(time.Since(start)) * 1000 / sample

	lightVM, used, err := engine(c, want)
	if err != nil {
		return nil, err
	}
	r.Engine = used
	newVM := func() (*randomx.VM, error) { return lightVM(c, m) }
	if fast {
		start = time.Now()
		d, err := randomx.NewDataset(ctx, c, randomx.DatasetOptions{Memory: m, Workers: threads})
		if err != nil {
			return nil, err
		}
		defer func() { _ = d.Close() }()
		r.DatasetS = time.Since(start).Seconds()
		fastVM := randomx.NewFastVM
		if used == "portable" {
			fastVM = randomx.NewPortableFastVM
		}
		newVM = func() (*randomx.VM, error) { return fastVM(d, m) }
	}
	return r, r.hash(ctx, newVM, m.Budget, length)
}

// hash lets all threads hash for the given time.
func (r *benchResult) hash(ctx context.Context, newVM func() (*randomx.VM, error), b *randomx.Budget, length time.Duration) error {
	vms := make([]*randomx.VM, r.Threads)
	for i := range vms {
		v, err := newVM()
		if err != nil {
			return err
		}
		defer func() { _ = v.Close() }()
		vms[i] = v
	}
	r.MemoryBytes = b.InUse()
	meter := randomx.NewMeter()
	enough := time.Now().Add(length)
	errs := make([]error, len(vms))
	var group sync.WaitGroup
	for i, v := range vms {
		group.Go(func() {
			// Every hash is found, so that the search ends between two of them.
			_, errs[i] = randomx.Mine(ctx, v, randomx.Search{
				Start: [32]byte{31: byte(i)}, Difficulty: everything(), Meter: meter,
				Found: func(_, _ [32]byte) bool { return time.Now().Before(enough) },
			})
		})
	}
	group.Wait()
	r.Hashes, r.HashesPerS = meter.Hashes(), meter.Rate()
	r.HashMs = 1000 * float64(r.Threads) / r.HashesPerS
	return errors.Join(errs...)
}

// everything is a difficulty that all hashes but one are below.
func everything() (d [32]byte) {
	for i := range d {
		d[i] = 0xff
	}
	return d
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r *benchResult) table(cmd *cobra.Command) error {
	rows := [][]string{
		{"parameters", r.Params + ", " + r.Mode + " mode, " + r.Engine + " engine"},
		{"cache", fmt.Sprintf("%.0f ms", r.CacheMs)},
		{"dataset item", fmt.Sprintf("%.2f us", r.ItemUs)},
	}
	if r.DatasetS > 0 {
		rows = append(rows, []string{"dataset", fmt.Sprintf("%.1f s", r.DatasetS)})
	}
	rows = append(rows,
		[]string{"hash", fmt.Sprintf("%.2f ms", r.HashMs)},
		[]string{"rate", fmt.Sprintf("%.2f hashes/s on %d thread(s)", r.HashesPerS, r.Threads)},
		[]string{"memory", fmt.Sprintf("%d MiB", r.MemoryBytes>>20)},
	)
	return term.Table(cmd.OutOrStdout(), []string{"WHAT", "MEASURED"}, rows)
}
