// SPDX-License-Identifier: Apache-2.0

package ast

import "strconv"

// String returns the canonical text of the lens, `.$.a.[0].[i]` or `.length`.
// It is what tetraplets carry.
func (l *Lens) String() string {
	if l == nil {
		return ""
	}
	return string(l.append(nil))
}

func (l *Lens) append(b []byte) []byte {
	if l.Length {
		return append(b, ".length"...)
	}
	b = append(b, ".$"...)
	for i := range l.Path {
		b = append(b, '.')
		b = l.Path[i].append(b)
	}
	return b
}

// Rest returns the canonical text of the accessors from the i-th on, each with
// a leading dot and without `.$`; empty when there are none.
func (l *Lens) Rest(i int) string {
	var b []byte
	for ; i < len(l.Path); i++ {
		b = append(b, '.')
		b = l.Path[i].append(b)
	}
	return string(b)
}

// String returns the canonical text of the accessor: `[0]`, `[name]` or `name`.
func (a Accessor) String() string { return string(a.append(nil)) }

func (a Accessor) append(b []byte) []byte {
	switch a.Kind {
	case Index:
		b = append(b, '[')
		b = strconv.AppendUint(b, uint64(a.Index), 10)
		return append(b, ']')
	case ByScalar:
		b = append(b, '[')
		b = append(b, a.Name...)
		return append(b, ']')
	default:
		return append(b, a.Name...)
	}
}

// String returns the name of the variable.
func (v Var) String() string { return v.Name }

// String returns the canonical text of the operand: literals in double quotes,
// floats without an exponent and without a needless fraction (2.0 is `2`).
func (o *Operand) String() string { return string(o.append(nil)) }

func (o *Operand) append(b []byte) []byte {
	switch o.Kind {
	case InitPeerID:
		b = append(b, "%init_peer_id%"...)
	case Timestamp:
		b = append(b, "%timestamp%"...)
	case TTL:
		b = append(b, "%ttl%"...)
	case LastError:
		b = append(b, "%last_error%"...)
	case Error:
		b = append(b, ":error:"...)
	case Literal:
		b = append(b, '"')
		b = append(b, o.Name...)
		b = append(b, '"')
	case Int:
		b = strconv.AppendInt(b, o.Int, 10)
	case Float:
		b = strconv.AppendFloat(b, o.Float, 'f', -1, 64)
	case Bool:
		b = strconv.AppendBool(b, o.Bool)
	case EmptyArray:
		b = append(b, "[]"...)
	default:
		b = append(b, o.Name...)
	}
	if o.Lens != nil {
		b = o.Lens.append(b)
	}
	return b
}

// String returns `call peer (service function) [args] output`; without an output
// the text ends in a space.
func (c *Call) String() string {
	b := append([]byte(nil), "call "...)
	b = append(c.Peer.append(b), " ("...)
	b = append(c.Service.append(b), ' ')
	b = append(c.Function.append(b), ") ["...)
	for i := range c.Args {
		if i > 0 {
			b = append(b, ' ')
		}
		b = c.Args[i].append(b)
	}
	b = append(b, "] "...)
	if c.Output != nil {
		b = append(b, c.Output.Name...)
	}
	return string(b)
}

// String returns `ap arg result`.
func (a *Ap) String() string { return "ap " + a.Arg.String() + " " + a.Result.Name }

// String returns `ap (key value) map`.
func (a *ApMap) String() string {
	return "ap (" + a.Key.String() + " " + a.Value.String() + ") " + a.Map.Name
}

// String returns `canon peer source target`.
func (c *Canon) String() string {
	return "canon " + c.Peer.String() + " " + c.Source.Name + " " + c.Target.Name
}

// String returns `seq`.
func (*Seq) String() string { return "seq" }

// String returns `par`.
func (*Par) String() string { return "par" }

// String returns `xor`.
func (*Xor) String() string { return "xor" }

// String returns `match left right`.
func (m *Match) String() string { return "match " + m.Left.String() + " " + m.Right.String() }

// String returns `mismatch left right`.
func (m *Mismatch) String() string {
	return "mismatch " + m.Left.String() + " " + m.Right.String()
}

// String returns `fold over iterator`.
func (f *Fold) String() string { return "fold " + f.Over.String() + " " + f.Iterator.Name }

// String returns `next iterator`.
func (n *Next) String() string { return "next " + n.Iterator.Name }

// String returns `new variable`.
func (n *New) String() string { return "new " + n.Var.Name }

// String returns `fail source` or `fail code "message"`.
func (f *Fail) String() string {
	if f.Source != nil {
		return "fail " + f.Source.String()
	}
	return "fail " + strconv.FormatInt(f.Code, 10) + ` "` + f.Message + `"`
}

// String returns `never`.
func (*Never) String() string { return "never" }

// String returns `null`.
func (*Null) String() string { return "null" }
