// SPDX-License-Identifier: Apache-2.0

// Package trust is the commands that make, check and bring about certificates and
// revocations.
package trust

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/proofs/trust"
)

// Bounds of what is read.
const (
	maxFile         = 16 << 20
	maxCertificates = 10_000
)

// Command returns fluenced trust with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "trust", Short: "Make, check and bring about certificates and revocations"}
	cmd.AddCommand(verifyCommand(), rootCommand(), issueCommand(), revokeCommand(), weightCommand(), chainCommand(), exportCommand(), importCommand())
	return cmd
}

// read returns a file, or standard input for "-".
func read(cmd *cobra.Command, name string) ([]byte, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, term.Hint(err, "name a file with certificates, or - for standard input")
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, term.Usage("split it", "%s is larger than %d bytes", name, maxFile)
	}
	return b, nil
}

// certificates reads any of the official forms: text, binary, JSON of one, a list
// of them, or an object with the list "certificates".
func certificates(b []byte) ([]trust.Certificate, error) {
	var c trust.Certificate
	text := strings.TrimLeft(string(b), " \t\r\n")
	switch {
	case strings.HasPrefix(text, "["):
		return list([]byte(text))
	case strings.HasPrefix(text, "{"):
		var o struct {
			Certificates json.RawMessage `json:"certificates"`
			Chain        json.RawMessage `json:"chain"`
		}
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return nil, err
		}
		switch {
		case o.Certificates != nil:
			return list(o.Certificates)
		case o.Chain == nil:
			return nil, errors.New(`neither "chain" nor "certificates" is in it`)
		}
		err := json.Unmarshal([]byte(text), &c)
		return []trust.Certificate{c}, err
	case len(b) > 6 && b[0] == 0:
		c, err := trust.DecodeCertificate(b)
		return []trust.Certificate{c}, err
	}
	err := c.UnmarshalText([]byte(text))
	return []trust.Certificate{c}, err
}

func list(b []byte) ([]trust.Certificate, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	if len(raw) > maxCertificates {
		return nil, fmt.Errorf("%d certificates, at most %d", len(raw), maxCertificates)
	}
	out := make([]trust.Certificate, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &out[i]); err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i, err)
		}
	}
	return out, nil
}

func load(cmd *cobra.Command, name string) ([]trust.Certificate, error) {
	b, err := read(cmd, name)
	if err != nil {
		return nil, err
	}
	cs, err := certificates(b)
	return cs, term.Hint(err, "the official forms are read: text, binary, JSON of one certificate or of a list")
}

// judged is one trust with what was found about it.
type judged struct {
	Certificate int    `json:"certificate"`
	Index       int    `json:"index"`
	IssuedBy    string `json:"issued_by"`
	IssuedFor   string `json:"issued_for"`
	IssuedAt    uint64 `json:"issued_at"`
	ExpiresAt   uint64 `json:"expires_at"`
	Verifies    bool   `json:"verifies"`
	Error       string `json:"error,omitempty"`
}

// report is the answer of verify.
type report struct {
	At           uint64   `json:"at"`
	Certificates int      `json:"certificates"`
	Verified     int      `json:"verified"`
	Refused      int      `json:"refused"`
	Trusts       []judged `json:"trusts"`
}

func judge(cs []trust.Certificate, at uint64) report {
	r := report{At: at, Certificates: len(cs), Trusts: []judged{}}
	for i, c := range cs {
		for n, t := range c.Chain {
			issuer := c.Chain[max(n-1, 0)].IssuedFor
			j := judged{
				Certificate: i, Index: n, IssuedBy: issuer.PeerID(), IssuedFor: t.IssuedFor.PeerID(),
				IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresAt, Verifies: true,
			}
			if err := t.Verify(issuer, at); err != nil {
				j.Verifies, j.Error = false, err.Error()
				r.Refused++
			} else {
				r.Verified++
			}
			r.Trusts = append(r.Trusts, j)
		}
	}
	return r
}

func verifyCommand() *cobra.Command {
	var asJSON bool
	var at int64
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Say of every trust in certificates whether it verifies",
		Long: `Check every signature and expiry. The file holds one certificate in the official text
or binary form, or JSON: one certificate, a list, or an object with "certificates".
- is standard input. Without --json the exit code is 1 when a trust is refused.

  fluenced trust verify bob.cert
  fluenced trust verify certificates.json --json --at 1700000000`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if at < 0 {
				return term.Usage("seconds since 1970", "--at %d", at)
			}
			cs, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			r := judge(cs, when(at))
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), r)
			}
			return printReport(cmd.OutOrStdout(), r)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	atFlag(cmd, &at)
	return cmd
}

func atFlag(cmd *cobra.Command, at *int64) {
	cmd.Flags().Int64Var(at, "at", 0, "judge at this time, in seconds since 1970 (default now)")
}

func when(at int64) uint64 {
	if at > 0 {
		return uint64(at)
	}
	return uint64(time.Now().Unix())
}

func printReport(w io.Writer, r report) error {
	var rows [][]string
	for _, t := range r.Trusts {
		verdict := "verifies"
		if !t.Verifies {
			verdict = t.Error
		}
		rows = append(rows, []string{fmt.Sprint(t.Certificate), fmt.Sprint(t.Index), t.IssuedFor, date(t.ExpiresAt), verdict})
	}
	if err := term.Table(w, []string{"CERTIFICATE", "TRUST", "ISSUED FOR", "EXPIRES", "VERDICT"}, rows); err != nil {
		return err
	}
	if r.Refused > 0 {
		return term.Hint(fmt.Errorf("%d of %d trusts are refused", r.Refused, len(r.Trusts)), "--at judges at another time")
	}
	return nil
}

func date(seconds uint64) string {
	if seconds > 1<<40 {
		return fmt.Sprint(seconds)
	}
	return time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
}

// keyFlag names the key that signs.
func keyFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "key", "", "file with the Ed25519 key that signs, base64 or base58")
}

// signer reads an Ed25519 key.
func signer(name string) (ed25519.PrivateKey, trust.Key, error) {
	if name == "" {
		return nil, trust.Key{}, term.Usage("name its file with --key", "no key given")
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, trust.Key{}, err
	}
	priv, err := store.ParseKey(string(raw))
	if err != nil {
		return nil, trust.Key{}, term.Hint(err, "--key names a file with the base64 or base58 text of an Ed25519 key")
	}
	key, err := trust.NewKey(trust.Ed25519, priv[32:])
	return priv, key, err
}

// sign makes a trust of a key that a signer gives.
func sign(priv ed25519.PrivateKey, to trust.Key, at, life uint64) trust.Trust {
	t := trust.Trust{IssuedFor: to, IssuedAt: at, ExpiresAt: at + life}
	t.Signature = trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(priv, t.SigningBytes())}
	return t
}

// peerKey reads a peer id.
func peerKey(id string) (trust.Key, error) {
	k, err := trust.KeyOfPeer(id)
	if err != nil {
		return k, term.Usage("it looks like 12D3KooW...", "%q is no peer id with a key in it", id)
	}
	return k, nil
}
