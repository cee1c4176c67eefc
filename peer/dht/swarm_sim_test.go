// SPDX-License-Identifier: Apache-2.0

//go:build sim

package dht_test

import (
	"testing"
	"testing/synctest"
)

func TestHundredPeersReachEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { reach(t, 100) })
}
