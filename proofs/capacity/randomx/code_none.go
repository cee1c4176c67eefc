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
