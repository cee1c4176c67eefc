// SPDX-License-Identifier: Apache-2.0

package service

import (
	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/it"
)

// Params are the call parameters that modules can ask for.
type Params struct {
	Particle             Particle
	ServiceID            string
	ServiceCreatorPeerID string
	HostID               string
	WorkerID             string
	Tetraplets           [][]Tetraplet // by argument
}

// Particle is what call parameters say of the particle.
type Particle struct {
	ID, InitPeerID string
	Timestamp      uint64 // milliseconds
	TTL            uint64 // milliseconds
	Script         string
	Signature      []byte
	Token          string
}

// Tetraplet is the origin of a value.
type Tetraplet struct{ PeerPK, ServiceID, FunctionName, Lens string }

var (
	str        = it.Type{Kind: it.String}
	tetraplets = it.Type{Kind: it.Array, Elem: &it.Type{Kind: it.Array, Elem: &it.Type{Kind: it.Record, Record: 0}}}
)

func texts(names ...string) []it.Field {
	fs := make([]it.Field, len(names))
	for i, n := range names {
		fs[i] = it.Field{Name: n, Type: str}
	}
	return fs
}

// layouts returns the records of the host's interface: a tetraplet, a particle,
// the call parameters of versions 0, 1 and 2 on, the result of a binary.
func layouts() *it.Interface {
	list := it.Field{Name: "tetraplets", Type: tetraplets}
	bytes, u64 := it.Type{Kind: it.ByteArray}, it.Type{Kind: it.U64}
	return &it.Interface{Types: []it.TypeDef{
		{IsRecord: true, Name: "SecurityTetraplet", Fields: texts("peer_pk", "service_id", "function_name", "lens")},
		{IsRecord: true, Name: "ParticleParameters", Fields: []it.Field{
			{Name: "id", Type: str},
			{Name: "init_peer_id", Type: str},
			{Name: "timestamp", Type: u64},
			{Name: "ttl", Type: it.Type{Kind: it.U32}},
			{Name: "script", Type: str},
			{Name: "signature", Type: bytes},
			{Name: "token", Type: str},
		}},
		{IsRecord: true, Name: "CallParameters", Fields: append(texts("init_peer_id", "service_id", "service_creator_peer_id", "host_id", "particle_id"), list)},
		{IsRecord: true, Name: "CallParameters", Fields: append(texts("init_peer_id", "service_id", "service_creator_peer_id", "host_id", "worker_id", "particle_id"), list)},
		{IsRecord: true, Name: "CallParameters", Fields: append(append([]it.Field{{Name: "particle", Type: it.Type{Kind: it.Record, Record: 1}}},
			texts("service_id", "service_creator_peer_id", "host_id", "worker_id")...), list)},
		{IsRecord: true, Name: "MountedBinaryResult", Fields: []it.Field{
			{Name: "ret_code", Type: it.Type{Kind: it.S32}}, {Name: "error", Type: str}, {Name: "stdout", Type: bytes}, {Name: "stderr", Type: bytes},
		}},
	}}
}

// Indices of records in layouts.
const (
	recordParamsV0 = 2
	recordParamsV1 = 3
	recordParamsV2 = 4
	recordBinary   = 5
)

// paramsRecord returns the interface and record that call parameters of a module
// are written in: its own record CallParameters, else what its import namespace means.
func paramsRecord(in *it.Interface, namespace string) (*it.Interface, uint32) {
	for i, t := range in.Types {
		if t.IsRecord && t.Name == "CallParameters" {
			return in, uint32(i)
		}
	}
	switch namespace {
	case "host":
		return layouts(), recordParamsV0
	case hostPrefix + "1":
		return layouts(), recordParamsV1
	}
	return layouts(), recordParamsV2
}

// value fills a record field by field name; what it does not know stays empty.
func (p *Params) value(in *it.Interface, record uint32) (abi.Value, error) {
	def, err := in.RecordType(record)
	if err != nil {
		return abi.Value{}, err
	}
	v := abi.Value{L: make([]abi.Value, len(def.Fields))}
	for i, f := range def.Fields {
		if v.L[i], err = p.field(in, f); err != nil {
			return abi.Value{}, err
		}
	}
	return v, nil
}

func (p *Params) field(in *it.Interface, f it.Field) (abi.Value, error) {
	pp := &p.Particle
	known := map[string]string{
		"init_peer_id": pp.InitPeerID, "particle_id": pp.ID, "id": pp.ID, "script": pp.Script, "token": pp.Token,
		"service_id": p.ServiceID, "service_creator_peer_id": p.ServiceCreatorPeerID, "host_id": p.HostID, "worker_id": p.WorkerID,
	}
	switch {
	case f.Type.Kind == it.String:
		return abi.Value{B: []byte(known[f.Name])}, nil
	case f.Name == "timestamp" && f.Type.Kind == it.U64:
		return abi.Value{N: pp.Timestamp}, nil
	case f.Name == "ttl":
		return abi.Value{N: pp.TTL}, nil
	case f.Name == "signature":
		return abi.Value{B: pp.Signature}, nil
	case f.Type.Kind == it.Record:
		return p.value(in, f.Type.Record)
	case f.Name == "tetraplets" && f.Type.Kind == it.Array && f.Type.Elem.Kind == it.Array && f.Type.Elem.Elem.Kind == it.Record:
		def, err := in.RecordType(f.Type.Elem.Elem.Record)
		if err != nil {
			return abi.Value{}, err
		}
		return tetrapletsValue(p.Tetraplets, len(def.Fields)), nil
	}
	return abi.Value{}, nil
}

func tetrapletsValue(all [][]Tetraplet, fields int) abi.Value {
	out := abi.Value{L: make([]abi.Value, len(all))}
	for i, list := range all {
		out.L[i].L = make([]abi.Value, len(list))
		for k, t := range list {
			rec := make([]abi.Value, fields)
			for n, text := range []string{t.PeerPK, t.ServiceID, t.FunctionName, t.Lens} {
				if n < fields {
					rec[n].B = []byte(text)
				}
			}
			out.L[i].L[k].L = rec
		}
	}
	return out
}
