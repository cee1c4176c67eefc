// SPDX-License-Identifier: Apache-2.0

//go:build !(linux && amd64)

package randomx

import "errors"

// itemCode stands for compiled code where there is no compiler.
type itemCode struct{}

func compileItems([]ssProgram, Memory) (*itemCode, error) {
	return nil, errors.New("no compiler for this system")
}

func (c *itemCode) item([]line, uint64, *line) {}

func (c *itemCode) free() {}

// programCode stands for a compiled program where there is no compiler.
type programCode struct{}

func newProgramCode(Memory) (*programCode, error) {
	return nil, errors.New("no compiler for this system")
}

func (c *programCode) compile(*program) error { return nil }

func (c *programCode) exec(*state, *[scratchWords]uint64) {}

func (c *programCode) free() {}

func controlWord() uint32 { return mxcsrGo }
