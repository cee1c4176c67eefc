// SPDX-License-Identifier: Apache-2.0

//go:build race

package randomx

// raceDetector slows hashing down about thirty times: tests that hash much do a
// part of it.
const raceDetector = true
