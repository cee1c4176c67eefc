// SPDX-License-Identifier: Apache-2.0

package aquaipfs

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// Answers of aqua-ipfs; js-client refuses those with a field missing.
type (
	plainResult struct {
		Success bool   `json:"success"`
		Error   string `json:"error"`
	}
	putResult struct {
		plainResult
		Hash string `json:"hash"`
	}
	getResult struct {
		plainResult
		Path string `json:"path"`
	}
	catResult struct {
		plainResult
		Contents string `json:"contents"`
	}
	addrResult struct {
		plainResult
		Multiaddr string `json:"multiaddr"`
	}
)

func result(err error) plainResult {
	if err != nil {
		return plainResult{Error: err.Error()}
	}
	return plainResult{Success: true}
}

var (
	errNoVault = errors.New("this peer keeps no files of particles")
	errNoHost  = errors.New("this peer connects to no others")
	errNoDAG   = errors.New("only files travel here; use put and get")
	errNoAddr  = errors.New("multiaddr is not set")
)

func (s *Service) officialEntries() map[string]builtin.Entry {
	open := func(f func(*Service) (string, error)) builtin.Entry {
		return builtin.Entry{Kind: pipeline.Pure, Call: func(context.Context, pipeline.Call, *builtin.Args) (any, error) {
			addr, err := f(s)
			return addrResult{result(err), addr}, nil
		}}
	}
	return map[string]builtin.Entry{
		"put": guarded(s.put),
		"dag_put": guarded(func(context.Context, pipeline.Call, *builtin.Args) (any, error) {
			return putResult{result(errNoDAG), ""}, nil
		}),
		"get":      guarded(s.getFile(false)),
		"get_from": guarded(s.getFile(true)),
		// Upstream's dag_get is get of a single block; a file of one block is both.
		"dag_get":      guarded(s.getFile(false)),
		"dag_get_from": guarded(s.getFile(true)),
		"cat":          guarded(s.cat(false)),
		"cat_from":     guarded(s.cat(true)),
		"connect":      guarded(s.connect),
		"set_timeout":  guarded(s.setTimeout),

		"get_external_api_multiaddr":   open(func(s *Service) (string, error) { return s.addr(&s.external) }),
		"get_external_swarm_multiaddr": open((*Service).swarmAddr),
		"get_local_api_multiaddr":      open(func(s *Service) (string, error) { return s.addr(&s.local) }),
		"set_external_api_multiaddr":   guarded(s.setAddr(&s.external)),
		"set_external_swarm_multiaddr": guarded(s.setAddr(&s.swarm)),
		"set_local_api_multiaddr":      guarded(s.setAddr(&s.local)),
	}
}

// put is (file_path): keeps a file of the particle's vault and pins it for its
// scope.
func (s *Service) put(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	path, err := builtin.Next[string](a, "file_path")
	if err != nil {
		return nil, err
	}
	name, err := s.putFile(ctx, c, path)
	if err != nil {
		return putResult{result(err), ""}, nil
	}
	return putResult{result(nil), name.String()}, nil
}

func (s *Service) putFile(ctx context.Context, c pipeline.Call, path string) (cid.Cid, error) {
	if s.cfg.Vault == nil {
		return cid.Undef, errNoVault
	}
	data, err := s.cfg.Vault.Get(c, path, maxVault)
	if err != nil {
		return cid.Undef, err
	}
	name, err := s.cfg.Store.Put(data)
	if err != nil {
		return cid.Undef, err
	}
	return name, s.cfg.Store.Pin(ctx, name, "aqua-ipfs."+c.Scope.Peer.String())
}

// fetch is (hash) or (hash, external_multiaddr), at most limit bytes.
func (s *Service) fetch(ctx context.Context, a *builtin.Args, from bool, limit int64) (cid.Cid, []byte, error) {
	c, err := nextCID(a, "hash")
	if err != nil {
		return cid.Undef, nil, err
	}
	var providers []peer.AddrInfo
	if from {
		to, err := nextAddr(a, "external_multiaddr")
		if err != nil {
			return cid.Undef, nil, err
		}
		providers = append(providers, to)
	}
	s.mu.Lock()
	timeout := s.timeout
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	data, err := s.cfg.Store.GetFrom(ctx, c, limit, providers...)
	return c, data, err
}

func nextAddr(a *builtin.Args, name string) (peer.AddrInfo, error) {
	text, err := builtin.Next[string](a, name)
	if err != nil {
		return peer.AddrInfo{}, err
	}
	to, err := peer.AddrInfoFromString(text)
	if err != nil {
		return peer.AddrInfo{}, fmt.Errorf("%.128q is not the address of a peer; end it in /p2p/ID: %w", text, err)
	}
	return *to, nil
}

func (s *Service) getFile(from bool) builtin.Function {
	return func(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
		if s.cfg.Vault == nil {
			return getResult{result(errNoVault), ""}, nil
		}
		name, data, err := s.fetch(ctx, a, from, maxVault)
		if err != nil {
			return getResult{result(err), ""}, nil
		}
		path, err := s.cfg.Vault.Put(c, name.String(), data)
		return getResult{result(err), path}, nil
	}
}

func (s *Service) cat(from bool) builtin.Function {
	return func(ctx context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
		_, data, err := s.fetch(ctx, a, from, maxCat)
		if err == nil && !utf8.Valid(data) {
			err = errors.New("file is not UTF-8 text; use get")
		}
		if err != nil {
			return catResult{result(err), ""}, nil
		}
		return catResult{result(nil), string(data)}, nil
	}
}

// connect is (multiaddr).
func (s *Service) connect(ctx context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	to, err := nextAddr(a, "multiaddr")
	if err == nil && s.cfg.Host == nil {
		err = errNoHost
	}
	if err == nil {
		err = s.cfg.Host.Connect(ctx, to)
	}
	return result(err), nil
}

// setTimeout is (seconds), for one fetch.
func (s *Service) setTimeout(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	sec, err := builtin.Next[uint64](a, "timeout_sec")
	if err != nil {
		return nil, err
	}
	if sec == 0 || sec > uint64(maxTimeout/time.Second) {
		return nil, fmt.Errorf("timeout of %d s; choose 1 to %d", sec, maxTimeout/time.Second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timeout = time.Duration(sec) * time.Second
	return builtin.Empty{}, nil
}

func (s *Service) setAddr(field *string) builtin.Function {
	return func(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
		text, err := builtin.Next[string](a, "multiaddr")
		if err != nil {
			return nil, err
		}
		if len(text) > 512 {
			return result(errors.New("multiaddr has more than 512 bytes")), nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		*field = text
		return result(nil), nil
	}
}

func (s *Service) addr(field *string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *field == "" {
		return "", errNoAddr
	}
	return *field, nil
}

// swarmAddr is where other peers reach this one's blocks.
func (s *Service) swarmAddr() (string, error) {
	if addr, err := s.addr(&s.swarm); err == nil {
		return addr, nil
	}
	if s.cfg.Host == nil {
		return "", errNoHost
	}
	addrs, _ := s.cfg.Host.Addresses(s.cfg.Self)
	if len(addrs) == 0 {
		return "", errNoAddr
	}
	return addrs[0] + "/p2p/" + s.cfg.Self.String(), nil
}
