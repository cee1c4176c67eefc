// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package miner

// settle leaves processors and priority to the system.
func settle(Spec) error { return nil }

// Processors returns nil: this system does not pin.
func Processors() []int { return nil }
