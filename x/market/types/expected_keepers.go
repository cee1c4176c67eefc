// SPDX-License-Identifier: Apache-2.0

package types

import "context"

// Epochs tells the running epoch.
type Epochs interface {
	Number(ctx context.Context) (uint64, error)
}
