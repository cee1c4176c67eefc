// SPDX-License-Identifier: Apache-2.0

package parse_test

import (
	"fmt"

	"github.com/go-fluence/fluence/peer/air/parse"
)

func ExampleParse() {
	s, err := parse.Parse(`(seq (call %init_peer_id% ("peer" "identify") [] info) (ap info.$.air_version v))`)
	fmt.Println(s.Root, s.Count, err)
	_, err = parse.Parse("(seq\n (ap 1 x)\n (ap y z))")
	fmt.Println(err)
	// Output:
	// seq 3 <nil>
	// 3:6: variable 'y' wasn't defined
	// 3 |  (ap y z))
	//   |      ^
}

func ExampleFormat() {
	text, err := parse.Format(`(seq (ap 1.0 x) (null)) ; done`)
	fmt.Print(text, err)
	// Output:
	// (seq
	//  (ap 1.0 x)
	//  (null)
	// ) ; done
	// <nil>
}
