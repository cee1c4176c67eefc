// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/trust"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// text writes an id as commands take it: 0x and lower-case hexadecimal.
func text(id []byte) string { return "0x" + hex.EncodeToString(id) }

func texts(ids [][]byte) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = text(id)
	}
	return out
}

// peerText writes a peer's key as its libp2p peer id.
func peerText(key []byte) string {
	k, err := trust.NewKey(trust.Ed25519, key)
	if err != nil {
		return text(key)
	}
	return k.PeerID()
}

// parseID reads an id of 32 bytes.
func parseID(what, s string) ([]byte, error) {
	id, err := markettypes.ParseID(what, s, markettypes.IDSize)
	if err != nil {
		return nil, term.Usage("write it as 0x and 64 hexadecimal digits", "%s %q is not an id", what, s)
	}
	return id, nil
}

func parseIDs(what string, list []string) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, s := range list {
		var err error
		if out[i], err = parseID(what, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parsePeer reads a libp2p peer id, or the key in hexadecimal.
func parsePeer(s string) ([]byte, error) {
	id, err := markettypes.ParsePeer("peer", s)
	if err != nil {
		return nil, term.Usage("write it like 12D3KooW..., or as 0x and 64 hexadecimal digits", "peer %q is not an id", s)
	}
	return id, nil
}

// parseCID reads a CID into the 36 bytes the chain keeps; "" gives none.
func parseCID(what, s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	c, err := cid.Decode(s)
	if err == nil {
		err = markettypes.CheckCID(what, c.Bytes())
	}
	if err != nil {
		return nil, term.Usage("give a CIDv1 with a sha2-256 digest, like bafkrei...", "%s %q is no CID the chain keeps", what, s)
	}
	return c.Bytes(), nil
}

func cidText(b []byte) string {
	c, err := cid.Cast(b)
	if err != nil {
		return text(b)
	}
	return c.String()
}

// newUnits draws n ids of units.
func newUnits(n int) ([][]byte, error) {
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, markettypes.IDSize)
		if _, err := rand.Read(out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pairs reads words like ram=8192.
func pairs(flag string, words []string) ([][2]string, error) {
	out := make([][2]string, len(words))
	for i, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" || value == "" {
			return nil, term.Usage(fmt.Sprintf("write it like --%s ram=8192", flag), "--%s %q has no name and value", flag, w)
		}
		out[i] = [2]string{name, value}
	}
	return out, nil
}
