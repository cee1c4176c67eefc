// SPDX-License-Identifier: Apache-2.0

package randomx

// Constants of the RandomX specification, chapter 1.2, that both parameter sets
// share.
const (
	argonBlocks     = 262144 // 1 KiB blocks of the cache
	argonPasses     = 3
	argonSalt       = "RandomX\x03"
	superLatency    = 170 // target latency of a superscalar program, in cycles
	programSize     = 256 // instructions
	programLoops    = 2048
	programCount    = 8
	jumpBits        = 8
	jumpOffset      = 8
	scratchL1       = 16 << 10
	scratchL2       = 256 << 10
	scratchL3       = ScratchSize
	datasetExtra    = 33554368
	maxAccesses     = 16
	cacheItems      = CacheSize / ItemSize
	scratchWords    = scratchL3 / 8
	cacheWords      = CacheSize / 8
	stockDatasetLog = 31
)

// Params is a parameter set. The zero value is none; take Stock or Fluence.
// Params are comparable.
type Params struct {
	name     string
	base     uint64 // dataset base size in bytes, a power of two
	accesses int    // cache accesses for each dataset item
}

// Stock returns the parameters of the reference library's version 1.
//
// Source: tevador/RandomX doc/specs.md chapter 1.2.
func Stock() Params { return Params{name: "stock", base: 1 << stockDatasetLog, accesses: 8} }

// Fluence returns the parameters of Fluence's capacity proofs: a dataset base of
// 4 GiB and 16 cache accesses, all else as Stock.
func Fluence() Params {
	return Params{name: "fluence", base: 1 << (stockDatasetLog + 1), accesses: maxAccesses}
}

// ParamsByName returns the set called "stock" or "fluence".
//
// Errors: ErrParams.
func ParamsByName(name string) (Params, error) {
	for _, p := range []Params{Stock(), Fluence()} {
		if p.name == name {
			return p, nil
		}
	}
	return Params{}, ErrParams
}

// Name returns "stock" or "fluence", and "" for the zero value.
func (p Params) Name() string { return p.name }

// DatasetSize returns the bytes of a whole dataset.
func (p Params) DatasetSize() uint64 { return p.base + datasetExtra }

// Items returns the number of dataset items, each ItemSize bytes.
func (p Params) Items() uint64 { return p.DatasetSize() / ItemSize }

// addrMask is what a dataset address is reduced with before the offset is added.
func (p Params) addrMask() uint32 { return uint32(p.base-1) &^ (ItemSize - 1) }

func (p Params) valid() bool { return p == Stock() || p == Fluence() }
