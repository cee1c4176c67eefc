// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/beacon"
)

// Errors of LoadVRFKey.
var (
	// ErrVRFKey reports a VRF key file that is not one.
	ErrVRFKey = errors.New("VRF key file refused")
	// ErrVRFKeyOpen reports a VRF key file that others may read.
	ErrVRFKeyOpen = errors.New("VRF key file is open to others")
	// ErrNoVRFKey reports a home without a VRF key.
	ErrNoVRFKey = errors.New("no VRF key")
)

// vrfFile is the form of the key file. Bytes are base64.
type vrfFile struct {
	Type   string `json:"type"`
	Public []byte `json:"public_key"` // 32 bytes
	Seed   []byte `json:"seed"`       // 32 secret bytes
}

// vrfType names the suite of RFC 9381.
const vrfType = "ECVRF-EDWARDS25519-SHA512-ELL2"

// maxVRFFile bounds how much of a key file is read.
const maxVRFFile = 4096

// VRFKey returns the path of the key that makes this validator's outputs for the
// beacon.
func (d Dir) VRFKey() string { return d.Join("config", "vrf_key.json") }

// NewVRFKey makes a key and writes it to the home, readable by its owner only. An
// existing file is kept and is an error.
//
// Errors: fs.ErrExist.
func NewVRFKey(d Dir) (*beacon.Key, error) {
	seed := make([]byte, beacon.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	key, err := beacon.NewKey(seed)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(vrfFile{Type: vrfType, Public: key.Public(), Seed: seed}, "", "  ")
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.VRFKey(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(append(text, '\n'))
	return key, errors.Join(err, f.Close())
}

// LoadVRFKey reads the home's key.
//
// Errors: ErrNoVRFKey, ErrVRFKey, ErrVRFKeyOpen, each with a hint.
func LoadVRFKey(d Dir) (*beacon.Key, error) {
	path := d.VRFKey()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, term.Hint(fmt.Errorf("%w: %s", ErrNoVRFKey, path), "put the file back from your copy, or make one and register it: fluenced node vrf --new OPERATOR")
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, term.Hint(fmt.Errorf("%w: %s has mode %04o", ErrVRFKeyOpen, path, info.Mode().Perm()), "chmod 600 %s", path)
	case info.Size() > maxVRFFile:
		return nil, term.Hint(fmt.Errorf("%w: %s: has %d bytes, at most %d are read", ErrVRFKey, path, info.Size(), maxVRFFile), "put the file back from your copy")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := parseVRF(text)
	if err != nil {
		return nil, term.Hint(fmt.Errorf("%w: %s: %w", ErrVRFKey, path, err), "put the file back from your copy")
	}
	return key, nil
}

// parseVRF reads a key file's text.
func parseVRF(text []byte) (*beacon.Key, error) {
	var f vrfFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if f.Type != vrfType {
		return nil, fmt.Errorf("type: %q, want %q", f.Type, vrfType)
	}
	key, err := beacon.NewKey(f.Seed)
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	if !bytes.Equal(key.Public(), f.Public) {
		return nil, errors.New("public_key: is not that of the seed")
	}
	return key, nil
}
