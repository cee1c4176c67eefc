// SPDX-License-Identifier: Apache-2.0

// Package interop_test runs the unmodified official npm packages against our
// peer. Its tests carry the build tag interop and need Node 20 or newer and the
// packages that make npm installs.
package interop_test
