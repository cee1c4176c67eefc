// SPDX-License-Identifier: Apache-2.0

package data

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	gocid "github.com/ipfs/go-cid"
	"github.com/multiformats/go-multibase"
	"github.com/multiformats/go-multihash"
)

// particleID is the salt of all signatures in tests.
const particleID = "particle-1"

// testKeys are the keys of the peers A, B and C.
func testKeys(t testing.TB) map[string]*KeyPair {
	t.Helper()
	keys := make(map[string]*KeyPair)
	for i, name := range []string{"A", "B", "C"} {
		k, err := NewKeyPair(Ed25519, slices.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = k
	}
	return keys
}

// forge makes what B returns after it ran
//
//	(seq (call @B ("s" "g") ["v"] $y) (canon @B $y #cc))
//
// Fields are changed by an attacker before build; what is left empty is honest.
type forge struct {
	t     testing.TB
	keys  map[string]*KeyPair
	name  func(content string) CID                 // makes CIDs of values
	key   func(k KeyPair) PublicKey                // B's public key as sent
	drop  func(i *CIDInfo)                         // changes the stores at the end
	trace func(trace []State) []State              // changes the trace before B signs
	after func(trace []State) []State              // … after B signed
	sign  func(k *KeyPair, cids []CID) []Signature // makes the signatures
	elem  func(e *CanonElement)
}

func (f *forge) build() *InterpreterData {
	b := f.keys["B"]
	d := &InterpreterData{Versions: Versions{FormatVersion, InterpreterVersion}, LastCallRequestID: 1}
	i := &d.CIDs
	value := f.name(`"result"`)
	i.Values.Insert(value, `"result"`)
	call := Tetraplet{PeerPK: b.PeerID(), ServiceID: "s", FunctionName: "g"}
	i.Tetraplets.Insert(call.CID(), call)
	result := ServiceResult{Value: value, ArgumentHash: ValueCID(`["v"]`), Tetraplet: call.CID()}
	i.ServiceResults.Insert(result.CID(), result)
	elem := CanonElement{Value: value, Tetraplet: call.CID(), Provenance: Provenance{FromServiceResult, result.CID()}}
	if f.elem != nil {
		f.elem(&elem)
	}
	i.CanonElements.Insert(elem.CID(), elem)
	canon := Tetraplet{PeerPK: b.PeerID()}
	i.Tetraplets.Insert(canon.CID(), canon)
	canonResult := CanonResult{Tetraplet: canon.CID(), Values: []CID{elem.CID()}}
	i.CanonResults.Insert(canonResult.CID(), canonResult)
	d.Trace = []State{Stream(result.CID(), 0), Canon(canonResult.CID())}
	if f.trace != nil {
		d.Trace = f.trace(d.Trace)
	}
	results, err := Results(d.Trace, i)
	if err != nil {
		f.t.Fatal(err)
	}
	d.Signatures = []Signature{b.Sign(results.Of(b.PeerID()), particleID)}
	if f.sign != nil {
		d.Signatures = f.sign(b, results.Of(b.PeerID()))
	}
	if f.after != nil {
		d.Trace = f.after(d.Trace)
	}
	if f.drop != nil {
		f.drop(i)
	}
	return d
}

// without is s without c.
func without[V any](s *Store[V], c CID) Store[V] {
	var out Store[V]
	for k, v := range s.All() {
		if k != c {
			out.Insert(k, v)
		}
	}
	return out
}

func onlyCID[V any](s *Store[V]) CID {
	for c := range s.All() {
		return c
	}
	return ""
}

// cidWith is a CID with any codec and hash.
func cidWith(codec, hash uint64, content string) CID {
	h, err := multihash.Sum([]byte(content), hash, -1)
	if err != nil {
		panic(err)
	}
	return CID(gocid.NewCidV1(codec, h).String())
}

type forgery struct {
	edit    func(*forge)
	want    Code // 0: accepted
	differs bool // AquaVM crashes, takes the last of two signatures, or odd spellings
}

// forgeries are lies about content and signatures, and what they are worth.
func forgeries() map[string]forgery {
	signed := func(change func(k *KeyPair, s *Signature)) func(*forge) {
		return func(f *forge) {
			f.sign = func(k *KeyPair, cids []CID) []Signature {
				s := k.Sign(cids, particleID)
				change(k, &s)
				return []Signature{s}
			}
		}
	}
	named := func(name func(string) CID) func(*forge) { return func(f *forge) { f.name = name } }
	drop := func(drop func(*CIDInfo)) func(*forge) { return func(f *forge) { f.drop = drop } }
	return map[string]forgery{
		"honest":         {edit: func(*forge) {}},
		"sha256 CID":     {edit: named(func(s string) CID { return cidWith(codecJSON, hashSHA256, s) })},
		"upper-case CID": {edit: named(func(s string) CID { return CID(strings.ToUpper(string(ValueCID(s)))) })},
		"base58 CID":     {edit: named(spelled('z'))},
		"mixed-case CID": {edit: named(func(s string) CID {
			c := ValueCID(s)
			return "b" + CID(strings.ToUpper(string(c[1:20]))) + c[20:]
		}), want: CodeCIDs, differs: true},
		"CID in a path": {edit: named(func(s string) CID { return "x/ipfs/" + ValueCID(s) }), want: CodeCIDs, differs: true},
		"unused bits of CID": {edit: named(func(s string) CID {
			c := ValueCID(s)
			return c[:len(c)-1] + CID(base32Lower[strings.IndexByte(base32Lower, c[len(c)-1])^1])
		}), want: CodeCIDs},
		"padded CID":       {edit: named(func(s string) CID { return ValueCID(s) + "=" }), want: CodeCIDs},
		"emoji CID":        {edit: named(spelled('🚀')), want: CodeCIDs},
		"base2 CID":        {edit: named(spelled('0'))},
		"base64 CID":       {edit: named(spelled('m'))},
		"other codec":      {edit: named(func(s string) CID { return cidWith(gocid.Raw, hashSHA256, s) }), want: CodeCIDs},
		"other hash":       {edit: named(func(s string) CID { return cidWith(codecJSON, multihash.SHA2_512, s) }), want: CodeCIDs},
		"no CID":           {edit: named(func(string) CID { return "abc" }), want: CodeCIDs},
		"empty CID":        {edit: named(func(string) CID { return "" }), want: CodeCIDs},
		"CID of another":   {edit: named(func(string) CID { return ValueCID("1") }), want: CodeCIDs},
		"short hash":       {edit: named(shortCID), want: CodeCIDs},
		"no value":         {edit: drop(func(i *CIDInfo) { i.Values = Store[string]{} }), want: CodeCIDs},
		"no tetraplets":    {edit: drop(func(i *CIDInfo) { i.Tetraplets = Store[Tetraplet]{} }), want: CodeCIDs},
		"no element":       {edit: drop(func(i *CIDInfo) { i.CanonElements = Store[CanonElement]{} }), want: CodeCIDs},
		"no result":        {edit: drop(func(i *CIDInfo) { i.ServiceResults = Store[ServiceResult]{} }), want: CodeCIDs},
		"no canon result":  {edit: drop(func(i *CIDInfo) { i.CanonResults = Store[CanonResult]{} }), want: CodeMissing, differs: true},
		"canon of nowhere": {edit: func(f *forge) { f.elem = func(e *CanonElement) { e.Provenance = Provenance{FromCanon, ValueCID("1")} } }, want: CodeCIDs},
		"literal element":  {edit: func(f *forge) { f.elem = func(e *CanonElement) { e.Provenance = Provenance{} } }},
		"other value":      {edit: func(f *forge) { f.elem = func(e *CanonElement) { e.Value = ValueCID("1") } }, want: CodeCIDs},
		"other salt": {edit: func(f *forge) {
			f.sign = func(k *KeyPair, cids []CID) []Signature { return []Signature{k.Sign(cids, "other")} }
		}, want: CodeSignatures},
		"fewer results signed": {edit: func(f *forge) {
			f.sign = func(k *KeyPair, cids []CID) []Signature { return []Signature{k.Sign(cids[1:], particleID)} }
		}, want: CodeSignatures},
		"result repeated after signing": {edit: func(f *forge) {
			f.after = func(tr []State) []State { return append(tr, tr[0]) }
		}, want: CodeSignatures},
		"result removed after signing": {edit: func(f *forge) {
			f.after = func(tr []State) []State { return tr[:1] }
		}, want: CodeSignatures},
		"not signed": {edit: func(f *forge) { f.sign = func(*KeyPair, []CID) []Signature { return nil } }, want: CodeSignatures},
		"signed by another": {edit: func(f *forge) {
			f.sign = func(_ *KeyPair, cids []CID) []Signature { return []Signature{f.keys["C"].Sign(cids, particleID)} }
		}, want: CodeSignatures},
		"a bystander signed nothing": {edit: func(f *forge) {
			f.sign = func(k *KeyPair, cids []CID) []Signature {
				return []Signature{k.Sign(cids, particleID), f.keys["C"].Sign(nil, particleID)}
			}
		}},
		"a bystander signed wrongly": {edit: func(f *forge) {
			f.sign = func(k *KeyPair, cids []CID) []Signature {
				return []Signature{k.Sign(cids, particleID), f.keys["C"].Sign(cids, particleID)}
			}
		}, want: CodeSignatures},
		"key of RSA":       {edit: signed(func(_ *KeyPair, s *Signature) { s.Key = "\x01" + s.Key[1:] }), want: CodeSignatures},
		"key of Secp256k1": {edit: signed(func(_ *KeyPair, s *Signature) { s.Key = "\x02" + s.Key[1:] }), want: CodeSignatures},
		"key format 3":     {edit: signed(func(_ *KeyPair, s *Signature) { s.Key = "\x03" + s.Key[1:] }), want: CodeSignatures},
		"empty key":        {edit: signed(func(_ *KeyPair, s *Signature) { s.Key = "" }), want: CodeSignatures, differs: true},
		"short key":        {edit: signed(func(_ *KeyPair, s *Signature) { s.Key = s.Key[:20] }), want: CodeSignatures},
		"long key":         {edit: signed(func(_ *KeyPair, s *Signature) { s.Key += "x" }), want: CodeSignatures},
		"signature of RSA": {edit: signed(func(_ *KeyPair, s *Signature) { s.Bytes = "\x01" + s.Bytes[1:] }), want: CodeSignatures},
		"empty signature":  {edit: signed(func(_ *KeyPair, s *Signature) { s.Bytes = "" }), want: CodeSignatures, differs: true},
		"short signature":  {edit: signed(func(_ *KeyPair, s *Signature) { s.Bytes = s.Bytes[:64] }), want: CodeSignatures},
		"long signature":   {edit: signed(func(_ *KeyPair, s *Signature) { s.Bytes += "x" }), want: CodeSignatures},
		"bit of signature": {edit: signed(func(_ *KeyPair, s *Signature) { s.Bytes = s.Bytes[:9] + "\xee" + s.Bytes[10:] }), want: CodeSignatures},
		"two signatures": {edit: func(f *forge) {
			f.sign = func(k *KeyPair, cids []CID) []Signature {
				s := k.Sign(cids, particleID)
				return []Signature{s, s}
			}
		}, want: CodeSignatures, differs: true},
	}
}

// spelled makes CIDs in another multibase.
func spelled(base multibase.Encoding) func(string) CID {
	return func(content string) CID {
		c := gocid.MustParse(string(ValueCID(content)))
		s, err := c.StringOfBase(base)
		if err != nil {
			panic(err)
		}
		return CID(s)
	}
}

// shortCID truncates its hash to 20 bytes.
func shortCID(content string) CID {
	sum := sha256.Sum256([]byte(content))
	h, err := multihash.Encode(sum[:20], hashSHA256)
	if err != nil {
		panic(err)
	}
	return CID(gocid.NewCidV1(codecJSON, h).String())
}

func newForge(t testing.TB) *forge {
	return &forge{t: t, keys: testKeys(t), name: ValueCID}
}
