// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"errors"
	"fmt"

	"github.com/go-fluence/fluence/peer/store"
)

// Errors of this package. Texts that scripts see are upstream's where it has one.
var (
	// ErrName says that a name cannot be used.
	ErrName = errors.New("bad name")
	// ErrModule says that bytes are no module that could run here.
	ErrModule = errors.New("module refused")
	// ErrEffector says that a module wants binaries of the host that it may not run.
	ErrEffector = errors.New("effector refused")
	// ErrNoModule says that a module is not kept here.
	ErrNoModule = errors.New("module not found")
	// ErrBlueprint says that a blueprint does not hold together.
	ErrBlueprint = errors.New("blueprint refused")
	// ErrNoBlueprint says that a blueprint is not kept here.
	ErrNoBlueprint = errors.New("blueprint not found")
	// ErrNoService says that a scope has no service of that id or alias.
	ErrNoService = errors.New("service not found")
	// ErrForbidden says that the caller may not do this.
	ErrForbidden = errors.New("forbidden")
	// ErrAlias says that an alias cannot be given.
	ErrAlias = errors.New("alias refused")
	// ErrLimit says that a limit of the peer is reached.
	ErrLimit = errors.New("limit reached")
	// ErrVault says that a path or file of a vault is refused.
	ErrVault = errors.New("vault")
)

var errNotKept = store.ErrNotFound

// TextError is an error whose text stands alone, as scripts of upstream compare it.
type TextError struct {
	Kind error // one of the above
	Text string
}

// Error returns the text.
func (e *TextError) Error() string { return e.Text }

// Unwrap returns the kind.
func (e *TextError) Unwrap() error { return e.Kind }

func texted(kind error, format string, args ...any) error {
	return &TextError{Kind: kind, Text: fmt.Sprintf(format, args...)}
}
