// SPDX-License-Identifier: Apache-2.0

//go:build !sim

package model_test

// epochs is how long cheating providers play.
const epochs = 1000
