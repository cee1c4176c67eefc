// SPDX-License-Identifier: Apache-2.0

//go:build !sim

package spell_test

const manySpells = 200
