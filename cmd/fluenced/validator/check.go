// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// Errors of Check.
var (
	ErrHomeInUse  = errors.New("home is in use")
	ErrReadOnly   = errors.New("folder cannot be written")
	ErrDiskFull   = errors.New("disk is full")
	ErrPortInUse  = errors.New("address is in use")
	ErrOpenKey    = errors.New("key file is open to others")
	ErrKeyMissing = errors.New("key file is missing")
	ErrKeyFile    = errors.New("key file refused")
)

// minFreeBytes is the least free space a validator starts with: below it the next
// compaction of the database would fail half way.
const minFreeBytes = 256 << 20

// Check finds what would keep the node from running, before anything is opened, and
// locks the home against a second process; unlock gives it back.
//
// Errors: ErrHomeInUse, ErrReadOnly, ErrDiskFull, ErrPortInUse, ErrOpenKey,
// ErrKeyMissing, ErrKeyFile, each with a hint.
func Check(s *home.Settings) (unlock func(), err error) {
	if err := checkKeys(s); err != nil {
		return nil, err
	}
	data := s.Home.Join("data")
	if err := checkFolder(data); err != nil {
		return nil, err
	}
	unlock, err = Lock(s.Home)
	if err != nil {
		return nil, err
	}
	if err := checkAddresses(s); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// checkKeys refuses keys that are missing, damaged or readable by others. Making
// new ones silently would turn a validator into a stranger.
func checkKeys(s *home.Settings) error {
	for _, path := range []string{s.Comet.PrivValidatorKeyFile(), s.Comet.NodeKeyFile()} {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return term.Hint(fmt.Errorf("%w: %s", ErrKeyMissing, path), "put the file back from your copy; a new key would be another validator")
		case err != nil:
			return err
		case info.Mode().Perm()&0o077 != 0:
			return term.Hint(fmt.Errorf("%w: %s has mode %04o", ErrOpenKey, path, info.Mode().Perm()), "chmod 600 %s", path)
		}
	}
	for _, path := range []string{s.Comet.PrivValidatorKeyFile(), s.Comet.NodeKeyFile(), s.Comet.PrivValidatorStateFile()} {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // the state file; the others were seen above
			return term.Hint(fmt.Errorf("%w: %s", ErrKeyMissing, path),
				"put the file back from the same machine; without it a validator may sign twice and be slashed")
		}
		if err != nil {
			return err
		}
		if !json.Valid(text) {
			return term.Hint(fmt.Errorf("%w: %s is not JSON", ErrKeyFile, path), "put the file back from your copy")
		}
	}
	return nil
}

func checkFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return term.Hint(fmt.Errorf("%w: %s: %w", ErrReadOnly, path, err), "give the folder to the user who runs fluenced: chown -R USER %s", path)
	}
	f, err := os.CreateTemp(path, ".write-test-*")
	if err != nil {
		return term.Hint(fmt.Errorf("%w: %s: %w", ErrReadOnly, path, err), "give the folder to the user who runs fluenced: chown -R USER %s", path)
	}
	_ = f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return nil //nolint:nilerr // a file system that does not tell its free space is used as it is
	}
	if free := st.Bavail * uint64(st.Bsize); free < minFreeBytes {
		return term.Hint(fmt.Errorf("%w: %s has %d MiB left, a validator needs %d", ErrDiskFull, path, free>>20, minFreeBytes>>20),
			"free space, or move the home and start with --home")
	}
	return nil
}

// LockFile is the file in the data folder that a running validator holds.
const LockFile = "fluenced.lock"

// Lock keeps a validator from starting on a home; unlock gives it back.
//
// Errors: ErrHomeInUse.
func Lock(d home.Dir) (unlock func(), err error) {
	f, err := os.OpenFile(d.Join("data", LockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, term.Hint(fmt.Errorf("%w: another process runs on %s", ErrHomeInUse, d), "stop it first, or give this one its own --home")
	}
	return func() { _ = f.Close() }, nil
}

// address is one listening address and the key that sets it.
type address struct{ file, key, addr string }

// addresses lists every TCP address the node will listen on.
func addresses(s *home.Settings) []address {
	c, a := s.Comet, s.App
	list := []address{
		{s.Home.Comet(), "rpc.laddr", c.RPC.ListenAddress},
		{s.Home.Comet(), "p2p.laddr", c.P2P.ListenAddress},
	}
	add := func(on bool, file, key, addr string) {
		if on && addr != "" {
			list = append(list, address{file, key, addr})
		}
	}
	add(c.RPC.IsPprofEnabled(), s.Home.Comet(), "rpc.pprof_laddr", c.RPC.PprofListenAddress)
	add(c.Instrumentation.Prometheus, s.Home.Comet(), "instrumentation.prometheus_listen_addr", c.Instrumentation.PrometheusListenAddr)
	add(a.GRPC.Enable, s.Home.App(), "grpc.address", a.GRPC.Address)
	add(a.API.Enable, s.Home.App(), "api.address", a.API.Address)
	add(a.JSONRPC.Enable, s.Home.App(), "json-rpc.address", a.JSONRPC.Address)
	add(a.JSONRPC.Enable, s.Home.App(), "json-rpc.ws-address", a.JSONRPC.WsAddress)
	return list
}

// checkAddresses listens on each address for a moment, all at once, so that two
// keys with one port are found too.
func checkAddresses(s *home.Settings) error {
	taken := map[string]string{}
	for _, a := range addresses(s) {
		host := strings.TrimPrefix(a.addr, "tcp://")
		if strings.Contains(host, "://") {
			continue
		}
		if other, dup := taken[host]; dup {
			return term.Hint(fmt.Errorf("%w: %s: %s: %s is also %s", ErrPortInUse, a.file, a.key, host, other), "give each key a port of its own")
		}
		ln, err := net.Listen("tcp", host)
		if err != nil {
			if errors.Is(err, unix.EADDRINUSE) {
				return term.Hint(fmt.Errorf("%w: %s: %s: %s", ErrPortInUse, a.file, a.key, host),
					"stop the program that listens there, or change %s in %s", a.key, a.file)
			}
			return term.Hint(fmt.Errorf("%s: %s: %w", a.file, a.key, err), "write it as host:port, for example 127.0.0.1:26657")
		}
		defer func() { _ = ln.Close() }()
		taken[host] = a.key
	}
	return nil
}
