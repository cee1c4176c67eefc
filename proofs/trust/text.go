// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/mr-tron/base58"
)

// The text form of a certificate is lines: base58 of format, base58 of version,
// then per trust base58 of enc(key), base58 of enc(signature), expires at and
// issued at in decimal. The first two are not checked when read.

// MarshalText returns the text form, with a newline at its end.
func (c Certificate) MarshalText() ([]byte, error) {
	var b strings.Builder
	b.WriteString("11\n1111\n")
	for _, t := range c.Chain {
		fmt.Fprintf(&b, "%s\n%s\n%d\n%d\n", base58.Encode(t.IssuedFor.Append(nil)), base58.Encode(t.Signature.Append(nil)), t.ExpiresAt, t.IssuedAt)
	}
	return []byte(b.String()), nil
}

// maxTextLine bounds a line: base58 of the longest signature takes 100 characters.
const maxTextLine = 128

// UnmarshalText reads the text form.
//
// Errors: ErrMalformed, ErrKeyFormat, ErrChain.
func (c *Certificate) UnmarshalText(text []byte) error {
	if len(text) > (2+4*MaxChain)*maxTextLine {
		return fmt.Errorf("%w: certificate of %d characters", ErrMalformed, len(text))
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) < 6 || (len(lines)-2)%4 != 0 || len(lines) > 2+4*MaxChain {
		return fmt.Errorf("%w: incorrect format of the certificate: %d lines", ErrMalformed, len(lines))
	}
	var chain []Trust
	for at := 2; at < len(lines); at += 4 {
		t, err := parseTrust(lines[at : at+4])
		if err != nil {
			return fmt.Errorf("line %d: %w", at+1, err)
		}
		chain = append(chain, t)
	}
	c.Chain = chain
	return nil
}

func parseTrust(lines []string) (t Trust, err error) {
	for _, l := range lines {
		if len(l) > maxTextLine {
			return t, fmt.Errorf("%w: line of %d characters", ErrMalformed, len(l))
		}
	}
	key, err := fromBase58(lines[0])
	if err != nil {
		return t, err
	}
	if t.IssuedFor, err = DecodeKey(key); err != nil {
		return t, err
	}
	sig, err := fromBase58(lines[1])
	if err != nil {
		return t, err
	}
	if t.Signature, err = DecodeSignature(sig); err != nil {
		return t, err
	}
	for i, to := range []*uint64{&t.ExpiresAt, &t.IssuedAt} {
		if *to, err = strconv.ParseUint(lines[2+i], 10, 64); err != nil {
			return t, fmt.Errorf("%w: time %q", ErrMalformed, lines[2+i])
		}
	}
	return t, nil
}

// trustJSON is the JSON form that the official service speaks.
type trustJSON struct {
	IssuedFor string `json:"issued_for"`
	ExpiresAt uint64 `json:"expires_at"`
	Signature string `json:"signature"`
	SigType   string `json:"sig_type"`
	IssuedAt  uint64 `json:"issued_at"`
}

// MarshalJSON returns the JSON form: the key as peer id, the signature raw in base58.
func (t Trust) MarshalJSON() ([]byte, error) {
	return json.Marshal(trustJSON{t.IssuedFor.PeerID(), t.ExpiresAt, base58.Encode(t.Signature.Raw), t.Signature.Format.String(), t.IssuedAt})
}

// UnmarshalJSON reads the JSON form.
//
// Errors: ErrMalformed, ErrKeyFormat.
func (t *Trust) UnmarshalJSON(b []byte) error {
	var j trustJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	key, err := KeyOfPeer(j.IssuedFor)
	if err != nil {
		return err
	}
	sig, err := parseSignature(j.SigType, j.Signature)
	if err != nil {
		return err
	}
	*t = Trust{IssuedFor: key, ExpiresAt: j.ExpiresAt, IssuedAt: j.IssuedAt, Signature: sig}
	return nil
}

func parseSignature(sigType, text string) (Signature, error) {
	f, err := ParseFormat(sigType)
	if err != nil {
		return Signature{}, err
	}
	if len(text) > maxTextLine {
		return Signature{}, fmt.Errorf("%w: signature of %d characters", ErrMalformed, len(text))
	}
	raw, err := fromBase58(text)
	if err != nil {
		return Signature{}, err
	}
	return DecodeSignature(append([]byte{byte(f)}, raw...))
}

// certificateJSON is the JSON form of a certificate.
type certificateJSON struct {
	Chain []Trust `json:"chain"`
}

// MarshalJSON returns the JSON form: {"chain": [trust, …]}.
func (c Certificate) MarshalJSON() ([]byte, error) {
	return json.Marshal(certificateJSON{append([]Trust{}, c.Chain...)})
}

// UnmarshalJSON reads the JSON form.
//
// Errors: ErrMalformed, ErrKeyFormat, ErrChain.
func (c *Certificate) UnmarshalJSON(b []byte) error {
	var j certificateJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	if len(j.Chain) > MaxChain {
		return fmt.Errorf("%w: %d trusts, at most %d", ErrChain, len(j.Chain), MaxChain)
	}
	c.Chain = j.Chain
	return nil
}

// revocationJSON is the JSON form of a revocation.
type revocationJSON struct {
	Revoked   string `json:"revoked_peer_id"`
	RevokedAt uint64 `json:"revoked_at"`
	Signature string `json:"signature"`
	SigType   string `json:"sig_type"`
	RevokedBy string `json:"revoked_by"`
}

// MarshalJSON returns the JSON form.
func (r Revocation) MarshalJSON() ([]byte, error) {
	return json.Marshal(revocationJSON{r.Revoked.PeerID(), r.RevokedAt, base58.Encode(r.Signature.Raw), r.Signature.Format.String(), r.RevokedBy.PeerID()})
}

// UnmarshalJSON reads the JSON form.
//
// Errors: ErrMalformed, ErrKeyFormat.
func (r *Revocation) UnmarshalJSON(b []byte) error {
	var j revocationJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	revoked, err := KeyOfPeer(j.Revoked)
	if err != nil {
		return err
	}
	by, err := KeyOfPeer(j.RevokedBy)
	if err != nil {
		return err
	}
	sig, err := parseSignature(j.SigType, j.Signature)
	if err != nil {
		return err
	}
	*r = Revocation{Revoked: revoked, RevokedAt: j.RevokedAt, RevokedBy: by, Signature: sig}
	return nil
}
