// SPDX-License-Identifier: Apache-2.0

package randomx_test

import (
	"context"
	"fmt"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

func ExampleVM_Hash() {
	ctx := context.Background()
	cache, err := randomx.NewCache(ctx, randomx.Fluence(), []byte{1, 2, 3, 4, 5, 6, 7}, randomx.Memory{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cache.Close()
	vm, err := randomx.NewVM(cache, randomx.Memory{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer vm.Close()
	hash, err := vm.Hash(ctx, []byte{2, 3, 4, 5, 6, 7})
	fmt.Printf("%x %v\n", hash, err)
	// Output: 43ef5412f7085db63dfbb799435457da870ef9a31fbe0f5a393c508a25b67a23 <nil>
}
