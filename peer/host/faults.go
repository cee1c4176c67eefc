// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"net"
	"os"

	"github.com/libp2p/go-libp2p/core/network"
)

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

func isReset(err error) bool { return errors.Is(err, network.ErrReset) }

func isMemory(err error) bool { return errors.Is(err, network.ErrResourceLimitExceeded) }
