// SPDX-License-Identifier: Apache-2.0

package exec

import "github.com/go-fluence/fluence/peer/air/data"

// apMapOp inserts a pair into a stream map. The value is resolved first, then
// the state of the trace is taken, then the key is resolved: a key that is not
// there yet waits with the state taken.
type apMapOp struct {
	key, value operand
	stream     int32
	name       string
}

func (o *apMapOp) run(r *run, in *instr) *Error {
	var v, k arg
	if err := o.value.resolve(r, &v); err != nil {
		return r.join(err)
	}
	v.settle()
	v.pos = r.t.pos()
	g, err := r.t.ap(in.src)
	if err != nil {
		return err
	}
	if err := o.key.resolve(r, &k); err != nil {
		return r.join(err)
	}
	if _, ok := keyFrom(k.json); !ok {
		return fault(CodeMapKey, "unsupported type for %s map's key", o.name)
	}
	v.json = pair(k.json, v.json)
	if k.prov.Kind != data.FromLiteral || k.org != nil {
		v.use([]ref{k.ref()})
	}
	if err := r.charge(len(v.json.Text())); err != nil {
		return err
	}
	if err := r.streams[o.stream].add(&v.val, g); err != nil {
		return err
	}
	r.t.push(data.Ap(0))
	return nil
}
