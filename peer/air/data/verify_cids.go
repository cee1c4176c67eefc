// SPDX-License-Identifier: Apache-2.0

package data

import "slices"

// verify checks hashes, then references; known content is not hashed again.
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-data/src/interpreter_data/verification.rs,
// crates/air-lib/interpreter-data/src/cid_info.rs.
func (i *CIDInfo) verify(known *CIDInfo) error {
	var buf []byte
	if err := check("values", &i.Values, &known.Values,
		func(v *string) []byte { buf = append(buf[:0], *v...); return buf },
		func(a, b *string) bool { return *a == *b }); err != nil {
		return err
	}
	if err := check("tetraplets", &i.Tetraplets, &known.Tetraplets,
		func(t *Tetraplet) []byte { buf = t.appendJSON(buf[:0]); return buf },
		func(a, b *Tetraplet) bool { return *a == *b }); err != nil {
		return err
	}
	if err := check("service results", &i.ServiceResults, &known.ServiceResults,
		func(r *ServiceResult) []byte { buf = r.appendJSON(buf[:0]); return buf },
		func(a, b *ServiceResult) bool { return *a == *b }); err != nil {
		return err
	}
	if err := check("canon elements", &i.CanonElements, &known.CanonElements,
		func(e *CanonElement) []byte { buf = e.appendJSON(buf[:0]); return buf },
		func(a, b *CanonElement) bool { return *a == *b }); err != nil {
		return err
	}
	if err := check("canon results", &i.CanonResults, &known.CanonResults,
		func(r *CanonResult) []byte { buf = r.appendJSON(buf[:0]); return buf },
		func(a, b *CanonResult) bool {
			return a.Tetraplet == b.Tetraplet && slices.Equal(a.Values, b.Values)
		}); err != nil {
		return err
	}
	return i.references()
}

// check hashes the content of one store. An entry that known has with equal
// content needs no hash.
func check[V any](name string, s, known *Store[V], content func(*V) []byte, same func(a, b *V) bool) error {
	next := 0 // both bases are sorted: walk them side by side
	for i := range s.base {
		e := &s.base[i]
		for next < len(known.base) && known.base[next].CID < e.CID {
			next++
		}
		if next < len(known.base) && known.base[next].CID == e.CID && same(&known.base[next].Value, &e.Value) {
			continue
		}
		if err := known.checkEntry(name, e, content, same); err != nil {
			return err
		}
	}
	for i := range s.tail {
		if err := known.checkEntry(name, &s.tail[i], content, same); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store[V]) checkEntry(name string, e *Entry[V], content func(*V) []byte, same func(a, b *V) bool) error {
	if s.Len() > 0 {
		if v, ok := s.Get(e.CID); ok && same(&v, &e.Value) {
			return nil
		}
	}
	if !e.CID.names(content(&e.Value)) {
		return refuse(CodeCIDs, "Value mismatch in the %q store for CID %q", name, e.CID)
	}
	return nil
}

// references checks that content which other content names is there.
func (i *CIDInfo) references() error {
	if err := i.ServiceResults.each(func(r *ServiceResult) error {
		return first(
			refer(&i.Values, "service results", "values", r.Value),
			refer(&i.Tetraplets, "service results", "tetraplets", r.Tetraplet))
	}); err != nil {
		return err
	}
	if err := i.CanonResults.each(func(r *CanonResult) error {
		for _, c := range r.Values {
			if err := refer(&i.CanonElements, "canon results", "canon elements", c); err != nil {
				return err
			}
		}
		return refer(&i.Tetraplets, "canon results", "tetraplets", r.Tetraplet)
	}); err != nil {
		return err
	}
	return i.CanonElements.each(func(e *CanonElement) error {
		err := first(
			refer(&i.Values, "canon elements", "values", e.Value),
			refer(&i.Tetraplets, "canon elements", "tetraplets", e.Tetraplet))
		switch {
		case err != nil:
			return err
		case e.Provenance.Kind == FromServiceResult:
			return refer(&i.ServiceResults, "canon elements", "service results", e.Provenance.CID)
		case e.Provenance.Kind == FromCanon:
			return refer(&i.CanonResults, "canon elements", "canon results", e.Provenance.CID)
		}
		return nil
	})
}

func refer[V any](to *Store[V], from, name string, c CID) error {
	if to.Has(c) {
		return nil
	}
	return refuse(CodeCIDs, "Reference CID %q from type %s to %s was not found", c, from, name)
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
