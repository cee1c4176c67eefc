// SPDX-License-Identifier: Apache-2.0

package data

import "bytes"

// testSecret is the secret key of test peer i.
func testSecret(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, 32) }
