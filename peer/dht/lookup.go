// SPDX-License-Identifier: Apache-2.0

package dht

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"

	"github.com/go-fluence/fluence/peer/particle"
)

// Send sends p to to. A peer that is not connected is dialled at the addresses
// known for it; if that fails, it is looked up and dialled again.
//
// Errors: those of Find and of the host's Connect and Send.
func (d *DHT) Send(ctx context.Context, to peer.ID, p *particle.Particle) error {
	if err := d.connect(ctx, to); err != nil {
		return err
	}
	return d.cfg.Host.Send(ctx, to, p)
}

func (d *DHT) connect(ctx context.Context, to peer.ID) error {
	if to == d.cfg.Host.ID() || d.cfg.Host.Connected(to) {
		return nil // the host refuses to send to itself
	}
	err := d.cfg.Host.Connect(ctx, peer.AddrInfo{ID: to})
	if err == nil {
		return nil
	}
	info, findErr := d.Find(ctx, to)
	if findErr != nil {
		return errors.Join(err, findErr)
	}
	return d.cfg.Host.Connect(ctx, info)
}

// Connected reports whether to can be sent to without a dial or a look-up.
func (d *DHT) Connected(to peer.ID) bool { return d.cfg.Host.Connected(to) }

// Find returns the addresses of id that are in reach, as this peer or the
// network knows them. Concurrent calls for one peer share one look-up;
// after three failures in a row the peer is not looked up for a minute.
//
// Errors: ErrNotRunning, ErrNotFound, those of ctx.
func (d *DHT) Find(ctx context.Context, id peer.ID) (peer.AddrInfo, error) {
	table, life, err := d.current()
	if err != nil {
		return peer.AddrInfo{}, err
	}
	if until, banned := d.banned(id); banned {
		d.cfg.Metrics.resolved("banned")
		return peer.AddrInfo{}, fmt.Errorf("%w: %s: not looked up before %s", ErrNotFound, id, until.Format(time.TimeOnly))
	}
	flight := d.flights.DoChan(string(id), func() (any, error) {
		select {
		case d.lookups <- struct{}{}:
			defer func() { <-d.lookups }()
		case <-life.Done():
			return nil, life.Err()
		}
		ctx, cancel := context.WithTimeout(life, lookupTime)
		defer cancel()
		info, err := table.FindPeer(ctx, id)
		info.ID, info.Addrs = id, d.cfg.Host.InReach(info.Addrs)
		switch {
		case errors.Is(err, routing.ErrNotFound), err == nil && len(info.Addrs) == 0, errors.Is(err, context.DeadlineExceeded):
			err = fmt.Errorf("%w: %s", ErrNotFound, id)
		case err != nil:
			err = fmt.Errorf("%w: %s: %w", ErrNotFound, id, err)
		}
		d.note(id, err)
		return info, err
	})
	select {
	case <-ctx.Done():
		return peer.AddrInfo{}, ctx.Err()
	case r := <-flight:
		info, _ := r.Val.(peer.AddrInfo)
		return info, r.Err
	}
}

func (d *DHT) banned(id peer.ID) (until time.Time, banned bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.fails[id]
	return f.until, f.count >= failuresToBan && time.Now().Before(f.until)
}

// note remembers how a look-up ended. When too many failures are remembered,
// all of them are forgotten: the peers asked for come from scripts.
func (d *DHT) note(id peer.ID, err error) {
	if err == nil {
		d.cfg.Metrics.resolved("success")
	} else {
		d.cfg.Metrics.resolved("not_found")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.fails, id)
		return
	}
	if len(d.fails) >= maxBans {
		clear(d.fails)
	}
	f := d.fails[id]
	if f.count >= failuresToBan {
		f.count = 0 // the ban is over: three new tries
	}
	d.fails[id] = failure{count: f.count + 1, until: time.Now().Add(banTime)}
}
