// SPDX-License-Identifier: Apache-2.0

// Command store is a Marine module that keeps lists of texts under names, in files of the folder that the peer gives every service,
// /storage. What it has acknowledged survives a restart.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func main() {}

const folder = "/storage"

// Append adds text to the end of a list and returns how many the list has now; 0 if it cannot be kept.
//
//marine:export
func Append(name string, text string) uint64 {
	list := All(name)
	b, err := os.ReadFile(file(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	if err := os.WriteFile(file(name), append(b, text...), 0o600); err != nil {
		return 0
	}
	return uint64(len(list) + 1)
}

// All returns a list, oldest text first.
//
//marine:export
func All(name string) []string {
	b, err := os.ReadFile(file(name))
	if err != nil {
		return nil
	}
	var list []string
	for len(b) >= 4 {
		n := binary.LittleEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-4) {
			break
		}
		list = append(list, string(b[4:4+n]))
		b = b[4+n:]
	}
	return list
}

func file(name string) string { return filepath.Join(folder, hex.EncodeToString([]byte(name))) }
