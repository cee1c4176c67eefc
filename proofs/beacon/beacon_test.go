// SPDX-License-Identifier: Apache-2.0

package beacon_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/proofs/beacon"
)

// vectors are those of RFC 9381, appendix B.4, examples 19 to 21.
var vectors = []struct{ seed, key, alpha, proof, output string }{
	{
		"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"7d9c633ffeee27349264cf5c667579fc583b4bda63ab71d001f89c10003ab46f14adf9a3cd8b8412d9038531e865c341cafa73589b023d14311c331a9ad15ff2fb37831e00f0acaa6d73bc9997b06501",
		"9d574bf9b8302ec0fc1e21c3ec5368269527b87b462ce36dab2d14ccf80c53cccf6758f058c5b1c856b116388152bbe509ee3b9ecfe63d93c3b4346c1fbc6c54",
	},
	{
		"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"47b327393ff2dd81336f8a2ef10339112401253b3c714eeda879f12c509072ef055b48372bb82efbdce8e10c8cb9a2f9d60e93908f93df1623ad78a86a028d6bc064dbfc75a6a57379ef855dc6733801",
		"38561d6b77b71d30eb97a062168ae12b667ce5c28caccdf76bc88e093e4635987cd96814ce55b4689b3dd2947f80e59aac7b7675f8083865b46c89b2ce9cc735",
	},
	{
		"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"926e895d308f5e328e7aa159c06eddbe56d06846abf5d98c2512235eaa57fdce35b46edfc655bc828d44ad09d1150f31374e7ef73027e14760d42e77341fe05467bb286cc2c9d7fde29120a0b2320d04",
		"121b7f9b9aaaa29099fc04a94ba52784d44eac976dd1a3cca458733be5cd090a7b5fbd148444f17f8daf1fb55cb04b1ae85a626e30a54b4b0f8abf4a43314a58",
	},
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func key(tb testing.TB, fill byte) *beacon.Key {
	tb.Helper()
	k, err := beacon.NewKey(bytes.Repeat([]byte{fill}, beacon.SeedSize))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestVectorsOfRFC9381(t *testing.T) {
	for i, v := range vectors {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			k, err := beacon.NewKey(unhex(t, v.seed))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(k.Public(), unhex(t, v.key)) {
				t.Errorf("public key %x, want %s", k.Public(), v.key)
			}
			proof := k.Prove(unhex(t, v.alpha))
			if !bytes.Equal(proof, unhex(t, v.proof)) {
				t.Errorf("proof %x, want %s", proof, v.proof)
			}
			out, err := beacon.Verify(k.Public(), unhex(t, v.alpha), proof)
			if err != nil || !bytes.Equal(out[:], unhex(t, v.output)) {
				t.Errorf("output %x, error %v, want %s", out, err, v.output)
			}
		})
	}
}

// smallOrder are the canonical encodings of the eight points of small order that are on the curve.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

func TestKeysWhoseOutputsCouldBeChosenAreRefused(t *testing.T) {
	bad := map[string]string{
		"empty": "", "short": "00ff", "not canonical": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"not on the curve": "0200000000000000000000000000000000000000000000000000000000000000",
	}
	for i, k := range smallOrder {
		bad[fmt.Sprintf("small order %d", i)] = k
	}
	for name, k := range bad {
		t.Run(name, func(t *testing.T) {
			if err := beacon.ValidateKey(unhex(t, k)); !errors.Is(err, beacon.ErrKey) {
				t.Errorf("ValidateKey(%s) = %v, want %v", k, err, beacon.ErrKey)
			}
			if _, err := beacon.Verify(unhex(t, k), nil, make([]byte, beacon.ProofSize)); !errors.Is(err, beacon.ErrKey) {
				t.Errorf("Verify(%s) = %v, want %v", k, err, beacon.ErrKey)
			}
		})
	}
	if err := beacon.ValidateKey(key(t, 1).Public()); err != nil {
		t.Errorf("ValidateKey of a real key: %v", err)
	}
}

func TestSeedOfAnotherSizeIsRefused(t *testing.T) {
	if _, err := beacon.NewKey(make([]byte, beacon.SeedSize-1)); !errors.Is(err, beacon.ErrKey) {
		t.Errorf("NewKey = %v, want %v", err, beacon.ErrKey)
	}
}

