// SPDX-License-Identifier: Apache-2.0

package data

// appendJSON appends the text that the CID of t covers: compact JSON with the
// fields in order of declaration.
func (t *Tetraplet) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"peer_pk":`...), t.PeerPK)
	b = appendString(append(b, `,"service_id":`...), t.ServiceID)
	b = appendString(append(b, `,"function_name":`...), t.FunctionName)
	b = appendString(append(b, `,"lens":`...), t.Lens)
	return append(b, '}')
}

// appendJSON appends the text that the CID of r covers.
func (r *ServiceResult) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"value_cid":`...), string(r.Value))
	b = appendString(append(b, `,"argument_hash":`...), string(r.ArgumentHash))
	b = appendString(append(b, `,"tetraplet_cid":`...), string(r.Tetraplet))
	return append(b, '}')
}

// appendJSON appends the text that the CID of e covers.
func (e *CanonElement) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"value":`...), string(e.Value))
	b = appendString(append(b, `,"tetraplet":`...), string(e.Tetraplet))
	b = append(b, `,"provenance":{"type":`...)
	switch e.Provenance.Kind {
	case FromServiceResult:
		b = appendString(append(b, `"service_result","cid":`...), string(e.Provenance.CID))
	case FromCanon:
		b = appendString(append(b, `"canon","cid":`...), string(e.Provenance.CID))
	default:
		b = append(b, `"literal"`...)
	}
	return append(b, '}', '}')
}

// appendJSON appends the text that the CID of r covers.
func (r *CanonResult) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"tetraplet":`...), string(r.Tetraplet))
	b = append(b, `,"values":[`...)
	for i, c := range r.Values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, string(c))
	}
	return append(b, ']', '}')
}

// appendString appends s as a JSON string. Only the quote, the backslash and
// characters below 0x20 are escaped, as CIDs require.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}
