// SPDX-License-Identifier: Apache-2.0

package data

import "crypto/sha256"

// Known remembers what was verified before, so that data which comes back does
// not cost its hashes and signatures again. It never changes an outcome. The zero
// value knows nothing; a nil *Known is allowed wherever one is asked for.
//
// It holds the content it knows, so its size is that of the last data given to
// [Known.Learn].
type Known struct {
	cids       CIDInfo
	signatures map[[sha256.Size]byte]struct{}
}

// Verify checks arrived data: the CID stores, then every signature of the trace.
//
// Errors: CodeCIDs, CodeSignatures, CodeMissing; CodeTooLarge if limits are
// exceeded.
func Verify(d *InterpreterData, salt string, l Limits, known *Known) (*Signers, error) {
	if err := VerifyCIDs(&d.CIDs, known); err != nil {
		return nil, err
	}
	return VerifySignatures(d, salt, l, known)
}

// VerifyCIDs checks that every CID names its content and that all content which
// other content refers to is there. The CIDs of the trace are not looked at.
//
// Errors: CodeCIDs.
func VerifyCIDs(i *CIDInfo, known *Known) error {
	if known == nil {
		known = &Known{}
	}
	return i.verify(&known.cids)
}

// VerifySignatures checks that every peer with results in the trace signed
// exactly these, with salt (the particle id), and that no other signature is
// wrong. The CID stores must be verified.
//
// Errors: CodeSignatures, CodeMissing, CodeTooLarge.
func VerifySignatures(d *InterpreterData, salt string, l Limits, known *Known) (*Signers, error) {
	if l.Signers > 0 && len(d.Signatures) > l.Signers {
		return nil, refuse(CodeTooLarge, "particle data has %d signers, at most %d are allowed", len(d.Signatures), l.Signers)
	}
	s, err := Group(d)
	if err != nil {
		return nil, err
	}
	for i := range s.list {
		if known.has(&s.list[i], salt) {
			continue
		}
		if err := s.list[i].verify(salt); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Learn makes known that d is verified, or was made here: its content, and the
// signatures of s. What was known before and is not in d is forgotten.
func (k *Known) Learn(d *InterpreterData, s *Signers, salt string) {
	k.cids = d.CIDs.Clone()
	k.signatures = make(map[[sha256.Size]byte]struct{}, s.Len())
	for i := range s.list {
		k.signatures[s.list[i].digest(salt)] = struct{}{}
	}
}

func (k *Known) has(s *Signer, salt string) bool {
	if k == nil || len(k.signatures) == 0 {
		return false
	}
	_, ok := k.signatures[s.digest(salt)]
	return ok
}

// digest stands for one signature with its key and what it covers.
func (s *Signer) digest(salt string) [sha256.Size]byte {
	b := message(s.CIDs, salt)
	b = append(b, byte(len(s.Signature.Key)))
	b = append(b, s.Signature.Key...)
	return sha256.Sum256(append(b, s.Signature.Bytes...))
}
