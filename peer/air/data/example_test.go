// SPDX-License-Identifier: Apache-2.0

package data_test

import (
	"bytes"
	"fmt"

	"github.com/go-fluence/fluence/peer/air/data"
)

// A peer records the result of one call, signs it and sends it; another reads it
// and knows who said it.
func Example() {
	key, err := data.NewKeyPair(data.Ed25519, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		panic(err)
	}
	var d data.InterpreterData
	origin := data.Tetraplet{PeerPK: key.PeerID(), ServiceID: "greeter", FunctionName: "hello"}
	result := data.ServiceResult{
		Value:        data.ValueCID(`"Hello, Ada!"`),
		ArgumentHash: data.ValueCID(`["Ada"]`),
		Tetraplet:    origin.CID(),
	}
	d.CIDs.Values.Insert(result.Value, `"Hello, Ada!"`)
	d.CIDs.Tetraplets.Insert(result.Tetraplet, origin)
	d.CIDs.ServiceResults.Insert(result.CID(), result)
	d.Trace = []data.State{data.Scalar(result.CID())}
	d.Signatures = []data.Signature{key.Sign([]data.CID{result.CID()}, "particle-1")}
	wire, err := data.Encode(&d)
	if err != nil {
		panic(err)
	}

	arrived, err := data.Decode(wire, data.DefaultLimits())
	if err != nil {
		panic(err)
	}
	signers, err := data.Verify(arrived, "particle-1", data.DefaultLimits(), nil)
	if err != nil {
		panic(err)
	}
	for _, s := range signers.All() {
		for _, c := range s.CIDs {
			r, _ := arrived.CIDs.ServiceResults.Get(c)
			value, _ := arrived.CIDs.Values.Get(r.Value)
			fmt.Println(s.Peer, "said", value)
		}
	}
	_, err = data.Verify(arrived, "particle-2", data.DefaultLimits(), nil)
	fmt.Println(err)
	// Output:
	// 12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5 said "Hello, Ada!"
	// signature mismatch for "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5": it does not verify over 1 results
}
