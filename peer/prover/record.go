// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errRecord says that a file is no record of proofs.
var errRecord = errors.New("not a record of proofs")

// fate is what became of a proof.
type fate string

const (
	found   fate = "found"   // not handed in, or not known to be
	sent    fate = "sent"    // in a block
	refused fate = "refused" // the chain does not want it
)

// proof is one that was found.
type proof struct {
	nonce, hash [32]byte
	fate        fate
}

// record is what was found for one unit in one epoch, as it stands on disk.
type record struct {
	epoch  uint64
	unit   [32]byte
	nonce  [32]byte // global nonce: a chain that began anew has another
	proofs []proof
}

// recordFile is a record as JSON; bytes are hex.
type recordFile struct {
	Epoch  uint64      `json:"epoch"`
	Unit   string      `json:"unit"`
	Nonce  string      `json:"nonce"`
	Proofs []proofFile `json:"proofs"`
}

type proofFile struct {
	Nonce string `json:"nonce"`
	Hash  string `json:"hash"`
	Fate  fate   `json:"fate"`
}

// maxProofs bounds the proofs of one record, whatever the chain asks for.
const maxProofs = 4096

// recordName is the name of the file of a unit in an epoch.
func recordName(epoch uint64, unit [32]byte) string {
	return fmt.Sprintf("%d-%x", epoch, unit)
}

// recordEpoch reads the epoch from a file's name.
func recordEpoch(name string) (uint64, bool) {
	first, _, ok := strings.Cut(name, "-")
	epoch, err := strconv.ParseUint(first, 10, 64)
	return epoch, ok && err == nil
}

func (r record) encode() ([]byte, error) {
	f := recordFile{Epoch: r.epoch, Unit: hex.EncodeToString(r.unit[:]), Nonce: hex.EncodeToString(r.nonce[:])}
	for _, p := range r.proofs {
		f.Proofs = append(f.Proofs, proofFile{hex.EncodeToString(p.nonce[:]), hex.EncodeToString(p.hash[:]), p.fate})
	}
	return json.Marshal(f)
}

// decodeRecord reads what encode writes.
func decodeRecord(text []byte) (r record, err error) {
	var f recordFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return r, fmt.Errorf("%w: %w", errRecord, err)
	}
	if len(f.Proofs) > maxProofs {
		return r, fmt.Errorf("%w: %d proofs, at most %d", errRecord, len(f.Proofs), maxProofs)
	}
	r.epoch = f.Epoch
	err = errors.Join(unhex(&r.unit, f.Unit), unhex(&r.nonce, f.Nonce))
	for _, p := range f.Proofs {
		switch p.Fate {
		case found, sent, refused:
		default:
			err = errors.Join(err, fmt.Errorf("%w: fate %q", errRecord, string(p.Fate)))
		}
		out := proof{fate: p.Fate}
		err = errors.Join(err, unhex(&out.nonce, p.Nonce), unhex(&out.hash, p.Hash))
		r.proofs = append(r.proofs, out)
	}
	return r, err
}

func unhex(to *[32]byte, text string) error {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(to) {
		return fmt.Errorf("%w: %d digits are no 32 bytes in hexadecimal", errRecord, len(text))
	}
	copy(to[:], b)
	return nil
}
