// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/store"
)

// peerFLT is what a peer's own account owns, for fees.
const peerFLT = 1_000

// peerAccount returns the account of the peer of validator i, which submits proofs and activates workers.
func peerAccount(i int) (network.Account, error) {
	a, err := network.KnownAccount(fmt.Sprintf("peer-%d", i), uint32(knownAccounts+maxValidators+i))
	return a.Funded(peerFLT, 0), err
}

// accountKeyFile is where the key of a peer's account is kept.
func accountKeyFile(d home.Dir) string { return d.Join("peer", "account_key") }

// writeAccountKey gives the peer of validator i its account.
func writeAccountKey(d home.Dir, i int) error {
	a, err := peerAccount(i)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(accountKeyFile(d)), 0o700); err != nil {
		return err
	}
	return os.WriteFile(accountKeyFile(d), []byte(strings.TrimPrefix(a.KeyHex(), "0x")+"\n"), 0o600)
}

// peerKey reads the key of the peer in a home, which it has made at its first start.
func peerKey(d home.Dir) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(d.Join("peer", "peer_key"))
	if err != nil {
		return nil, err
	}
	return store.ParseKey(string(text))
}

// idOf returns an id that a typed event of a receipt carries.
func idOf(r chain.Receipt, event, field string) ([]byte, error) {
	ids, err := idsOf(r, event, field)
	if err != nil {
		return nil, err
	}
	return ids[0], nil
}

// idsOf returns one id for each event of that type, in order; there is at least one.
func idsOf(r chain.Receipt, event, field string) (ids [][]byte, err error) {
	for _, e := range r.Events {
		if e.Type != event {
			continue
		}
		text, _ := e.Get(field)
		var encoded string
		if err := json.Unmarshal([]byte(text), &encoded); err != nil {
			return nil, fmt.Errorf("%s of %s: %q: %w", field, event, text, err)
		}
		id, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", field, event, err)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("transaction %s announced no %s", r.Hash, event)
	}
	return ids, nil
}

// appFile returns the demo's app: beside the program, where make puts it.
func appFile() (string, error) {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(self), "demo", "guestbook.car"), nil
}

// errNoDemo says why a devnet runs without the demo.
var errNoDemo = errors.New("the demo's app is not there")

// demoApp returns the file of the app, or errNoDemo.
func demoApp(given string) (string, error) {
	name := given
	if name == "" {
		var err error
		if name, err = appFile(); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(name); err != nil {
		return "", fmt.Errorf("%w: %s", errNoDemo, strings.TrimPrefix(err.Error(), "stat "))
	}
	return name, nil
}
