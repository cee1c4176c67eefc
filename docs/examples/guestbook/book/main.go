// SPDX-License-Identifier: Apache-2.0

// Command book is a Marine module: a guestbook whose entries the module store keeps.
package main

import (
	"strconv"
	"strings"

	"github.com/go-fluence/fluence/peer/marine/guest"
)

func main() {}

//marine:import store
type store interface {
	Append(name string, text string) uint64
	All(name string) []string
}

// Entry is one line of the book.
type Entry struct {
	Author string
	Text   string
	At     uint64 // milliseconds
}

// Sign adds a line to the book and returns its number, from 1; 0 if it could not be kept.
//
//marine:export
func Sign(author string, text string) uint64 {
	p := guest.Parameters()
	line := strings.Join([]string{author, strconv.FormatUint(p.Particle.Timestamp, 10), text}, "\x00")
	return storeModule{}.Append("book", line)
}

// Entries returns all lines, oldest first.
//
//marine:export
func Entries() []Entry {
	var out []Entry
	for _, line := range (storeModule{}).All("book") {
		author, rest, _ := strings.Cut(line, "\x00")
		at, text, _ := strings.Cut(rest, "\x00")
		ms, _ := strconv.ParseUint(at, 10, 64)
		out = append(out, Entry{Author: author, Text: text, At: ms})
	}
	return out
}

// Greet answers without touching the book.
//
//marine:export
func Greet(name string) string { return "Hello, " + name + "!" }