func TestProofOfAnythingElseIsRefused(t *testing.T) {
	k := key(t, 1)
	alpha := beacon.OutputAlpha("fluence-local-1", 7)
	proof := k.Prove(alpha)
	flipped := bytes.Clone(proof)
	flipped[40] ^= 1
	tests := map[string]struct{ key, alpha, proof []byte }{
		"another height":  {k.Public(), beacon.OutputAlpha("fluence-local-1", 8), proof},
		"another chain":   {k.Public(), beacon.OutputAlpha("fluence-local-2", 7), proof},
		"another purpose": {k.Public(), beacon.PossessionAlpha("fluence-local-1", []byte{7}), proof},
		"another key":     {key(t, 2).Public(), alpha, proof},
		"a flipped bit":   {k.Public(), alpha, flipped},
		"cut short":       {k.Public(), alpha, proof[:79]},
		"too long":        {k.Public(), alpha, append(bytes.Clone(proof), 0)},
		"nothing":         {k.Public(), alpha, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := beacon.Verify(tt.key, tt.alpha, tt.proof); !errors.Is(err, beacon.ErrProof) {
				t.Errorf("Verify = %v, want %v", err, beacon.ErrProof)
			}
		})
	}
}

// Chain ids have their length before them, so that no pair of chain id and rest can
// stand for another.
func TestInputsOfDifferentThingsDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "chain a"), rapid.String().Draw(t, "chain b")
		x, y := rapid.Int64Min(1).Draw(t, "height a"), rapid.Int64Min(1).Draw(t, "height b")
		if same := a == b && x == y; same != bytes.Equal(beacon.OutputAlpha(a, x), beacon.OutputAlpha(b, y)) {
			t.Fatalf("OutputAlpha(%q, %d) and (%q, %d)", a, x, b, y)
		}
		o, p := rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "operator a"), rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "operator b")
		if same := a == b && bytes.Equal(o, p); same != bytes.Equal(beacon.PossessionAlpha(a, o), beacon.PossessionAlpha(b, p)) {
			t.Fatalf("PossessionAlpha(%q, %x) and (%q, %x)", a, o, b, p)
		}
	})
}

// TestNonceBytes holds the nonce to the bytes that provers of other makes compute.
func TestNonceBytes(t *testing.T) {
	var value [32]byte
	copy(value[:], bytes.Repeat([]byte{0xab}, 32))
	nonce := beacon.Nonce("fluence-local-1", 7, value)
	const want = "4339cc171b147ac9d19a5db42407b10b835c7d4179f5427d05f3625156746a8f"
	if got := hex.EncodeToString(nonce[:]); got != want {
		t.Errorf("nonce %s, want %s", got, want)
	}
	mix := beacon.Mix(beacon.Begin("fluence-local-1", 7, value), 21, beacon.Output{1, 2, 3})
	const wantMix = "975d630c7eb97087d2535f68636b3ea95a38e350733bc16d41fd1dcc1e4c9566"
	if got := hex.EncodeToString(mix[:]); got != wantMix {
		t.Errorf("mix %s, want %s", got, wantMix)
	}
}

func TestSecretStaysOutOfText(t *testing.T) {
	k := key(t, 0x5a)
	if text := fmt.Sprintf("%v %s %+v", k, k, k); bytes.Contains([]byte(text), []byte("5a5a5a5a")) || bytes.Contains([]byte(text), []byte("90 90 90")) {
		t.Errorf("text of a key has its seed: %s", text)
	}
}

func FuzzVerify(f *testing.F) {
	for _, v := range vectors {
		f.Add(unhex(f, v.key), unhex(f, v.alpha), unhex(f, v.proof))
	}
	for _, k := range smallOrder {
		f.Add(unhex(f, k), []byte{}, make([]byte, beacon.ProofSize))
	}
	f.Fuzz(func(t *testing.T, k, alpha, proof []byte) {
		out, err := beacon.Verify(k, alpha, proof)
		if err != nil && out != (beacon.Output{}) {
			t.Fatal("an output beside an error")
		}
		if err == nil && beacon.ValidateKey(k) != nil {
			t.Fatal("an output of a key that is none")
		}
	})
}

func BenchmarkProve(b *testing.B) {
	k := key(b, 1)
	alpha := beacon.OutputAlpha("fluence-local-1", 7)
	b.ReportAllocs()
	for b.Loop() {
		k.Prove(alpha)
	}
}

func BenchmarkVerify(b *testing.B) {
	k := key(b, 1)
	alpha := beacon.OutputAlpha("fluence-local-1", 7)
	proof := k.Prove(alpha)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := beacon.Verify(k.Public(), alpha, proof); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleVerify() {
	k, err := beacon.NewKey(bytes.Repeat([]byte{1}, beacon.SeedSize))
	if err != nil {
		panic(err)
	}
	alpha := beacon.OutputAlpha("fluence-local-1", 7)
	out, err := beacon.Verify(k.Public(), alpha, k.Prove(alpha))
	fmt.Println(len(out), err)
	// Output: 64 <nil>
}
