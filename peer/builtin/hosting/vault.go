// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/mr-tron/base58"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
)

// vaultRoot is where services see the vaults of their scope.
const vaultRoot = "/tmp/vault"

// maxPartName is the longest name of a directory.
const maxPartName = 255

// VaultLimits bounds vaults. Zero fields are their defaults.
type VaultLimits struct {
	Bytes         int64 // of all particles of one scope; 1 GiB
	Files         int64 // of all particles of one scope; 100 000
	ParticleBytes int64 // of one particle in one scope; 64 MiB
	ParticleFiles int64 // of one particle in one scope; 1 000
}

// Signer signs with the key of a scope; builtin.Signer is one.
type Signer interface {
	Sign(scope peer.ID, data []byte) ([]byte, error)
}

// Vault keeps the files that a particle takes from one service to another on this
// peer, in a folder of each scope that lives as long as the particle. The folder's
// name holds a token that only this peer can make and only services of the
// particle are told, and cannot be listed. It is safe for concurrent use.
//
//	/tmp/vault / PARTICLE-TOKEN / FILE      token = base58(signature of the scope's key over the particle's signature)
//
// Source: nox@b349812f0:particle-execution (fact only).
type Vault struct {
	dir    string
	limits VaultLimits
	signer Signer

	mu     sync.Mutex // guards all below, and orders the making and removal of folders
	scopes map[peer.ID]*effects.Folder
	parts  map[string][]part // by signature of the particle
	closed bool
}

// part is the folder of a particle in one scope.
type part struct {
	scope  peer.ID
	folder *effects.Folder
	name   string
}

// OpenVault empties the folder of vaults: particles do not find their files after
// a restart.
func OpenVault(files *store.Store, signer Signer, limits VaultLimits) (*Vault, error) {
	orInt(&limits.Bytes, 1<<30)
	orInt(&limits.Files, 100_000)
	orInt(&limits.ParticleBytes, 64<<20)
	orInt(&limits.ParticleFiles, 1000)
	dir := filepath.Join(files.Path(), "vault")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Vault{dir: dir, limits: limits, signer: signer, scopes: map[peer.ID]*effects.Folder{}, parts: map[string][]part{}}, nil
}

// Close closes all folders.
func (v *Vault) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	var err error
	for scope, f := range v.scopes {
		err = errors.Join(err, f.Close())
		delete(v.scopes, scope)
	}
	return err
}

// folder returns the folder that services of a scope see; v.mu is held.
func (v *Vault) folder(scope peer.ID) (*effects.Folder, error) {
	if f := v.scopes[scope]; f != nil {
		return f, nil
	}
	if v.closed {
		return nil, fmt.Errorf("%w is closed", ErrVault)
	}
	dir := filepath.Join(v.dir, scope.String())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := effects.OpenFolder(dir, effects.NewQuota(v.limits.Bytes, v.limits.Files))
	if err != nil {
		return nil, err
	}
	f.Hidden = true
	f.Divide()
	v.scopes[scope] = f
	return f, nil
}

// Folder returns the folder of all vaults of a scope.
func (v *Vault) Folder(scope peer.ID) (*effects.Folder, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.folder(scope)
}

// Token returns the token of a particle in a scope.
func (v *Vault) Token(scope peer.ID, p *particle.Particle) (string, error) {
	sig, err := v.signer.Sign(scope, p.Signature)
	if err != nil {
		return "", err
	}
	return base58.Encode(sig), nil
}

// known returns the folder of a particle that has one.
func (v *Vault) known(scope peer.ID, p *particle.Particle) (part, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, have := range v.parts[string(p.Signature)] {
		if have.scope == scope {
			return have, true
		}
	}
	return part{}, false
}

// open makes the folder of a particle if it is not there yet, and returns its name.
func (v *Vault) open(scope peer.ID, p *particle.Particle) (*effects.Folder, string, error) {
	if part, ok := v.known(scope, p); ok {
		return part.folder, part.name, nil
	}
	token, err := v.Token(scope, p)
	if err != nil {
		return nil, "", err
	}
	name := p.ID + "-" + token
	if len(name) > maxPartName {
		return nil, "", fmt.Errorf("%w: id of the particle is too long for a folder: at most %d bytes", ErrVault, maxPartName-len(token)-1)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	f, err := v.folder(scope)
	if err != nil {
		return nil, "", err
	}
	if f.HasPart(name) {
		return f, name, nil
	}
	if p.Expired(time.Now()) {
		return nil, "", fmt.Errorf("%w: %w", ErrVault, particle.ErrExpired)
	}
	if err := f.AddPart(name, v.limits.ParticleBytes, v.limits.ParticleFiles); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrVault, err)
	}
	v.parts[string(p.Signature)] = append(v.parts[string(p.Signature)], part{scope, f, name})
	return f, name, nil
}

// Forget removes what a particle left, in all scopes; pipeline.Deps.Forget calls it
// when the particle's life is over.
func (v *Vault) Forget(p *particle.Particle) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, part := range v.parts[string(p.Signature)] {
		_ = part.folder.RemovePart(part.name)
	}
	delete(v.parts, string(p.Signature))
}

// DropScope removes the vaults of a worker that is gone.
func (v *Vault) DropScope(scope peer.ID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.scopes[scope]
	if f == nil {
		return nil
	}
	delete(v.scopes, scope)
	for sig, list := range v.parts {
		kept := list[:0]
		for _, p := range list {
			if p.scope != scope {
				kept = append(kept, p)
			}
		}
		if v.parts[sig] = kept; len(kept) == 0 {
			delete(v.parts, sig)
		}
	}
	return errors.Join(f.Close(), os.RemoveAll(filepath.Join(v.dir, scope.String())))
}

// Put writes a file into the particle's vault and returns its path as services
// see it.
//
// Errors: ErrVault.
func (v *Vault) Put(c pipeline.Call, name string, b []byte) (string, error) {
	f, dir, err := v.open(c.Scope.Peer, c.Particle)
	if err != nil {
		return "", err
	}
	if err := f.WriteFile(path.Join(dir, name), b); err != nil {
		return "", fmt.Errorf("%w: %w", ErrVault, err)
	}
	return path.Join(vaultRoot, dir, name), nil
}

// Get reads a file of at most limit bytes in the particle's vault, by the path that
// Put gave or one relative to the vault.
//
// Errors: ErrVault.
func (v *Vault) Get(c pipeline.Call, name string, limit int64) ([]byte, error) {
	f, dir, err := v.open(c.Scope.Peer, c.Particle)
	if err != nil {
		return nil, err
	}
	inside := path.Clean(name)
	if path.IsAbs(inside) {
		rest, ok := strings.CutPrefix(inside, path.Join(vaultRoot, dir)+"/")
		if !ok {
			return nil, fmt.Errorf("%w: path %q is not in the vault of this particle, %s", ErrVault, clip(name), path.Join(vaultRoot, dir))
		}
		inside = rest
	}
	if inside == "." || inside == ".." || strings.HasPrefix(inside, "../") {
		return nil, fmt.Errorf("%w: path %q leaves the vault of this particle", ErrVault, clip(name))
	}
	b, err := f.ReadFile(path.Join(dir, inside), limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: no such file", ErrVault)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrVault, err)
	}
	return b, nil
}
