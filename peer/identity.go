// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
)

// Names of key files in the peer's folder.
const (
	managementKeyFile = "management_key"
	builtinsKeyFile   = "builtins_key"
)

// identity is the keys of a peer. It never changes.
type identity struct {
	self       peer.ID
	key        libp2pcrypto.PrivKey
	seed       []byte
	management ed25519.PrivateKey
	managers   []peer.ID
	workers    pipeline.Keys // nil for none
	sealed     bool
}

// openIdentity loads the keys, making those that are absent.
func openIdentity(files *store.Store, cfg config.Config, deps Deps) (id identity, err error) {
	keys, err := files.Keys("", deps.Passphrase)
	if err != nil {
		return id, err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	root, err := rootKey(keys, cfg)
	if err != nil {
		return id, err
	}
	id.seed, id.workers, id.sealed = seedOf(root), deps.Workers, deps.Passphrase != ""
	if id.key, id.self, err = libp2pKey(root); err != nil {
		return id, err
	}
	if id.management, _, err = keys.LoadOrCreate(managementKeyFile); err != nil {
		return id, err
	}
	builtins, _, err := keys.LoadOrCreate(builtinsKeyFile)
	if err != nil {
		return id, err
	}
	for _, k := range []ed25519.PrivateKey{id.management, builtins} {
		_, manager, err := libp2pKey(k)
		if err != nil {
			return id, err
		}
		id.managers = append(id.managers, manager)
	}
	if cfg.ManagementPeerID != "" {
		manager, err := peer.Decode(cfg.ManagementPeerID)
		if err != nil {
			return id, &config.ValueError{Source: "configuration", Name: "management_peer_id", Err: err}
		}
		id.managers = append(id.managers, manager)
	}
	return id, nil
}

func rootKey(keys *store.Keys, cfg config.Config) (ed25519.PrivateKey, error) {
	switch {
	case cfg.RootKey != "":
		key, err := store.ParseKey(cfg.RootKey)
		if err != nil {
			return nil, &config.ValueError{Source: "configuration", Name: "root_key_pair.value", Err: err}
		}
		return key, nil
	case cfg.GenerateOnAbsence:
		key, _, err := keys.LoadOrCreate(cfg.RootKeyFile)
		return key, err
	}
	key, err := keys.Load(cfg.RootKeyFile)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("no peer key: %w; set root_key_pair.generate_on_absence or put one there", err)
	}
	return key, err
}

func libp2pKey(key ed25519.PrivateKey) (libp2pcrypto.PrivKey, peer.ID, error) {
	k, err := libp2pcrypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		return nil, "", err
	}
	id, err := peer.IDFromPrivateKey(k)
	return k, id, err
}

// Seed returns the seed of this peer or of one of its workers.
func (id identity) Seed(of peer.ID, initiator string) ([]byte, bool) {
	if of == id.self {
		return id.seed, true
	}
	if id.workers == nil {
		return nil, false
	}
	return id.workers.Seed(of, initiator)
}

// errNoKey reports a scope without a key here.
var errNoKey = errors.New("no key for this scope")

// Sign signs with the key of scope.
func (id identity) Sign(scope peer.ID, data []byte) ([]byte, error) {
	seed, ok := id.Seed(scope, id.self.String())
	if !ok {
		return nil, errNoKey
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(seed), data), nil
}

// Verify checks a signature of the key of scope.
func (id identity) Verify(scope peer.ID, data, signature []byte) (bool, error) {
	key, err := scope.ExtractPublicKey()
	if err != nil {
		return false, err
	}
	return key.Verify(data, signature)
}
