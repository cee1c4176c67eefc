// SPDX-License-Identifier: Apache-2.0

package data

// cidsDeps writes the five stores and returns their numbers of entries.
func (w *writer) cidsDeps(i *CIDInfo) [5]int {
	return [5]int{
		writeStore(w, &i.Values,
			func(v *string) { w.bytes(*v) },
			func(v *string) { w.fat(len(*v)) }),
		writeStore(w, &i.Tetraplets, w.tetrapletDeps, w.tetraplet),
		writeStore(w, &i.CanonElements, w.canonElementDeps, w.canonElement),
		writeStore(w, &i.CanonResults,
			func(r *CanonResult) {
				w.cidDep(r.Tetraplet)
				w.vec(len(r.Values), func(i int) { w.cidDep(r.Values[i]) }, func(i int) { w.cid(r.Values[i]) })
			},
			func(r *CanonResult) { w.cid(r.Tetraplet); w.fat(len(r.Values)) }),
		writeStore(w, &i.ServiceResults,
			func(r *ServiceResult) { w.cidDep(r.Value); w.cidDep(r.ArgumentHash); w.cidDep(r.Tetraplet) },
			func(r *ServiceResult) { w.cid(r.Value); w.cid(r.ArgumentHash); w.cid(r.Tetraplet) }),
	}
}

// writeStore writes a vector of entries {CID, pointer to content}.
func writeStore[V any](w *writer, s *Store[V], deps, put func(*V)) int {
	entries := s.tail
	if w.rec == nil {
		entries = s.sorted()
	}
	w.vec(len(entries),
		func(i int) {
			e := &entries[i]
			w.cidDep(e.CID)
			w.object(func() { deps(&e.Value) }, func() { put(&e.Value) })
		},
		func(i int) {
			w.cid(entries[i].CID)
			w.thin()
		})
	return len(entries)
}

func (w *writer) tetrapletDeps(t *Tetraplet) {
	w.strDep(t.PeerPK)
	w.strDep(t.ServiceID)
	w.strDep(t.FunctionName)
	w.strDep(t.Lens)
}

func (w *writer) tetraplet(t *Tetraplet) {
	w.str(t.PeerPK)
	w.str(t.ServiceID)
	w.str(t.FunctionName)
	w.str(t.Lens)
}

func (w *writer) canonElementDeps(e *CanonElement) {
	w.cidDep(e.Value)
	w.cidDep(e.Tetraplet)
	if e.Provenance.Kind != FromLiteral {
		w.cidDep(e.Provenance.CID)
	}
}

func (w *writer) canonElement(e *CanonElement) {
	w.cid(e.Value)
	w.cid(e.Tetraplet)
	w.tag(byte(e.Provenance.Kind))
	if e.Provenance.Kind == FromLiteral {
		w.pad(2)
		return
	}
	w.cid(e.Provenance.CID)
}
