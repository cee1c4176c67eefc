// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"bytes"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// hashes remembers the last of each kind of CID, since calls that follow each
// other often have the same arguments, address or result.
type hashes struct {
	args     []byte
	argsCID  data.CID
	tet      data.Tetraplet
	tetCID   data.CID
	value    string
	valueCID data.CID
}

// hashArgs names the arguments in r.scratch. It exchanges the buffer for the one
// it remembers by.
func (r *run) hashArgs() data.CID {
	h := &r.hashes
	if h.argsCID == "" || !bytes.Equal(h.args, r.scratch) {
		h.argsCID = data.ValueCIDBytes(r.scratch)
		h.args, r.scratch = r.scratch, h.args
	}
	return h.argsCID
}

// keepTetraplet puts a tetraplet into the stores.
func (r *run) keepTetraplet(t *data.Tetraplet) data.CID {
	h := &r.hashes
	if h.tetCID == "" || h.tet != *t {
		h.tet, h.tetCID = *t, t.CID()
		r.cids.Tetraplets.Insert(h.tetCID, *t)
	}
	return h.tetCID
}

// keepValue puts a value into the stores. raw may be its text as bytes, which
// saves a copy.
func (r *run) keepValue(v value.Value, raw []byte) data.CID {
	h := &r.hashes
	if text := v.Text(); h.valueCID == "" || h.value != text {
		if string(raw) == text {
			h.valueCID = data.ValueCIDBytes(raw)
		} else {
			h.valueCID = data.ValueCID(text)
		}
		h.value = text
		r.cids.Values.Insert(h.valueCID, text)
	}
	return h.valueCID
}
