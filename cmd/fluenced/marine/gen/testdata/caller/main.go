// SPDX-License-Identifier: Apache-2.0

// Command caller passes everything on to echo.
package main

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

//marine:import echo
type echo interface {
	EchoBool(p bool) bool
	EchoI8(v int8) int8
	EchoF32(v float32) float32
	EchoString(v string) string
	EchoBytes(v []byte) []byte
	EchoNames(n [][]string) [][]string
	EchoOuter(v Outer) Outer
	Renamed(v []Outer, n uint32) []Outer
	Nothing()
}

//marine:export
func EchoBool(v bool) bool { return echoModule{}.EchoBool(v) }

//marine:export
func EchoI8(v int8) int8 { return echoModule{}.EchoI8(v) }

//marine:export
func EchoF32(v float32) float32 { return echoModule{}.EchoF32(v) }

//marine:export
func EchoString(v string) string { return echoModule{}.EchoString(v) }

//marine:export
func EchoBytes(v []byte) []byte { return echoModule{}.EchoBytes(v) }

//marine:export
func EchoNames(v [][]string) [][]string { return echoModule{}.EchoNames(v) }

//marine:export
func EchoOuter(v Outer) Outer { return echoModule{}.EchoOuter(v) }

//marine:export renamed
func EchoOuters(v []Outer, n uint32) []Outer { return echoModule{}.Renamed(v, n) }

//marine:export
func Nothing() { echoModule{}.Nothing() }
