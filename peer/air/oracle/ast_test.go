// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"fmt"

	"github.com/go-fluence/fluence/peer/air/ast"
)

// fields is one JSON object of the interpreter's syntax tree.
type fields = map[string]any

// treeJSON writes an instruction as the interpreter's syntax tree.
func treeJSON(in ast.Instr) any {
	switch in := in.(type) {
	case *ast.Seq:
		return fields{"Seq": []any{treeJSON(in.Left), treeJSON(in.Right)}}
	case *ast.Par:
		return fields{"Par": []any{treeJSON(in.Left), treeJSON(in.Right)}}
	case *ast.Xor:
		return fields{"Xor": []any{treeJSON(in.Left), treeJSON(in.Right)}}
	case *ast.Match:
		return fields{"Match": fields{"left_value": operandJSON(&in.Left), "right_value": operandJSON(&in.Right), "instruction": treeJSON(in.Body)}}
	case *ast.Mismatch:
		return fields{"MisMatch": fields{"left_value": operandJSON(&in.Left), "right_value": operandJSON(&in.Right), "instruction": treeJSON(in.Body)}}
	case *ast.New:
		return fields{"New": fields{"argument": variant(in.Var), "instruction": treeJSON(in.Body), "span": spanJSON(in)}}
	case *ast.Next:
		return fields{"Next": fields{"iterator": varJSON(in.Iterator)}}
	case *ast.Never:
		return fields{"Never": nil}
	case *ast.Null:
		return fields{"Null": nil}
	case *ast.Fold:
		return foldJSON(in)
	}
	return leafJSON(in)
}

func spanJSON(in ast.Instr) any {
	return fields{"left": in.Span().Start, "right": in.Span().End}
}

func varJSON(v ast.Var) any { return fields{"name": v.Name, "position": v.Pos} }

var kindNames = map[ast.Kind]string{
	ast.Scalar: "Scalar", ast.Stream: "Stream", ast.StreamMap: "StreamMap",
	ast.CanonStream: "CanonStream", ast.CanonMap: "CanonStreamMap",
}

func variant(v ast.Var) any { return fields{kindNames[v.Kind]: varJSON(v)} }

func foldJSON(in *ast.Fold) any {
	name, over := "FoldScalar", partJSON(&in.Over)
	switch in.Over.Kind {
	case ast.Stream:
		name, over = "FoldStream", varJSON(in.Over.Var())
	case ast.StreamMap:
		name, over = "FoldStreamMap", varJSON(in.Over.Var())
	}
	var last any
	if in.Last != nil {
		last = treeJSON(in.Last)
	}
	return fields{name: fields{
		"iterable": over, "iterator": varJSON(in.Iterator), "instruction": treeJSON(in.Body),
		"last_instruction": last, "span": spanJSON(in),
	}}
}

func leafJSON(in ast.Instr) any {
	switch in := in.(type) {
	case *ast.Call:
		args := []any{}
		for i := range in.Args {
			args = append(args, operandJSON(&in.Args[i]))
		}
		var out any = "None"
		if in.Output != nil {
			out = variant(*in.Output)
		}
		triplet := fields{"peer_id": partJSON(&in.Peer), "service_id": partJSON(&in.Service), "function_name": partJSON(&in.Function)}
		return fields{"Call": fields{"triplet": triplet, "args": args, "output": out}}
	case *ast.Ap:
		return fields{"Ap": fields{"argument": partJSON(&in.Arg), "result": variant(in.Result)}}
	case *ast.ApMap:
		key := partJSON(&in.Key)
		if in.Key.Kind == ast.Int {
			key = fields{"Int": in.Key.Int}
		}
		return fields{"ApMap": fields{"key": key, "value": partJSON(&in.Value), "map": varJSON(in.Map)}}
	case *ast.Canon:
		return canonJSON(in)
	case *ast.Fail:
		return failJSON(in)
	}
	return fmt.Sprintf("unknown %T", in)
}

func failJSON(in *ast.Fail) any {
	switch {
	case in.Source == nil:
		return fields{"Fail": fields{"Literal": fields{"ret_code": in.Code, "error_message": in.Message}}}
	case in.Source.Kind == ast.LastError:
		return fields{"Fail": "LastError"}
	case in.Source.Kind == ast.Error:
		return fields{"Fail": "Error"}
	}
	return fields{"Fail": partJSON(in.Source)}
}

func canonJSON(in *ast.Canon) any {
	peer := partJSON(&in.Peer)
	switch {
	case in.Source.Kind == ast.Stream:
		return fields{"Canon": fields{"peer_id": peer, "stream": varJSON(in.Source), "canon_stream": varJSON(in.Target)}}
	case in.Target.Kind == ast.CanonMap:
		return fields{"CanonMap": fields{"peer_id": peer, "stream_map": varJSON(in.Source), "canon_stream_map": varJSON(in.Target)}}
	}
	return fields{"CanonStreamMapScalar": fields{"peer_id": peer, "stream_map": varJSON(in.Source), "scalar": varJSON(in.Target)}}
}

// operandJSON writes a value of a call, match or mismatch.
func operandJSON(o *ast.Operand) any {
	if !o.IsVar() {
		return partJSON(o)
	}
	v := fields{"name": o.Name, "position": o.Pos}
	if o.Lens == nil {
		return fields{"Variable": fields{kindNames[o.Kind]: v}}
	}
	v["lambda"] = lensJSON(o.Lens)
	return fields{"VariableWithLambda": fields{kindNames[o.Kind]: v}}
}

// partJSON writes a value at any other place.
func partJSON(o *ast.Operand) any {
	switch o.Kind {
	case ast.InitPeerID:
		return "InitPeerId"
	case ast.Timestamp:
		return "Timestamp"
	case ast.TTL:
		return "TTL"
	case ast.EmptyArray:
		return "EmptyArray"
	case ast.LastError:
		return fields{"LastError": lensJSON(o.Lens)}
	case ast.Error:
		return fields{"Error": fields{"lens": lensJSON(o.Lens)}}
	case ast.Literal:
		return fields{"Literal": o.Name}
	case ast.Int:
		return fields{"Number": fields{"Int": o.Int}}
	case ast.Float:
		return fields{"Number": fields{"Float": o.Float}}
	case ast.Bool:
		return fields{"Boolean": o.Bool}
	}
	v := fields{"name": o.Name, "position": o.Pos}
	name := kindNames[o.Kind]
	if o.Lens != nil {
		name += "WithLambda"
		v["lambda"] = lensJSON(o.Lens)
	}
	return fields{name: v}
}

func lensJSON(l *ast.Lens) any {
	if l == nil {
		return nil
	}
	if l.Length {
		return fields{"Functor": "Length"}
	}
	path := []any{}
	for _, a := range l.Path {
		switch a.Kind {
		case ast.Index:
			path = append(path, fields{"ArrayAccess": fields{"idx": a.Index}})
		case ast.Field:
			path = append(path, fields{"FieldAccessByName": fields{"field_name": a.Name}})
		default:
			path = append(path, fields{"FieldAccessByScalar": fields{"scalar_name": a.Name}})
		}
	}
	return fields{"ValuePath": path}
}
