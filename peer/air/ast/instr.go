// SPDX-License-Identifier: Apache-2.0

package ast

// Call asks a function of a service of a peer:
// `(call peer (service function) [args] output)`.
type Call struct {
	At
	// Peer, Service and Function are literals, scalars (with or without lens),
	// canon streams or canon maps with a lens; Peer may also be InitPeerID.
	Peer, Service, Function Operand
	Args                    []Operand
	// Output is nil, a Scalar or a Stream.
	Output *Var
}

// Ap copies a value: `(ap arg result)`. Result is a Scalar or a Stream.
type Ap struct {
	At
	Arg    Operand
	Result Var
}

// ApMap inserts a pair into a stream map: `(ap (key value) map)`.
type ApMap struct {
	At
	// Key is a Literal, an Int, a scalar (with or without lens) or a canon
	// stream with a lens.
	Key, Value Operand
	Map        Var
}

// Canon freezes a stream or stream map at a peer: `(canon peer source target)`.
// Pairs of kinds: Stream to CanonStream, StreamMap to CanonMap, StreamMap to
// Scalar.
type Canon struct {
	At
	Peer           Operand
	Source, Target Var
}

// Seq runs Left, then Right.
type Seq struct {
	At
	Left, Right Instr
}

// Par runs Left and Right independently.
type Par struct {
	At
	Left, Right Instr
}

// Xor runs Right when Left raised a catchable error.
type Xor struct {
	At
	Left, Right Instr
}

// Match runs Body when both values are equal.
type Match struct {
	At
	Left, Right Operand
	Body        Instr
}

// Mismatch runs Body when the values differ.
type Mismatch struct {
	At
	Left, Right Operand
	Body        Instr
}

// Fold runs Body for each element of Over; the kind of Over says which fold it
// is: Scalar (with or without lens), CanonStream, CanonMap (with or without
// lens), EmptyArray, Stream or StreamMap.
type Fold struct {
	At
	Over     Operand
	Iterator Var
	Body     Instr
	// Last runs behind the last element; nil when the script has none.
	Last Instr
}

// Next moves a fold to its next element.
type Next struct {
	At
	Iterator Var
}

// New opens a scope in which the variable is fresh.
type New struct {
	At
	Var  Var
	Body Instr
}

// Fail raises an error: from a code and a message when Source is nil, else from
// Source, which is a Scalar or CanonStream (with or without lens as the grammar
// has it), LastError or Error.
type Fail struct {
	At
	Source  *Operand
	Code    int64
	Message string
}

// Never does nothing and is never complete.
type Never struct{ At }

// Null does nothing.
type Null struct{ At }
