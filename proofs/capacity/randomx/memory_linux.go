// SPDX-License-Identifier: Apache-2.0

package randomx

import "syscall"

// adviseHuge asks for huge pages; the kernel may say no, which is no error.
func adviseHuge(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
