// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/go-fluence/fluence/peer/pipeline"
)

// maxConnectAddrs bounds the addresses of one peer.connect.
const maxConnectAddrs = 32

// contact is a peer and where to reach it.
type contact struct {
	PeerID    string   `json:"peer_id"`
	Addresses []string `json:"addresses"`
}

func (r *Registry) peerEntries() map[string]Entry {
	return map[string]Entry{
		"identify":      pure(func(*Args) (any, error) { return r.identify(), nil }),
		"timestamp_ms":  pure(func(*Args) (any, error) { return time.Now().UnixMilli(), nil }),
		"timestamp_sec": pure(func(*Args) (any, error) { return time.Now().Unix(), nil }),
		"timeout":       {Kind: pipeline.Wait, Call: peerTimeout},
		"is_connected":  pure(r.isConnected),
		"connect":       {Kind: pipeline.Effect, Guarded: true, Call: r.connect},
		"get_contact":   pure(r.getContact),
	}
}

// identify never answers a null list.
func (r *Registry) identify() Info {
	info := r.deps.Identify()
	if info.ExternalAddresses == nil {
		info.ExternalAddresses = []string{}
	}
	if info.AllowedBinaries == nil {
		info.AllowedBinaries = []string{}
	}
	return info
}

// peerTimeout is (duration_ms, message?): message, or "", after the time, which
// may be a number or a numeric text. It ends with the particle.
func peerTimeout(ctx context.Context, _ pipeline.Call, a *Args) (any, error) {
	ms, err := duration(a)
	if err != nil {
		return nil, err
	}
	message, given, err := Opt[string](a, "message")
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(ms)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, fmt.Errorf("particle ended before the timeout: %w", ctx.Err())
	}
	if !given {
		return Empty{}, nil
	}
	return message, nil
}

func duration(a *Args) (time.Duration, error) {
	const name = "duration_ms"
	if a.Len() > 0 && isString(a.list[0]) {
		text, err := Next[string](a, name)
		if err != nil {
			return 0, err
		}
		ms, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("Error deserializing field '%s': expected u64, got %q", name, clip([]byte(text))) //nolint:staticcheck // ST1005: upstream's text
		}
		return millis(ms), nil
	}
	ms, err := Next[uint64](a, name)
	return millis(ms), err
}

// millis is ms as a duration, at most the longest there is.
func millis(ms uint64) time.Duration {
	return time.Duration(min(ms, uint64(math.MaxInt64/time.Millisecond))) * time.Millisecond
}

func nextPeer(a *Args) (peer.ID, error) {
	text, err := Next[string](a, "peer_id")
	if err != nil {
		return "", err
	}
	id, err := peer.Decode(text)
	if err != nil {
		return "", fmt.Errorf("%q is not a peer id: %w", clip([]byte(text)), err)
	}
	return id, nil
}

func (r *Registry) isConnected(a *Args) (any, error) {
	id, err := nextPeer(a)
	if err != nil {
		return nil, err
	}
	return id == r.deps.Self || r.deps.Network.Connected(id), nil
}

func (r *Registry) getContact(a *Args) (any, error) {
	id, err := nextPeer(a)
	if err != nil {
		return nil, err
	}
	addrs, known := r.deps.Network.Addresses(id)
	if !known {
		return []contact{}, nil
	}
	return []contact{{PeerID: id.String(), Addresses: append([]string{}, addrs...)}}, nil
}

func (r *Registry) connect(ctx context.Context, _ pipeline.Call, a *Args) (any, error) {
	id, err := nextPeer(a)
	if err != nil {
		return nil, err
	}
	texts, _, err := Opt[[]string](a, "addresses")
	if err != nil {
		return nil, err
	}
	if len(texts) > maxConnectAddrs {
		return nil, fmt.Errorf("%d addresses, at most %d are tried", len(texts), maxConnectAddrs)
	}
	to := peer.AddrInfo{ID: id}
	for _, t := range texts {
		addr, err := ma.NewMultiaddr(t)
		if err != nil {
			return nil, fmt.Errorf("Error deserializing field 'addresses': expected a multiaddr, got %q", clip([]byte(t))) //nolint:staticcheck // ST1005: upstream's text
		}
		to.Addrs = append(to.Addrs, addr)
	}
	if err := r.deps.Network.Connect(ctx, to); err != nil {
		r.deps.Log.Debug("peer not connected", "peer", id, "err", err)
		return false, nil
	}
	return true, nil
}
