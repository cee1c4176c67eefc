// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package store

import "os"

// lockFile does nothing where the system has no flock; two processes in one
// folder are then the operator's mistake to avoid.
func lockFile(*os.File) error { return nil }
