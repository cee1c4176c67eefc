// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

// Command all exports one function for each thing that tests ask of a guest.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"os"
	"time"

	"github.com/go-fluence/fluence/peer/marine/testdata/guests/marine"
)

func main() {}

var count uint64

//go:wasmexport greeting
func greeting(p, n uint32) {
	b := []byte("Hi, " + marine.String(p, n))
	marine.Return(b, len(b))
}

//go:wasmexport next
func next() uint64 { count++; return count }

//go:wasmexport trap
func trap() { panic("asked for") }

//go:wasmexport spin
func spin() {
	for {
		count++
	}
}

//go:wasmexport scalars
func scalars(a, b int32, c int64, d, e uint32, f uint64, g float32, h float64, i uint32) float64 {
	return float64(a) + float64(b) + float64(c) + float64(d) + float64(e) + float64(f) + float64(g) + h + float64(i)
}

//go:wasmexport neg8
func neg8(a int32) int32 { return -a }

//go:wasmexport wide
func wide(a uint64) uint64 { return a }

//go:wasmexport u32id
func u32id(a uint32) uint32 { return a }

//go:wasmexport not
func not(a uint32) uint32 { return a ^ 1 }

//go:wasmexport half
func half(a float32) float32 { return a / 2 }

//go:wasmexport bytes
func bytes(p, n uint32) {
	sum := sha256.Sum256(marine.Bytes(p, n))
	marine.Return(sum[:], len(sum))
}

//go:wasmexport join
func join(p, n uint32) {
	b := marine.Bytes(p, n*8)
	var out []byte
	for ; len(b) > 0; b = b[8:] {
		out = append(out, marine.String(binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]))...)
	}
	marine.Return(out, len(out))
}

//go:wasmexport squares
func squares(n uint32) {
	out := make([]byte, 0, 8*n)
	for i := range uint64(n) {
		out = binary.LittleEndian.AppendUint64(out, i*i)
	}
	marine.Return(out, int(n))
}

// Person is name string, age u8, tags []string.
//
//go:wasmexport older
func older(p uint32) {
	b := marine.Bytes(p, 17)
	b[8]++
	name := marine.String(binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]))
	tags := marine.Bytes(binary.LittleEndian.Uint32(b[9:]), 8*binary.LittleEndian.Uint32(b[13:]))
	for i := 0; i < len(tags); i += 8 {
		tag := marine.Bytes(binary.LittleEndian.Uint32(tags[i:]), binary.LittleEndian.Uint32(tags[i+4:]))
		binary.LittleEndian.PutUint32(tags[i:], marine.Keep(tag))
	}
	name = "old " + name
	binary.LittleEndian.PutUint32(b, marine.Keep([]byte(name)))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(name)))
	binary.LittleEndian.PutUint32(b[9:], marine.Keep(tags))
	marine.Return(b, 1)
}

//go:wasmimport __marine_host_api_v3 log_utf8_string
func logText(level, target int32, p, n uint32)

//go:wasmexport log
func log(level int32, p, n uint32) {
	b := marine.Bytes(p, n)
	logText(level, 1, marine.Keep(b), n)
}

//go:wasmexport flood
func flood(n uint32) {
	b := make([]byte, 1<<10)
	p := marine.Keep(b)
	for range n {
		logText(3, 0, p, uint32(len(b)))
	}
}

//go:wasmimport __marine_host_api_v3 get_call_parameters
func getCallParameters()

//go:wasmexport parameters
func parameters() { getCallParameters() }

//go:wasmimport host cat
func cat(p, n uint32)

//go:wasmexport run_cat
func runCat(p, n uint32) {
	b := marine.Bytes(p, n*8)
	cat(marine.Keep(b), n)
}

//go:wasmexport now
func now() int64 { return time.Now().UnixMilli() }

//go:wasmexport random
func random() {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	marine.Return(b, len(b))
}

//go:wasmexport env
func env(p, n uint32) {
	b := []byte(os.Getenv(marine.String(p, n)))
	marine.Return(b, len(b))
}

func result(b []byte, err error) {
	if err != nil {
		b = []byte("error: " + err.Error())
	}
	marine.Return(b, len(b))
}

//go:wasmexport write
func write(p, n, q, m uint32) {
	result([]byte("ok"), os.WriteFile(marine.String(p, n), marine.Bytes(q, m), 0o644))
}

//go:wasmexport read
func read(p, n uint32) { result(os.ReadFile(marine.String(p, n))) }

//go:wasmexport remove
func remove(p, n uint32) { result([]byte("ok"), os.Remove(marine.String(p, n))) }

//go:wasmexport list
func list(p, n uint32) {
	entries, err := os.ReadDir(marine.String(p, n))
	var names []byte
	for _, e := range entries {
		names = append(append(names, e.Name()...), '\n')
	}
	result(names, err)
}

// link runs a call of the file system that names two paths.
//
//go:wasmexport link
func link(how, p, n, q, m uint32) {
	from, to := marine.String(p, n), marine.String(q, m)
	var err error
	switch how {
	case 0:
		err = os.Symlink(from, to)
	case 1:
		err = os.Link(from, to)
	case 2:
		err = os.Rename(from, to)
	case 3:
		err = os.Mkdir(to, 0o755)
	case 4:
		err = os.Truncate(to, 1<<20)
	}
	result([]byte("ok"), err)
}

//go:wasmexport sleep
func sleep(ms uint32) { time.Sleep(time.Duration(ms) * time.Millisecond) }

//go:wasmexport exit
func exit(code int32) { os.Exit(int(code)) }

//go:wasmexport badtext
func badtext() { marine.Return([]byte{0xff, 0xfe}, 2) }

//go:wasmexport farptr
func farptr() { marine.Return(nil, 1<<30) }

//go:wasmexport nan
func nan() float64 { return math.NaN() }

//go:wasmexport fib
func fib(n uint32) uint64 {
	if n < 2 {
		return uint64(n)
	}
	return fib(n-1) + fib(n-2)
}

//go:wasmexport hash
func hash(rounds uint32) {
	sum := sha256.Sum256(nil)
	for range rounds {
		sum = sha256.Sum256(sum[:])
	}
	marine.Return(sum[:], len(sum))
}

//go:wasmexport matrix
func matrix(n uint32) float64 {
	size := int(n)
	a, b, c := make([]float64, size*size), make([]float64, size*size), make([]float64, size*size)
	for i := range a {
		a[i], b[i] = float64(i%7), float64(i%11)
	}
	for i := range size {
		for j := range size {
			s := 0.0
			for k := range size {
				s += a[i*size+k] * b[k*size+j]
			}
			c[i*size+j] = s
		}
	}
	return c[len(c)-1]
}
