// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

// Command small exports a few functions and imports nothing of Marine.
package main

import "github.com/go-fluence/fluence/peer/marine/testdata/guests/marine"

func main() {}

//go:wasmexport greeting
func greeting(p, n uint32) {
	b := []byte("Hi, " + marine.String(p, n))
	marine.Return(b, len(b))
}

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport spin
func spin() {
	for i := 0; ; i++ {
		marine.Return(nil, i)
	}
}
