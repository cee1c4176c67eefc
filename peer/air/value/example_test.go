// SPDX-License-Identifier: Apache-2.0

package value_test

import (
	"fmt"

	"github.com/go-fluence/fluence/peer/air/value"
)

func ExampleParse() {
	v, err := value.Parse(`{ "b": [1e2, -0], "a": "\u00e9" }`)
	fmt.Println(v, err)
	b, _ := v.Field("b")
	first, _ := b.Index(0)
	fmt.Println(b.Len(), first)
	_, err = value.Parse(`[1, 2`)
	fmt.Println(err)
	// Output:
	// {"a":"é","b":[100.0,-0.0]} <nil>
	// 2 100.0
	// EOF while parsing a list at line 1 column 5
}
