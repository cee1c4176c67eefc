// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
)

func TestServeRefusesGarbage(t *testing.T) {
	req := (&request{id: 1, nonces: make([][32]byte, 1)}).encode()
	framed := func(b []byte) []byte {
		var w bytes.Buffer
		_ = writeFrame(&w, b)
		return w.Bytes()
	}
	tests := map[string]struct {
		in   []byte
		want error
	}{
		"nothing":            {nil, nil},
		"one request":        {framed(req), nil},
		"length cut short":   {[]byte{0, 0}, ErrFrame},
		"payload cut short":  {framed(req)[:20], ErrFrame},
		"empty frame":        {[]byte{0, 0, 0, 0}, ErrFrame},
		"announces 4 GiB":    {[]byte{255, 255, 255, 255}, ErrFrameSize},
		"other version":      {framed(append([]byte{9}, req[1:]...)), ErrFrame},
		"nonces missing":     {framed(req[:44]), ErrFrame},
		"a reply":            {framed((&reply{kind: kindHash}).encode()), ErrFrame},
		"trailing byte":      {framed(append(req, 0)), ErrFrame},
		"second one is junk": {append(framed(req), 0, 0, 0, 1, 7), ErrFrame},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Serve(t.Context(), "fluence", quick{}, bytes.NewReader(tt.in), &out); !errors.Is(err, tt.want) {
				t.Errorf("Serve = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	cancel()
	if err := Serve(ctx, "fluence", quick{}, r, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("Serve = %v, want context.Canceled", err)
	}
}

// waits is a Hasher that is never done.
type waits struct{ entered chan struct{} }

func (w waits) Hash(ctx context.Context, _, _ [32]byte, _ bool) ([32]byte, error) {
	close(w.entered)
	<-ctx.Done()
	return [32]byte{}, ctx.Err()
}

// TestServeEndsInTheMiddleOfAHash: a worker does not outlive its parent.
func TestServeEndsInTheMiddleOfAHash(t *testing.T) {
	r, w := io.Pipe()
	h := waits{make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- Serve(t.Context(), "fluence", h, r, io.Discard) }()
	req := request{id: 1, nonces: make([][32]byte, 1)}
	if err := writeFrame(w, req.encode()); err != nil {
		t.Fatal(err)
	}
	<-h.entered
	_ = w.Close()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v, want nil when its input ends", err)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add((&request{id: 7, key: [32]byte{1}, nonces: make([][32]byte, 2)}).encode())
	f.Add((&request{id: 8, nonces: make([][32]byte, 1), portable: true}).encode())
	f.Add([]byte{version, kindRequest})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Errorf("parseRequest = %v, want ErrFrame", err)
			}
			return
		}
		if got := r.encode(); !bytes.Equal(got, b) {
			t.Errorf("encode(parse(%x)) = %x", b, got)
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, r := range []reply{{kind: kindHello, text: "fluence"}, {kind: kindHash, id: 3, index: 4}, {kind: kindRefusal, id: 5, text: "no"}} {
		f.Add(r.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseReply(b)
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Errorf("parseReply = %v, want ErrFrame", err)
			}
			return
		}
		if got := r.encode(); !bytes.Equal(got, b) {
			t.Errorf("encode(parse(%x)) = %x", b, got)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 3})
	f.Add([]byte{255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		in, buf := bytes.NewReader(b), make([]byte, maxFrame)
		var out bytes.Buffer
		for {
			p, err := readFrame(in, buf)
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, ErrFrame) && !errors.Is(err, ErrFrameSize) {
					t.Errorf("readFrame = %v", err)
				}
				break
			}
			if err := writeFrame(&out, p); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(b, out.Bytes()) {
			t.Errorf("frames of %x written back as %x", b, out.Bytes())
		}
	})
}
