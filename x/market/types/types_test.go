// SPDX-License-Identifier: Apache-2.0

package types_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/market/types"
)

// TestPeerBytes pins what peers sign: a client may not depend on this package.
func TestPeerBytes(t *testing.T) {
	got := hex.EncodeToString(types.PeerBytes("c-1", []byte{1, 2}, []byte{3}, 0x0102))
	want := hex.EncodeToString([]byte("fluence/market/peer/v1")) + "0003" + hex.EncodeToString([]byte("c-1")) + "02" + "0102" + "01" + "03" + "0000000000000102"
	if got != want {
		t.Errorf("PeerBytes = %s, want %s", got, want)
	}
}

// TestPeerBytesDoNotRunTogether moves a byte over each boundary.
func TestPeerBytesDoNotRunTogether(t *testing.T) {
	base := types.PeerBytes("ab", []byte("cd"), []byte("ef"), 1)
	for name, other := range map[string][]byte{
		"chain id and provider": types.PeerBytes("abc", []byte("d"), []byte("ef"), 1),
		"provider and owner":    types.PeerBytes("ab", []byte("cde"), []byte("f"), 1),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("%s: the same bytes", name)
		}
	}
}

func TestParsePeer(t *testing.T) {
	pub := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	for name, text := range map[string]string{
		"hexadecimal":    hex.EncodeToString(pub),
		"0x hexadecimal": "0x" + hex.EncodeToString(pub),
		"libp2p":         "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
	} {
		if got, err := types.ParsePeer("peer", text); err != nil || !bytes.Equal(got, pub) {
			t.Errorf("%s: %x, %v; want %x", name, got, err, pub)
		}
	}
	for _, text := range []string{"", "0x", "12D3", "0x" + hex.EncodeToString(pub[:31]), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"} {
		if _, err := types.ParsePeer("peer", text); !errors.Is(err, types.ErrInvalidField) {
			t.Errorf("%q: %v, want ErrInvalidField", text, err)
		}
	}
}

// TestCostDoesNotOverflow multiplies the greatest prices by the greatest quantities.
func TestCostDoesNotOverflow(t *testing.T) {
	most := math.NewIntFromBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), types.MaxPriceBits), big.NewInt(1)))
	var o types.Offer
	var qs []types.Quantity
	for r := range uint64(types.MaxPrices) {
		o.Prices = append(o.Prices, types.Price{ResourceId: r, Price: most})
		qs = append(qs, types.Quantity{ResourceId: r, Amount: 1<<64 - 1})
	}
	got, err := o.Cost(1<<64-1, qs)
	if want := most.Mul(math.NewIntFromUint64(1<<64 - 1)).MulRaw(types.MaxPrices); err != nil || !got.Equal(want) {
		t.Errorf("Cost = %s, %v; want %s", got, err, want)
	}
	if _, err := o.Cost(1, []types.Quantity{{ResourceId: 99, Amount: 1}}); !errors.Is(err, types.ErrUnpriced) {
		t.Errorf("a resource without a price: %v, want ErrUnpriced", err)
	}
}
