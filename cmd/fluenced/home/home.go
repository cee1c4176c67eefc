// SPDX-License-Identifier: Apache-2.0

// Package home is the folder a validator lives in: where its files are, how they
// are first written, how they are read, and what is said when one is wrong. It
// starts nothing and opens no database.
package home

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
)

// Dir is the path of a home folder.
//
//	config/   config.toml app.toml client.toml genesis.json, keys of the validator
//	data/     blocks, state, the socket the peer reads the chain through
//	peer/     keys and files of the particle peer
//	logs/     one file per process when supervised
type Dir string

// Environ is the variable that names the home folder when --home is not given.
const Environ = "FLUENCED_HOME"

// ErrNoHome reports a folder that was never initialised.
var ErrNoHome = errors.New("no home")

// Default returns the folder used without --home: $FLUENCED_HOME, else
// ~/.fluenced, else .fluenced where the user has no folder.
func Default() string {
	if dir := os.Getenv(Environ); dir != "" {
		return dir
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return ".fluenced"
	}
	return filepath.Join(user, ".fluenced")
}

// Join returns the path of a file below the home.
func (d Dir) Join(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Comet returns the path of CometBFT's configuration.
func (d Dir) Comet() string { return d.Join("config", "config.toml") }

// App returns the path of the application's configuration.
func (d Dir) App() string { return d.Join("config", "app.toml") }

// Client returns the path of the configuration commands read.
func (d Dir) Client() string { return d.Join("config", "client.toml") }

// Peer returns the path of the particle peer's configuration.
func (d Dir) Peer() string { return d.Join("config", "peer.toml") }

// Genesis returns the path of the network's first state.
func (d Dir) Genesis() string { return d.Join("config", "genesis.json") }

// Log returns the path of the log of the process called name.
func (d Dir) Log(name string) string { return d.Join("logs", name+".log") }

// maxSocketPath is what every system we know allows in a unix socket address (104
// bytes on macOS, 108 on Linux, with the closing zero).
const maxSocketPath = 100

// Socket returns the path of the unix socket on which the validator answers
// CometBFT RPC to its own machine. A home whose path is too long for a socket
// address gets one in the system's folder for temporary files.
func (d Dir) Socket() string {
	abs, err := filepath.Abs(string(d))
	if err != nil {
		abs = string(d)
	}
	if path := filepath.Join(abs, "data", "chain.sock"); len(path) <= maxSocketPath {
		return path
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(abs))
	return filepath.Join(os.TempDir(), fmt.Sprintf("fluenced-%d-%x", os.Getuid(), sum.Sum64()), "chain.sock")
}

// Exists reports whether the folder was initialised.
func (d Dir) Exists() bool {
	_, err := os.Stat(d.Comet())
	return err == nil
}
