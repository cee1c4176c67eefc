// SPDX-License-Identifier: Apache-2.0

package value

import (
	"bytes"
	"sort"
)

// written returns bytes [from, to) of the output.
func (r *reader) written(from, to int) []byte {
	if r.copied {
		return r.out[from:to]
	}
	return []byte(r.src[r.start+from : r.start+to])
}

// less compares the decoded names of two members.
func (r *reader) less(a, b member) bool {
	if r.copied {
		return lessNames(r.out[a.name:a.nameEnd], r.out[b.name:b.nameEnd])
	}
	s := r.src[r.start:]
	return lessNames(s[a.name:a.nameEnd], s[b.name:b.nameEnd])
}

// lessNames compares canonical names by their decoded bytes. Only escapes make a
// difference between the two orders.
func lessNames[T string | []byte](a, b T) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		// One continues the other: an escape that begins here is whole.
		return len(a) < len(b)
	}
	if a[i] != '\\' && b[i] != '\\' && (i == 0 || a[i-1] != '\\') && (i < 5 || a[i-5] != '\\') && (i < 6 || a[i-6] != '\\') {
		return a[i] < b[i]
	}
	return unquote(string(a)) < unquote(string(b))
}

// sortMembers rewrites an object whose members, from base on, are out of order or
// repeated: it sorts them by name and keeps the last of equal names. The output
// holds the object from begin, behind its bracket, up to the closing bracket.
func (r *reader) sortMembers(begin, base int) {
	r.diverge(r.pos)
	ms := r.members[base:]
	names := make([]string, len(ms))
	order := make([]int, len(ms))
	for i, m := range ms {
		names[i] = unquote(string(r.written(m.name, m.nameEnd)))
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return names[order[a]] < names[order[b]] })
	old := bytes.Clone(r.out[begin:])
	r.out = r.out[:begin]
	for i, n := range order {
		if i+1 < len(order) && names[order[i+1]] == names[n] {
			continue
		}
		if len(r.out) > begin {
			r.out = append(r.out, ',')
		}
		r.out = append(r.out, old[ms[n].name-1-begin:ms[n].end-begin]...)
	}
}
