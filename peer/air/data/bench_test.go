// SPDX-License-Identifier: Apache-2.0

package data

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// sizes are the numbers of call results in the data of benchmarks.
var sizes = []int{1, 100, 1000}

// calls is data with n call results of two peers, of 5 functions.
func calls(t testing.TB, n int) *InterpreterData {
	d := &InterpreterData{LastCallRequestID: uint32(n)}
	keys := testKeys(t)
	for i := range n {
		k := keys[string(rune('A'+i%2))]
		text := fmt.Sprintf(`{"n":%d,"text":"some result of a service"}`, i)
		value := ValueCID(text)
		tet := Tetraplet{PeerPK: k.PeerID(), ServiceID: "service", FunctionName: fmt.Sprint("function", i%5)}
		result := ServiceResult{Value: value, ArgumentHash: ValueCID(fmt.Sprintf("[%d]", i)), Tetraplet: tet.CID()}
		d.CIDs.Values.Insert(value, text)
		d.CIDs.Tetraplets.Insert(tet.CID(), tet)
		d.CIDs.ServiceResults.Insert(result.CID(), result)
		d.Trace = append(d.Trace, Scalar(result.CID()))
	}
	results, err := Results(d.Trace, &d.CIDs)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"A", "B"} {
		d.Signatures = append(d.Signatures, keys[name].Sign(results.Of(keys[name].PeerID()), particleID))
	}
	return d
}

// unsorted is d as a writer with hash maps would send it.
func unsorted(d *InterpreterData) *InterpreterData {
	r := rand.New(rand.NewPCG(1, 1))
	d.CIDs.Values = shuffled(r, &d.CIDs.Values)
	d.CIDs.Tetraplets = shuffled(r, &d.CIDs.Tetraplets)
	d.CIDs.ServiceResults = shuffled(r, &d.CIDs.ServiceResults)
	return d
}

func bench(b *testing.B, f func(b *testing.B, d *InterpreterData, wire []byte)) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("calls=%d", n), func(b *testing.B) {
			wire := mustEncode(b, calls(b, n))
			d := mustDecode(b, wire)
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			f(b, d, wire)
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	bench(b, func(b *testing.B, _ *InterpreterData, wire []byte) {
		for b.Loop() {
			mustDecode(b, wire)
		}
	})
}

// Data of a writer that does not sort its stores, as AquaVM.
func BenchmarkDecodeUnsorted(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("calls=%d", n), func(b *testing.B) {
			wire, err := encode(unsorted(calls(b, n)), &recording{content: true})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			for b.Loop() {
				mustDecode(b, wire)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	bench(b, func(b *testing.B, d *InterpreterData, _ []byte) {
		for b.Loop() {
			mustEncode(b, d)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	bench(b, func(b *testing.B, d *InterpreterData, _ []byte) {
		for b.Loop() {
			if _, err := Verify(d, particleID, DefaultLimits(), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Data whose content and signatures were all verified before.
func BenchmarkVerifyKnown(b *testing.B) {
	bench(b, func(b *testing.B, d *InterpreterData, wire []byte) {
		s, err := Verify(d, particleID, DefaultLimits(), nil)
		if err != nil {
			b.Fatal(err)
		}
		var known Known
		known.Learn(d, s, particleID)
		again := mustDecode(b, wire)
		for b.Loop() {
			if _, err := Verify(again, particleID, DefaultLimits(), &known); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerifyCIDs(b *testing.B) {
	bench(b, func(b *testing.B, d *InterpreterData, _ []byte) {
		for b.Loop() {
			if err := VerifyCIDs(&d.CIDs, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	bench(b, func(b *testing.B, d *InterpreterData, _ []byte) {
		k := testKeys(b)["A"]
		results, err := Results(d.Trace, &d.CIDs)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			k.Sign(results.Of(k.PeerID()), particleID)
		}
	})
}

func BenchmarkResults(b *testing.B) {
	bench(b, func(b *testing.B, d *InterpreterData, _ []byte) {
		for b.Loop() {
			if _, err := Results(d.Trace, &d.CIDs); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkNewKeyPair(b *testing.B) {
	b.ReportAllocs()
	secret := make([]byte, 32)
	for b.Loop() {
		if _, err := NewKeyPair(Ed25519, secret); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValueCID(b *testing.B) {
	for _, n := range []int{10, 1000, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := make([]byte, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				ValueCIDBytes(text)
			}
		})
	}
}
