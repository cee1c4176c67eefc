// SPDX-License-Identifier: Apache-2.0

package parse

import "github.com/go-fluence/fluence/peer/air/ast"

// allowed says which operands may stand at a place: a bit for each ast.Kind
// taken whole, and one for each taken with a lens.
type allowed struct {
	whole, lens uint32
	// want names them in an error.
	want string
}

// position names where an operand or variable stands; allows says what it may be.
type position uint8

const (
	peers position = iota
	names
	values
	sources
	keys
	failures
	iterables
	outputs
	scalarOnly
	anyVariable
	streams
	mapOnly
	canonOnly
	mapTargets
)

const (
	bitInitPeer = 1 << ast.InitPeerID
	bitLiteral  = 1 << ast.Literal
	bitScalar   = 1 << ast.Scalar
	bitStream   = 1 << ast.Stream
	bitMap      = 1 << ast.StreamMap
	bitCanon    = 1 << ast.CanonStream
	bitCanonMap = 1 << ast.CanonMap
	bitErrors   = 1<<ast.LastError | 1<<ast.Error
	bitInt      = 1 << ast.Int

	bitParts  = bitScalar | bitCanon | bitCanonMap
	bitValues = bitInitPeer | bitErrors | bitLiteral | bitInt | bitScalar | bitCanon |
		1<<ast.Timestamp | 1<<ast.TTL | 1<<ast.Float | 1<<ast.Bool | 1<<ast.EmptyArray
)

// allows returns the grammar of a place.
//
// Source: aquavm@a600c173:crates/air-lib/air-parser/src/parser/air.lalrpop
func (at position) allows() allowed {
	switch at {
	case peers:
		return allowed{bitInitPeer | bitLiteral | bitScalar, bitParts, "a peer: %init_peer_id%, a literal, a scalar, or a canon with a lens"}
	case names:
		return allowed{bitLiteral | bitScalar, bitParts, "a name: a literal, a scalar, or a canon with a lens"}
	case values:
		return allowed{bitValues | bitCanonMap, bitParts | bitErrors, "a value"}
	case sources:
		return allowed{bitValues, bitParts | bitErrors, "a value other than a whole canon map"}
	case keys:
		return allowed{bitLiteral | bitInt | bitScalar, bitScalar | bitCanon, "a key: a literal, an integer, a scalar, or a canon stream with a lens"}
	case failures:
		return allowed{bitScalar | bitErrors | bitInt, bitScalar | bitCanon, "a scalar, a canon stream with a lens, %last_error%, :error:, or a code and a message"}
	case iterables:
		return allowed{
			bitScalar | bitCanon | bitCanonMap | bitStream | bitMap | 1<<ast.EmptyArray, bitScalar | bitCanonMap,
			"something to fold over: a scalar, a stream, a stream map, a canon, or []",
		}
	case outputs:
		return allowed{bitScalar | bitStream, 0, "a scalar or a stream"}
	case scalarOnly:
		return allowed{bitScalar, 0, "a scalar"}
	case anyVariable:
		return allowed{bitScalar | bitStream | bitMap | bitCanon | bitCanonMap, 0, "a variable without a lens"}
	case streams:
		return allowed{bitStream | bitMap, 0, "a stream or a stream map"}
	case mapOnly:
		return allowed{bitMap, 0, "a stream map"}
	case canonOnly:
		return allowed{bitCanon, 0, "a canon stream"}
	default:
		return allowed{bitCanonMap | bitScalar, 0, "a canon map or a scalar"}
	}
}

// operand reads an operand that may stand at the place.
func (p *parser) operand(at position) (ast.Operand, error) {
	a := at.allows()
	if p.tok.kind == tokOpenSquare && a.whole&(1<<ast.EmptyArray) != 0 {
		o := ast.Operand{Kind: ast.EmptyArray, Pos: p.tok.pos}
		if err := p.advance(); err != nil {
			return o, err
		}
		return o, p.expect(tokCloseSquare, `"]": the only array literal is []`)
	}
	o := p.tok.value
	bits := a.whole
	if o.Lens != nil {
		bits = a.lens
	}
	if p.tok.kind != tokValue || bits&(1<<o.Kind) == 0 {
		return o, p.unexpected(a.want)
	}
	return o, p.advance()
}

