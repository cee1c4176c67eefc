// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package randomx

// adviseHuge does nothing: only Linux takes the advice.
func adviseHuge([]byte) {}
