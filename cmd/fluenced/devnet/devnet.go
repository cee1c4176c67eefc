// SPDX-License-Identifier: Apache-2.0

// Package devnet runs a whole network on this machine: real processes on loopback,
// accounts with coins whose keys everyone knows, and a file that says where
// everything is. It is for trying and testing, never for anything of worth.
package devnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/supervise"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
	"github.com/go-fluence/fluence/peer"
)

// Errors of Run.
var (
	// ErrRunning reports a folder in which a devnet runs already.
	ErrRunning = errors.New("a devnet runs here already")
	// ErrOtherShape reports a network that exists with another size or epoch.
	ErrOtherShape = errors.New("the network here is another one")
	// ErrSlow reports a network that made no blocks in time.
	ErrSlow = errors.New("network did not start in time")
)

// startTimeout bounds the wait for the first blocks. A loaded machine needs more
// than the 40 s a free one is promised.
const startTimeout = 3 * time.Minute

// Options is what a devnet is asked to be.
type Options struct {
	Dir        string        // folder of everything
	Validators int           // 1 to 16; zero for what is there, or 3
	Epoch      time.Duration // whole seconds; zero for what is there, or 15 s
	Demo       bool          // set up an offer, pledges and a deal
	App        string        // file of the demo's app; "" is the one beside the program
}

// Network is a devnet while it runs.
type Network struct {
	opts    Options
	members []member
	out     io.Writer // progress and notices
	tty     bool

	mu      sync.Mutex // guards info and written
	info    Info
	written bool
}

// member is one validator with its processes.
type member struct {
	dir   home.Dir
	ports ports
	sup   *supervise.Supervisor
}

// Run lays the network out if it is new, runs it until ctx ends, and leaves no
// process behind. ready is called once, when devnet.json is written,
// with what opts left open filled in.
//
// Errors: ErrRunning, ErrOtherShape, ErrSlow, and those of the validators.
func Run(ctx context.Context, opts Options, notices io.Writer, tty bool, ready func(Info, Options)) error {
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return err
	}
	unlock, err := lock(opts.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return err
	}
	n := &Network{opts: opts, out: notices, tty: tty}
	if err := os.Remove(n.path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := n.layOut(); err != nil {
		return err
	}
	if err := n.prepare(); err != nil {
		return err
	}
	defer func() { _ = os.Remove(n.path()) }()
	return n.run(ctx, ready)
}

// joining has a peer join the others through the peer of validator 0, once that one
// says where it is.
func (n *Network) joining(first func(context.Context) ([]string, error)) func(context.Context) ([]string, error) {
	return func(ctx context.Context) ([]string, error) {
		if _, err := first(ctx); err != nil {
			return nil, err
		}
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			r, err := peer.ReadReady(n.members[0].dir.Join("peer"))
			if err == nil && len(r.Multiaddrs) > 0 {
				return []string{"--set", "bootstrap_nodes=" + r.Multiaddrs[0]}, nil
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-tick.C:
			}
		}
	}
}

// path returns where the network is described.
func (n *Network) path() string { return filepath.Join(n.opts.Dir, FileName) }

// prepare makes one supervisor per validator, which are told of each start.
func (n *Network) prepare() error {
	for i := range n.members {
		procs, err := validator.Processes(n.members[i].dir, append(n.members[i].ports.peerArgs(), "--set", "chain.account_key_path="+accountKeyFile(n.members[i].dir))...)
		if err != nil {
			return err
		}
		for j, p := range procs {
			name := p.Name
			if name == "peer" && i > 0 {
				procs[j].Before = n.joining(p.Before)
			}
			procs[j].Name = fmt.Sprintf("%s of validator-%d", p.Name, i)
			procs[j].Started = func(pid int) { n.started(i, name, pid) }
		}
		n.members[i].sup = supervise.New(n.out, nil, procs...)
	}
	return nil
}

// run supervises all validators and reports when they make blocks.
func (n *Network) run(ctx context.Context, ready func(Info, Options)) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, m := range n.members {
		g.Go(func() error {
			if err := m.sup.Run(gctx); err != nil {
				return err
			}
			if gctx.Err() == nil {
				return errors.New("a validator ended by itself")
			}
			return nil
		})
	}
	g.Go(func() error {
		if err := n.await(gctx); err != nil || gctx.Err() != nil {
			return err
		}
		demo, ended := n.tryDemo(gctx, n.learn())
		if ended {
			return nil
		}
		info, err := n.write(demo)
		if err != nil {
			return err
		}
		ready(info, n.opts)
		return nil
	})
	return g.Wait()
}

// tryDemo sets the demo up. The network is of use without it: a failure is told, and
// nil returned. ended tells that ctx did.
func (n *Network) tryDemo(ctx context.Context, info Info) (demo *Demo, ended bool) {
	if !n.opts.Demo {
		return nil, false
	}
	begun, line := time.Now(), progress{w: n.out, tty: n.tty}
	d, err := n.demonstrate(ctx, info, func(text string) { line.show("demo: "+text, time.Since(begun)) })
	line.end()
	switch {
	case ctx.Err() != nil:
		return nil, true
	case err != nil:
		term.Report(n.out, term.Hint(err, "the network runs without the demo; make demo builds its app"))
		return nil, false
	}
	return &d, false
}

// await shows progress until every validator has made a block with the others.
func (n *Network) await(ctx context.Context) error {
	begun := time.Now()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	line := progress{w: n.out, tty: n.tty}
	for {
		up, height := n.count(ctx)
		line.show(fmt.Sprintf("validators ready %d/%d, height %d", up, len(n.members), height), time.Since(begun))
		if up == len(n.members) {
			line.end()
			return nil
		}
		if time.Since(begun) > startTimeout {
			line.end()
			return term.Hint(fmt.Errorf("%w: %d of %d validators make blocks after %s", ErrSlow, up, len(n.members), startTimeout),
				"look into %s", n.members[0].dir.Log("node"))
		}
		select {
		case <-ctx.Done():
			line.end()
			return nil
		case <-tick.C:
		}
	}
}

// count returns how many validators are ready and the newest height seen.
func (n *Network) count(ctx context.Context) (up int, height int64) {
	for _, m := range n.members {
		select {
		case <-m.sup.Ready():
			up++
		default:
		}
		if s, err := validator.LocalStatus(ctx, m.dir); err == nil {
			height = max(height, s.Height)
		}
	}
	return up, height
}

func lock(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, "devnet.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, term.Hint(fmt.Errorf("%w: %s", ErrRunning, dir), "stop it with Ctrl-C where it was started, or use another --home")
	}
	return func() { _ = f.Close() }, nil
}