// variable reads a variable without a lens that may stand at the place.
func (p *parser) variable(at position) (ast.Var, error) {
	o, err := p.operand(at)
	return o.Var(), err
}

// call reads what is behind the word call.
func (p *parser) call(at ast.At) (in *ast.Call, err error) {
	in = &ast.Call{At: at}
	if in.Peer, err = p.operand(peers); err != nil {
		return nil, err
	}
	if err := p.expect(tokOpen, `"(" before the service and the function`); err != nil {
		return nil, err
	}
	if in.Service, err = p.operand(names); err != nil {
		return nil, err
	}
	if in.Function, err = p.operand(names); err != nil {
		return nil, err
	}
	if err := p.expect(tokClose, `")" behind the function`); err != nil {
		return nil, err
	}
	if err := p.expect(tokOpenSquare, `"[" before the arguments`); err != nil {
		return nil, err
	}
	for p.tok.kind != tokCloseSquare {
		arg, err := p.operand(values)
		if err != nil {
			return nil, err
		}
		in.Args = append(in.Args, arg)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokClose {
		out, err := p.variable(outputs)
		if err != nil {
			return nil, err
		}
		in.Output = &out
	}
	p.check.call(in)
	return in, nil
}

// ap reads what is behind the word ap.
func (p *parser) ap(at ast.At) (ast.Instr, error) {
	if p.tok.kind == tokOpen {
		return p.apMap(at)
	}
	arg, err := p.operand(sources)
	if err != nil {
		return nil, err
	}
	result, err := p.variable(outputs)
	if err != nil {
		return nil, err
	}
	p.check.uses(at, &arg)
	p.check.define(at, result)
	return &ast.Ap{At: at, Arg: arg, Result: result}, nil
}

// apMap reads the pair and the map of an ap to a stream map.
func (p *parser) apMap(at ast.At) (ast.Instr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	key, err := p.operand(keys)
	if err != nil {
		return nil, err
	}
	val, err := p.operand(sources)
	if err != nil {
		return nil, err
	}
	if err := p.expect(tokClose, `")" behind the key and the value`); err != nil {
		return nil, err
	}
	m, err := p.variable(mapOnly)
	if err != nil {
		return nil, err
	}
	p.check.uses(at, &key)
	p.check.define(at, m)
	return &ast.ApMap{At: at, Key: key, Value: val, Map: m}, nil
}

// canon reads what is behind the word canon.
func (p *parser) canon(at ast.At) (ast.Instr, error) {
	peer, err := p.operand(peers)
	if err != nil {
		return nil, err
	}
	source, err := p.variable(streams)
	if err != nil {
		return nil, err
	}
	to := canonOnly
	if source.Kind == ast.StreamMap {
		to = mapTargets
	}
	target, err := p.variable(to)
	if err != nil {
		return nil, err
	}
	p.check.define(at, target)
	return &ast.Canon{At: at, Peer: peer, Source: source, Target: target}, nil
}

// failure reads what is behind the word fail.
func (p *parser) failure(at ast.At) (ast.Instr, error) {
	source, err := p.operand(failures)
	if err != nil {
		return nil, err
	}
	if source.Kind != ast.Int {
		return &ast.Fail{At: at, Source: &source}, nil
	}
	if p.tok.kind != tokValue || p.tok.value.Kind != ast.Literal {
		return nil, p.unexpected("a message in quotes")
	}
	message := p.tok.value.Name
	if source.Int == 0 {
		return nil, newError(Validity, p.lexer.src, source.Pos, p.tok.pos, "error code 0 with fail is unsupported")
	}
	return &ast.Fail{At: at, Code: source.Int, Message: message}, p.advance()
}
