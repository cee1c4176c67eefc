// SPDX-License-Identifier: Apache-2.0

// Command echo returns what it gets, in every type that crosses an interface.
package main

import "github.com/go-fluence/fluence/peer/marine/guest"

func main() {}

// Inner stands inside Outer.
type Inner struct {
	Name string
	Raw  []byte
	Ok   bool
}

// Outer has a field of every kind.
type Outer struct {
	A     int8
	B     uint16
	C     float32
	D     float64
	One   Inner
	Many  []Inner
	Names [][]string
	HTTPS bool
}

//marine:export
func EchoBool(v bool) bool { return v }

//marine:export
func EchoI8(v int8) int8 { return v }

//marine:export
func EchoU16(v uint16) uint16 { return v }

//marine:export
func EchoI32(v int32) int32 { return v }

//marine:export
func EchoU64(v uint64) uint64 { return v }

//marine:export
func EchoF32(v float32) float32 { return v }

//marine:export
func EchoF64(v float64) float64 { return v }

//marine:export
func EchoString(v string) string { return v }

//marine:export
func EchoBytes(v []byte) []byte { return v }

//marine:export
func EchoBools(v []bool) []bool { return v }

//marine:export
func EchoNames(v [][]string) [][]string { return v }

//marine:export
func EchoOuter(v Outer) Outer { return v }

//marine:export renamed
func EchoOuters(v []Outer, n uint32) []Outer { return v[:n] }

//marine:export
func Nothing() { guest.Log(guest.Info, "nothing") }

//marine:export
func Service() string { return guest.Parameters().ServiceID }
