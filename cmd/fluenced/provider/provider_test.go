// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app/params"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

const (
	alice = "fluence17w0adeg64ky0daxwd2ugyuneellmjgnxwzsp7n"
	bob   = "fluence1wzvhjux9rqfdcwspp37srdgwp5tac7wgxf5724"
)

func testKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

// TestSignatureIsWhatTheChainVerifies also changes each field of the file.
func TestSignatureIsWhatTheChainVerifies(t *testing.T) {
	params.SetSDKConfig()
	good, err := sign(testKey(), "fluence-test-1", alice, bob, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "peer.json")
	write := func(g signature) {
		raw, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	got, id, err := readSignature(path)
	if err != nil || got.PeerID != good.PeerID {
		t.Fatalf("readSignature = %v, %v", got, err)
	}
	p, o, err := good.addresses()
	if err != nil {
		t.Fatal(err)
	}
	if err := markettypes.VerifyPeer(id, "fluence-test-1", p, o, 1_800_000_000, got.Signature); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(*signature){
		"chain":     func(g *signature) { g.ChainID = "other" },
		"provider":  func(g *signature) { g.Provider = bob },
		"owner":     func(g *signature) { g.Owner = alice },
		"expiry":    func(g *signature) { g.ExpiresAt++ },
		"signature": func(g *signature) { g.Signature = g.Signature[:10] },
		"peer":      func(g *signature) { g.PeerID = "12D3" },
		"account":   func(g *signature) { g.Owner = "cosmos1" },
	} {
		g := good
		edit(&g)
		write(g)
		if _, _, err := readSignature(path); err == nil {
			t.Errorf("another %s is accepted", name)
		}
	}
	if err := os.WriteFile(path, []byte("no JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readSignature(path); err == nil {
		t.Error("text is accepted")
	}
}

// TestPeerKeyIsReadWhileThePeerRuns reads plain and sealed keys without the store's lock.
func TestPeerKeyIsReadWhileThePeerRuns(t *testing.T) {
	dir := t.TempDir()
	cmd := &cobra.Command{}
	cmd.Flags().String("home", dir, "")
	if _, err := peerKey(cmd); err == nil || !strings.Contains(err.Error(), "no peer key") {
		t.Errorf("without a key: %v", err)
	}
	text := base64.StdEncoding.EncodeToString(testKey().Seed()) + "\n"
	put := func(name, content string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("peer/peer_key", text)
	if key, err := peerKey(cmd); err != nil || !key.Equal(testKey()) {
		t.Errorf("plain key: %v", err)
	}
	to, err := age.NewScryptRecipient("open sesame")
	if err != nil {
		t.Fatal(err)
	}
	to.SetWorkFactor(10)
	var sealed strings.Builder
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put("peer/peer_key", sealed.String())
	if _, err := peerKey(cmd); err == nil {
		t.Error("a sealed key opens without a passphrase")
	}
	put("config/peer.toml", "[root_key_pair]\npassphrase_path = \""+filepath.Join(dir, "pass")+"\"\n")
	put("pass", "open sesame\n")
	if key, err := peerKey(cmd); err != nil || !key.Equal(testKey()) {
		t.Errorf("sealed key: %v", err)
	}
	put("pass", "wrong\n")
	if _, err := peerKey(cmd); err == nil {
		t.Error("a sealed key opens with another passphrase")
	}
}

func TestGauge(t *testing.T) {
	const text = `# HELP fluence_prover_hashes_per_second h
# TYPE fluence_prover_hashes_per_second gauge
fluence_prover_hashes_per_second{core="0"} 12.5
fluence_prover_hashes_per_second{core="1"} 2.5e1
fluence_prover_hashes_per_second_old 99
other 1
`
	if got := gauge(strings.NewReader(text), "fluence_prover_hashes_per_second"); got == nil || *got != 37.5 {
		t.Errorf("gauge = %v, want 37.5", got)
	}
	if got := gauge(strings.NewReader(text), "missing"); got != nil {
		t.Errorf("gauge of nothing = %v", *got)
	}
	if got := gauge(strings.NewReader("broken \nbroken{ 1\nbroken x\n"), "broken"); got != nil {
		t.Errorf("gauge of nonsense = %v", *got)
	}
}

func TestPercent(t *testing.T) {
	for rate, want := range map[uint64]string{1: "0.00001 %", 2_000_000: "20 %", 10_000_000: "100 %", 1_234_567: "12.34567 %"} {
		if got := percent(rate); got != want {
			t.Errorf("percent(%d) = %s, want %s", rate, got, want)
		}
	}
}

func TestCIDsAreThoseTheChainKeeps(t *testing.T) {
	const good = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
	b, err := parseCID("cid", good)
	if err != nil || cidText(b) != good {
		t.Errorf("parseCID = %x, %v", b, err)
	}
	for _, bad := range []string{"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "bafk", "x"} {
		if _, err := parseCID("cid", bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
