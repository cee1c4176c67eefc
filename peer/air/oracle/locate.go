// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// wasmSHA256 is the hash of avm.wasm in @fluencelabs/avm 0.62.0.
const wasmSHA256 = "4a9f248d19582a4c0c638a3e4485d092dbf707dd7ad766f5320698b082010eba"

// WasmPathVariable names the environment variable that points at an avm.wasm to
// use instead of the one npm fetches.
const WasmPathVariable = "ORACLE_AVM_WASM"

// Wasm returns the bytes of avm.wasm 0.62.0. When scripts/interop has no
// packages yet, it installs them with `npm ci`.
//
// Errors: a file whose hash is another, no repository above the working folder,
// and what npm says.
func Wasm(ctx context.Context) ([]byte, error) {
	path := os.Getenv(WasmPathVariable)
	if path == "" {
		dir, err := interopDir()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(dir, "node_modules", "@fluencelabs", "avm", "dist", "avm.wasm")
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
			npm.Dir = dir
			if out, err := npm.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("npm ci in %s: %w\n%s", dir, err, out)
			}
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != wasmSHA256 {
		return nil, fmt.Errorf("%s has sha256 %x, want %s", path, sum, wasmSHA256)
	}
	return b, nil
}

// interopDir finds scripts/interop above the working folder.
func interopDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		candidate := filepath.Join(dir, "scripts", "interop")
		if _, err := os.Stat(filepath.Join(candidate, "package-lock.json")); err == nil {
			return candidate, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no scripts/interop above the working folder")
		}
		dir = up
	}
}
