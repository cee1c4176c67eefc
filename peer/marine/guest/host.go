// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

package guest

//go:wasmimport __marine_host_api_v3 log_utf8_string
func logText(level, target int32, p, n uint32)

// Level says how much a line of the log matters.
type Level int32

// Levels, as hosts number them.
const (
	Error Level = 1 + iota
	Warn
	Info
	Debug
	Trace
)

// Log writes a line to the log of the service, if its configuration lets this module log.
func Log(level Level, text string) {
	b := []byte(text)
	logText(int32(level), 1, Give(b), uint32(len(b)))
}

//go:wasmimport __marine_host_api_v3 get_call_parameters
func getCallParameters()

// CallParameters say for whom the current call runs.
type CallParameters struct {
	Particle             ParticleParameters
	ServiceID            string
	ServiceCreatorPeerID string
	HostID               string
	WorkerID             string
	Tetraplets           [][]Tetraplet // of each argument
}

// ParticleParameters are those of the particle that called.
type ParticleParameters struct {
	ID         string
	InitPeerID string
	Timestamp  uint64 // milliseconds
	TTL        uint32 // milliseconds
	Script     string
	Signature  []byte
	Token      string
}

// Tetraplet says which call made a value.
type Tetraplet struct {
	PeerPK, ServiceID, FunctionName, Lens string
}

// Parameters returns the parameters of the current call. The module must describe the record; `fluenced marine gen`
// does so when it sees a use of Parameters.
func Parameters() CallParameters {
	getCallParameters()
	p, _ := Returned()
	r := Read(p, SizeRecord+4*SizeRef+SizeRef)
	var c CallParameters
	c.Particle = readParticle(Read(r.U32(), 3*SizeRef+8+4+2*SizeRef))
	c.ServiceID, c.ServiceCreatorPeerID, c.HostID, c.WorkerID = r.String(), r.String(), r.String(), r.String()
	p, n := r.Ref()
	c.Tetraplets = List(p, n, SizeRef, func(r *Reader) []Tetraplet {
		p, n := r.Ref()
		return List(p, n, SizeRecord, func(r *Reader) Tetraplet {
			t := Read(r.U32(), 4*SizeRef)
			return Tetraplet{t.String(), t.String(), t.String(), t.String()}
		})
	})
	return c
}

func readParticle(r *Reader) ParticleParameters {
	return ParticleParameters{
		ID: r.String(), InitPeerID: r.String(), Timestamp: r.U64(), TTL: r.U32(),
		Script: r.String(), Signature: r.Bytes(), Token: r.String(),
	}
}
