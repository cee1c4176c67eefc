// SPDX-License-Identifier: Apache-2.0

package miner

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// Serve is the child: it reads one search from in, writes what it finds to out and
// ends with in or ctx. It keeps the calling goroutine on one thread, pinned as the
// search says, and lowers the priority of the process.
//
// Errors: ErrSpec, those of package randomx, and of out.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	input := lines(in)
	if !input.Scan() {
		return errors.Join(fmt.Errorf("%w: no line on standard input", ErrSpec), input.Err())
	}
	s, err := decodeSpec(input.Bytes())
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := settle(s); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // ends with the process at the latest
		for input.Scan() {
		}
		stop()
	}()
	w := &writer{out: out}
	err = Local{Memory: randomx.Memory{}}.Mine(ctx, s, w)
	return errors.Join(err, w.err)
}

// writer writes what a search tells.
type writer struct {
	out io.Writer
	err error
}

// Found implements Listener.
func (w *writer) Found(nonce, hash [32]byte) bool {
	return w.write(answer{Nonce: hex.EncodeToString(nonce[:]), Hash: hex.EncodeToString(hash[:])})
}

// Hashed implements Listener.
func (w *writer) Hashed(hashes uint64, seconds float64) bool {
	return w.write(answer{Hashes: hashes, Seconds: seconds})
}

func (w *writer) write(a answer) bool {
	text, err := json.Marshal(a)
	if err == nil {
		_, err = w.out.Write(append(text, '\n'))
	}
	w.err = err
	return err == nil
}
