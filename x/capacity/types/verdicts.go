// SPDX-License-Identifier: Apache-2.0

package types

import (
	"encoding/binary"

	"github.com/go-fluence/fluence/proofs/capacity"
)

// MaxVerdicts is how many batches one block may decide.
const MaxVerdicts = 256

// MaxVerdictBytes is the share of the system transaction that verdicts have.
const MaxVerdictBytes = 32 << 10

// BatchVerdict holds the verdicts on a due batch.
type BatchVerdict struct {
	Due, Seq uint64
	// Verdicts has one entry per proof, Valid or Invalid.
	Verdicts []capacity.Verdict
}

// Bytes returns how long the entry is on the wire.
func (v BatchVerdict) Bytes() int { return verdictKeyBytes + 1 + len(v.Verdicts) }

// AppendVerdicts appends the wire form of verdicts, which are in the order of due
// height and number:
//
//	entries × (due u64be ‖ seq u64be ‖ u8 n ‖ n × u8 verdict)
func AppendVerdicts(b []byte, list []BatchVerdict) []byte {
	for _, v := range list {
		b = binary.BigEndian.AppendUint64(b, v.Due)
		b = binary.BigEndian.AppendUint64(b, v.Seq)
		b = append(b, byte(len(v.Verdicts)))
		for _, x := range v.Verdicts {
			b = append(b, byte(x))
		}
	}
	return b
}

// ParseVerdicts reads what AppendVerdicts writes, and nothing else: entries ascend
// strictly, none is empty, every proof is Valid or Invalid.
//
// Errors: ErrVerdictForm.
func ParseVerdicts(b []byte) ([]BatchVerdict, error) {
	if len(b) > MaxVerdictBytes {
		return nil, ErrVerdictForm.Wrapf("%d bytes, at most %d", len(b), MaxVerdictBytes)
	}
	var list []BatchVerdict
	for len(b) > 0 {
		if len(b) < verdictKeyBytes+1 || len(b) < verdictKeyBytes+1+int(b[verdictKeyBytes]) || b[verdictKeyBytes] == 0 {
			return nil, ErrVerdictForm.Wrapf("entry %d is cut off or empty", len(list))
		}
		v := BatchVerdict{Due: binary.BigEndian.Uint64(b), Seq: binary.BigEndian.Uint64(b[8:])}
		n := int(b[verdictKeyBytes])
		for _, x := range b[verdictKeyBytes+1:][:n] {
			if x := capacity.Verdict(x); x != capacity.Valid && x != capacity.Invalid {
				return nil, ErrVerdictForm.Wrapf("entry %d has %s", len(list), x)
			}
			v.Verdicts = append(v.Verdicts, capacity.Verdict(x))
		}
		if k := len(list); k > 0 && (list[k-1].Due > v.Due || list[k-1].Due == v.Due && list[k-1].Seq >= v.Seq) {
			return nil, ErrVerdictForm.Wrapf("entry %d is out of order", k)
		}
		list, b = append(list, v), b[v.Bytes():]
	}
	if len(list) > MaxVerdicts {
		return nil, ErrVerdictForm.Wrapf("%d entries, at most %d", len(list), MaxVerdicts)
	}
	return list, nil
}
