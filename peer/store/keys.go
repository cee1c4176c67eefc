// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/mr-tron/base58"
)

// maxKeyFileBytes bounds what is read of a key file.
const maxKeyFileBytes = 64 << 10

// sealedPrefix starts every age file.
const sealedPrefix = "age-encryption.org/v1\n"

// maxScryptWork is the work factor (log2 of N) accepted from a sealed file: 2^20
// takes about three seconds and 1 GiB, so a planted file cannot ask for more.
const maxScryptWork = 20

// scryptWork is the work factor of files written here: 2^15 takes 32 MiB and
// about a tenth of a second per key, and a peer opens several.
const scryptWork = 15

// Keys keeps Ed25519 keys, one file each. The file holds the 32-byte seed as
// base64 text with a newline, or that text sealed as an age file. Read accepts,
// as upstream does, base64 or base58 of the seed or of seed and public key.
type Keys struct {
	files      *Files
	passphrase string
	work       int
}

// Keys opens an area for keys. A passphrase other than "" seals every key that
// is written and opens sealed ones; keys that lie there unsealed still open. The
// area "" is the store's own folder.
//
// Errors: ErrName.
func (s *Store) Keys(area, passphrase string) (*Keys, error) {
	if area == "" {
		root, err := s.root.OpenRoot(".")
		if err != nil {
			return nil, err
		}
		return &Keys{files: &Files{root: root}, passphrase: passphrase, work: scryptWork}, nil
	}
	files, err := s.Files(area, 0)
	if err != nil {
		return nil, err
	}
	return &Keys{files: files, passphrase: passphrase, work: scryptWork}, nil
}

// Close releases the area.
func (k *Keys) Close() error { return k.files.Close() }

// Load returns the key kept as name.
//
// Errors: ErrNotFound, ErrPassphrase, ErrKeyFile, ErrName.
func (k *Keys) Load(name string) (ed25519.PrivateKey, error) {
	raw, err := k.files.Get(name)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxKeyFileBytes {
		return nil, fmt.Errorf("key %s is %d bytes long: %w", name, len(raw), ErrKeyFile)
	}
	if bytes.HasPrefix(raw, []byte(sealedPrefix)) {
		if raw, err = k.unseal(raw); err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
	}
	key, err := ParseKey(string(raw))
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	return key, nil
}

// Save writes key as name.
//
// Errors: ErrName.
func (k *Keys) Save(name string, key ed25519.PrivateKey) error {
	raw := []byte(base64.StdEncoding.EncodeToString(key.Seed()) + "\n")
	if k.passphrase != "" {
		sealed, err := k.seal(raw)
		if err != nil {
			return fmt.Errorf("seal key %s: %w", name, err)
		}
		raw = sealed
	}
	return k.files.Put(name, raw)
}

// LoadOrCreate returns the key kept as name, making and saving one first if
// there is none. created tells which.
//
// Errors: those of Load and Save, except ErrNotFound.
func (k *Keys) LoadOrCreate(name string) (key ed25519.PrivateKey, created bool, err error) {
	key, err = k.Load(name)
	if !errors.Is(err, ErrNotFound) {
		return key, false, err
	}
	_, key, err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, false, fmt.Errorf("make key %s: %w", name, err)
	}
	return key, true, k.Save(name, key)
}

// Delete removes the key kept as name.
//
// Errors: ErrNotFound, ErrName.
func (k *Keys) Delete(name string) error { return k.files.Delete(name) }

// List returns the names of all keys in byte order.
func (k *Keys) List() ([]string, error) { return k.files.List("") }

func (k *Keys) seal(plain []byte) ([]byte, error) {
	to, err := age.NewScryptRecipient(k.passphrase)
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(k.work)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (k *Keys) unseal(sealed []byte) ([]byte, error) {
	if k.passphrase == "" {
		return nil, fmt.Errorf("sealed: %w", ErrPassphrase)
	}
	id, err := age.NewScryptIdentity(k.passphrase)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(maxScryptWork)
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxKeyFileBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	return plain, nil
}

// ParseKey reads an Ed25519 key from text: base64 (tried first) or base58 of the
// 32-byte seed, or of the 64 bytes of seed and public key. White space around it
// is ignored.
//
// Errors: ErrKeyFile.
//
// Source: nox@b349812f0:crates/server-config (key formats), fact only.
func ParseKey(text string) (ed25519.PrivateKey, error) {
	text = strings.TrimSpace(text)
	if len(text) > 128 {
		return nil, fmt.Errorf("%w: %d characters of key text", ErrKeyFile, len(text))
	}
	for _, decode := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, base58.Decode} {
		raw, err := decode(text)
		if err != nil {
			continue
		}
		switch len(raw) {
		case ed25519.SeedSize:
			return ed25519.NewKeyFromSeed(raw), nil
		case ed25519.PrivateKeySize:
			key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
			if !bytes.Equal(key, raw) {
				return nil, fmt.Errorf("%w: public half does not match the seed", ErrKeyFile)
			}
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: want base64 or base58 of 32 or 64 bytes", ErrKeyFile)
}
