// SPDX-License-Identifier: Apache-2.0

package data

// Versions that [Encode] writes when the caller has none of its own, and the
// oldest interpreter whose data is read.
const (
	FormatVersion         = "0.17.2"
	InterpreterVersion    = "0.62.0"
	MinInterpreterVersion = "0.61.0"
)

// Versions is what an envelope says about its writer: the version of the data
// format and that of the interpreter, both semantic versions.
type Versions struct {
	Format      string
	Interpreter string
}

// InterpreterData is the particle data that one interpreter hands to the next.
// The zero value is the data of a particle that nobody ran yet.
type InterpreterData struct {
	Versions          Versions
	Trace             []State
	LastCallRequestID uint32
	CIDs              CIDInfo
	Signatures        []Signature // one per public key; Encode writes them sorted by key
}

// CIDInfo holds the content that a trace names, keyed by content identifier.
// The values are JSON text as their maker spelled it: a CID covers the raw text.
type CIDInfo struct {
	Values         Store[string]
	Tetraplets     Store[Tetraplet]
	CanonElements  Store[CanonElement]
	CanonResults   Store[CanonResult]
	ServiceResults Store[ServiceResult]
}

// Clone returns a copy whose stores can be added to without changing i. It
// shares the content, which is immutable.
func (i *CIDInfo) Clone() CIDInfo {
	return CIDInfo{
		Values:         i.Values.Clone(),
		Tetraplets:     i.Tetraplets.Clone(),
		CanonElements:  i.CanonElements.Clone(),
		CanonResults:   i.CanonResults.Clone(),
		ServiceResults: i.ServiceResults.Clone(),
	}
}

// Add puts every entry of o into i whose CID i does not have.
func (i *CIDInfo) Add(o *CIDInfo) {
	i.Values.Add(&o.Values)
	i.Tetraplets.Add(&o.Tetraplets)
	i.CanonElements.Add(&o.CanonElements)
	i.CanonResults.Add(&o.CanonResults)
	i.ServiceResults.Add(&o.ServiceResults)
}

// Len is the number of entries of all stores.
func (i *CIDInfo) Len() int {
	return i.Values.Len() + i.Tetraplets.Len() + i.CanonElements.Len() + i.CanonResults.Len() + i.ServiceResults.Len()
}

// Tetraplet is the origin of a value: a function's address and the lens applied
// to its result.
type Tetraplet struct {
	PeerPK       string
	ServiceID    string
	FunctionName string
	Lens         string
}

// ServiceResult ties the value of a call to its origin and its arguments.
type ServiceResult struct {
	Value        CID
	ArgumentHash CID // CID of the JSON array of arguments
	Tetraplet    CID
}

// CanonElement is one element of a canon stream or canon map.
type CanonElement struct {
	Value      CID
	Tetraplet  CID
	Provenance Provenance
}

// CanonResult is a canon stream or canon map: its elements in order.
type CanonResult struct {
	Tetraplet CID
	Values    []CID // CIDs of CanonElement
}

// ProvenanceKind tells what vouches for a value.
type ProvenanceKind uint8

// The kinds of provenance, numbered as on the wire.
const (
	FromLiteral ProvenanceKind = iota
	FromServiceResult
	FromCanon
)

// Provenance names the service result or canon result a value comes from; of a
// literal, CID is empty.
type Provenance struct {
	Kind ProvenanceKind
	CID  CID
}
