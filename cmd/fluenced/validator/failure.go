// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"errors"
	"fmt"
	"regexp"

	cmtlog "github.com/cometbft/cometbft/libs/log"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// Errors of a node whose consensus has ended.
var (
	// ErrConsensus reports that CometBFT gave consensus up.
	ErrConsensus = errors.New("consensus failed")
	// ErrUpgrade reports that governance's plan needs another version of this program.
	ErrUpgrade = errors.New("the network upgrades to a version that this program is not")
)

// consensusFailure is the line that CometBFT writes when its consensus routine has panicked. It then keeps the process
// as it is, deaf, and tells it in no other way.
// Source: cometbft@v0.39.4:consensus/state.go
const consensusFailure = "CONSENSUS FAILURE!!!"

// listener passes lines of CometBFT on and reports the end of consensus, once.
type listener struct {
	cmtlog.Logger
	failed chan<- error // has room for one
}

// Error implements cmtlog.Logger.
func (l listener) Error(msg string, keyvals ...any) {
	l.Logger.Error(msg, keyvals...)
	if msg != consensusFailure {
		return
	}
	var cause any
	for i := 0; i+1 < len(keyvals); i += 2 {
		if keyvals[i] == "err" {
			cause = keyvals[i+1]
		}
	}
	select {
	case l.failed <- failure(cause):
	default:
	}
}

// With implements cmtlog.Logger.
func (l listener) With(keyvals ...any) cmtlog.Logger {
	return listener{l.Logger.With(keyvals...), l.failed}
}

var upgradeNeeded = regexp.MustCompile(`UPGRADE "([^"]*)" NEEDED at height: (\d+)`)

// failure says what ended consensus and what to do.
func failure(cause any) error {
	text := fmt.Sprint(cause)
	if m := upgradeNeeded.FindStringSubmatch(text); m != nil {
		return term.Hint(fmt.Errorf("%w: plan %q at height %s", ErrUpgrade, m[1], m[2]),
			"install the version of fluenced that has the upgrade %q and start it on the same home", m[1])
	}
	return term.Hint(fmt.Errorf("%w: %s", ErrConsensus, text),
		"the log has the stack; if the app hash differs from the others', compare with fluenced state diff and go back with fluenced state rollback")
}
