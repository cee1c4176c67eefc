// SPDX-License-Identifier: Apache-2.0

package miner

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// What parent and child say to each other: one JSON object per line, the search
// first, then the child's answers. The child ends when its input does.

// maxLine bounds a line of either side, in bytes.
const maxLine = 4096

// request is a Spec on the wire; bytes are hex.
type request struct {
	Params     string `json:"params"`
	Key        string `json:"key"`
	Difficulty string `json:"difficulty"`
	Start      string `json:"start"`
	Fast       bool   `json:"fast"`
	Builders   int    `json:"builders"`
	Processor  int    `json:"processor"`
	Nice       int    `json:"nice"`
}

// answer is a proof when Nonce is set, else a report of hashes.
type answer struct {
	Nonce   string  `json:"nonce,omitempty"`
	Hash    string  `json:"hash,omitempty"`
	Hashes  uint64  `json:"hashes,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

func encodeSpec(s Spec) ([]byte, error) {
	return json.Marshal(request{
		Params: s.Params, Key: hex.EncodeToString(s.Key[:]), Difficulty: hex.EncodeToString(s.Difficulty[:]),
		Start: hex.EncodeToString(s.Start[:]), Fast: s.Fast, Builders: s.Builders, Processor: s.Processor, Nice: s.Nice,
	})
}

// decodeSpec reads a request.
//
// Errors: ErrSpec.
func decodeSpec(line []byte) (Spec, error) {
	var r request
	if err := decode(line, &r); err != nil {
		return Spec{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	s := Spec{Params: r.Params, Fast: r.Fast, Builders: r.Builders, Processor: r.Processor, Nice: r.Nice}
	for _, f := range []struct {
		name, text string
		to         *[32]byte
	}{{"key", r.Key, &s.Key}, {"difficulty", r.Difficulty, &s.Difficulty}, {"start", r.Start, &s.Start}} {
		if err := readHex(f.to, f.text); err != nil {
			return Spec{}, fmt.Errorf("%w: %s: %w", ErrSpec, f.name, err)
		}
	}
	return s, s.Validate()
}

func decode(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func readHex(to *[32]byte, text string) error {
	if len(text) != hex.EncodedLen(len(to)) {
		return fmt.Errorf("%d hex digits, want %d", len(text), hex.EncodedLen(len(to)))
	}
	_, err := hex.Decode(to[:], []byte(text))
	return err
}

// tell passes an answer of the child to the listener.
func tell(line []byte, difficulty [32]byte, l Listener) (goOn bool, err error) {
	var a answer
	if err := decode(line, &a); err != nil {
		return false, fmt.Errorf("answer of the miner: %w", err)
	}
	if a.Nonce == "" {
		if a.Seconds < 0 || math.IsInf(a.Seconds, 0) {
			return false, fmt.Errorf("answer of the miner: %v seconds", a.Seconds)
		}
		return l.Hashed(a.Hashes, a.Seconds), nil
	}
	var nonce, hash [32]byte
	if err := readHex(&nonce, a.Nonce); err != nil {
		return false, fmt.Errorf("answer of the miner: nonce: %w", err)
	}
	if err := readHex(&hash, a.Hash); err != nil {
		return false, fmt.Errorf("answer of the miner: hash: %w", err)
	}
	if bytes.Compare(hash[:], difficulty[:]) >= 0 {
		return false, fmt.Errorf("answer of the miner: hash %x is not below the difficulty", hash)
	}
	return l.Found(nonce, hash), nil
}

// lines reads lines of at most maxLine bytes.
func lines(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, maxLine), maxLine)
	return s
}
