// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"testing"

	"github.com/go-fluence/fluence/peer/chain"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

// TestActivationBytesAreTheChains compares the two statements of what a worker signs.
func TestActivationBytesAreTheChains(t *testing.T) {
	deal, worker, peer := chain.DealID{1, 2}, [32]byte{3}, [32]byte{4}
	want := dealtypes.ActivationBytes("fluence-local-1", deal[:], worker[:], peer[:])
	if got := chain.ActivationBytes("fluence-local-1", deal, worker, peer); !bytes.Equal(got, want) {
		t.Errorf("ActivationBytes = %x, want %x", got, want)
	}
}

func TestForeignIDsAreRefused(t *testing.T) {
	good := func() *dealtypes.Worker {
		return &dealtypes.Worker{Id: make([]byte, 32), DealId: make([]byte, 20), PeerId: make([]byte, 32), UnitIds: [][]byte{make([]byte, 32)}}
	}
	if _, err := dealWorker(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(w *dealtypes.Worker){
		"short worker id": func(w *dealtypes.Worker) { w.Id = w.Id[:31] },
		"long deal id":    func(w *dealtypes.Worker) { w.DealId = make([]byte, 21) },
		"no peer id":      func(w *dealtypes.Worker) { w.PeerId = nil },
		"short unit id":   func(w *dealtypes.Worker) { w.UnitIds[0] = nil },
		"short key":       func(w *dealtypes.Worker) { w.PeerKey = make([]byte, 31) },
	} {
		w := good()
		spoil(w)
		if _, err := dealWorker(w); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := deal(&dealtypes.Deal{Id: make([]byte, 20)}, 99); err == nil {
		t.Error("an unknown status was accepted")
	}
}
