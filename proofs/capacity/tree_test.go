// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// numbered returns a value that stands for x.
func numbered(kind string, x int) [32]byte { return sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, x)) }

// peer returns the units of a peer, ascending.
func peerUnits(n int) [][32]byte {
	units := make([][32]byte, n)
	for i := range units {
		units[i] = numbered("unit", i)
	}
	slices.SortFunc(units, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return units
}

// leavesOf returns as many leaves of each unit as counts says.
func leavesOf(units [][32]byte, counts []int) []Leaf {
	var leaves []Leaf
	for i, n := range counts {
		for j := range n {
			leaves = append(leaves, Leaf{units[i], numbered("nonce", i<<16|j), numbered("hash", i<<16|j)})
		}
	}
	return leaves
}

func uniform(units, each int) ([][32]byte, []Leaf) {
	u := peerUnits(units)
	return u, leavesOf(u, slices.Repeat([]int{each}, units))
}

// rfc6962 is the root by the recursive definition, slow and obvious.
func rfc6962(nodes []Subtree) Subtree {
	if len(nodes) == 1 {
		return nodes[0]
	}
	k := 1
	for k*2 < len(nodes) {
		k *= 2
	}
	return join(rfc6962(nodes[:k]), rfc6962(nodes[k:]))
}

func TestUnitKeyIsKeccak(t *testing.T) {
	// keccak256 of 64 zero bytes, a constant known from Ethereum's tools.
	want := "ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5"
	if got := UnitKey([32]byte{}, [32]byte{}); hex.EncodeToString(got[:]) != want {
		t.Errorf("UnitKey of zeros = %x, want %s", got, want)
	}
	if UnitKey([32]byte{1}, [32]byte{2}) == UnitKey([32]byte{2}, [32]byte{1}) {
		t.Error("nonce and unit are exchangeable")
	}
}

func TestMeetsIncludesTheDifficulty(t *testing.T) {
	d := [32]byte{0, 1}
	for h, want := range map[[32]byte]bool{{}: true, {0, 1}: true, {0, 0, 255}: true, {0, 1, 31: 1}: false, {1}: false} {
		if Meets(h, d) != want {
			t.Errorf("Meets(%x) = %v", h, !want)
		}
	}
}

func TestTreeLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		units := peerUnits(rapid.IntRange(1, 9).Draw(rt, "units"))
		counts := rapid.SliceOfN(rapid.IntRange(0, 12), len(units), len(units)).Draw(rt, "counts")
		counts[0]++
		leaves := leavesOf(units, counts)
		tree, err := NewTree(units, rapid.Permutation(leaves).Draw(rt, "order"))
		if err != nil {
			rt.Fatal(err)
		}
		if got := rfc6962(tree.levels[0]).Hash; got != tree.Root() {
			rt.Fatalf("root = %x, by definition %x", tree.Root(), got)
		}
		n := uint64(len(leaves))
		if tree.Layout().Len() != n {
			rt.Fatalf("%d leaves, want %d", tree.Layout().Len(), n)
		}
		for i, c := range tree.Counts() {
			if int(c) != counts[i] {
				rt.Fatalf("counts = %v, want %v", tree.Counts(), counts)
			}
		}
		k := rapid.Uint32Range(1, MaxOpened).Draw(rt, "k")
		indices := Lot{Epoch: rapid.Uint64().Draw(rt, "epoch")}.Sample(n, k)
		if uint64(len(indices)) != min(uint64(k), n) {
			rt.Fatalf("%d indices of %d, want %d", len(indices), n, k)
		}
		o, err := tree.Open(indices)
		if err != nil {
			rt.Fatal(err)
		}
		wire := o.Append(nil)
		back, err := ParseOpening(wire)
		if err != nil || !bytes.Equal(back.Append(nil), wire) {
			rt.Fatalf("parsed %v, %v", back, err)
		}
		opened, err := back.Verify(tree.Layout(), tree.Root(), indices)
		if err != nil {
			rt.Fatal(err)
		}
		for i, x := range indices {
			if opened[i] != tree.Leaves()[x] || opened[i].Unit != tree.Layout().Unit(x) {
				rt.Fatalf("leaf %d = %v, want %v", x, opened[i], tree.Leaves()[x])
			}
			f := tree.show(x)
			if _, err := f.Verify(tree.Layout(), tree.Root(), [32]byte{0xff}); !errors.Is(err, ErrNoFault) && Meets(f.Leaf.Hash, [32]byte{0xff}) {
				rt.Fatalf("honest leaf %d: %v", x, err)
			}
		}
		// One changed bit anywhere spoils it.
		bit := rapid.IntRange(8, len(wire)*8-1).Draw(rt, "bit")
		wire[bit/8] ^= 1 << (bit % 8)
		if back, err = ParseOpening(wire); err == nil {
			if _, err = back.Verify(tree.Layout(), tree.Root(), indices); err == nil {
				rt.Fatalf("bit %d can be changed", bit)
			}
		}
	})
}

// show makes a fraud proof of a leaf out of what the tree claims.
func (t *Tree) show(index uint64) Fraud {
	f := Fraud{Index: index, Leaf: t.leaves[index]}
	at := index
	for _, level := range t.levels[:len(t.levels)-1] {
		if s := at ^ 1; s < uint64(len(level)) {
			f.Steps = append(f.Steps, Step{level[at].Min, level[at].Max, level[s]})
		}
		at /= 2
	}
	return f
}

// lying builds a tree over leaves as they stand, duplicates and all, and lets lie
// change any node of each level before the next is built.
func lying(layout Layout, leaves []Leaf, lie func(level int, nodes []Subtree)) *Tree {
	t := &Tree{layout: layout, leaves: leaves}
	level := make([]Subtree, len(leaves))
	for i, l := range leaves {
		k := key(layout.ordinal(uint64(i)), l.Nonce)
		level[i] = Subtree{k, k, l.hash()}
	}
	for depth := 0; ; depth++ {
		lie(depth, level)
		t.levels = append(t.levels, level)
		if len(level) == 1 {
			return t
		}
		sub := &Tree{}
		sub.grow(level)
		level = slices.Clone(sub.levels[1])
	}
}

// TestDuplicateLeavesCannotAllBeOpened: of two leaves with one key at most one can
// be opened, however the tree lies about its ranges, and the other one convicts it.
func TestDuplicateLeavesCannotAllBeOpened(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(rt, "leaves")
		units, leaves := uniform(1, n)
		honest, err := NewTree(units, leaves)
		if err != nil {
			rt.Fatal(err)
		}
		from := rapid.IntRange(0, n-1).Draw(rt, "from")
		to := (from + rapid.IntRange(1, n-1).Draw(rt, "distance")) % n
		spoilt := slices.Clone(honest.leaves)
		spoilt[to] = spoilt[from]
		tree := lying(honest.layout, spoilt, func(level int, nodes []Subtree) {
			for i := range nodes {
				switch rapid.IntRange(0, 3).Draw(rt, "lie") {
				case 1: // claim what an honest tree would claim there
					nodes[i].Min, nodes[i].Max = honest.levels[level][i].Min, honest.levels[level][i].Max
				case 2:
					nodes[i].Max = rapid.Uint64().Draw(rt, "max")
				}
			}
		})
		root, both := tree.Root(), 0
		convicted := false
		for _, x := range []int{from, to} {
			o, err := tree.Open([]uint64{uint64(x)})
			if err != nil {
				rt.Fatal(err)
			}
			if _, err := o.Verify(tree.layout, root, []uint64{uint64(x)}); err == nil {
				both++
			}
			if _, err := tree.show(uint64(x)).Verify(tree.layout, root, [32]byte(bytes.Repeat([]byte{0xff}, 32))); err == nil {
				convicted = true
			}
		}
		if both == 2 {
			rt.Fatal("both leaves could be opened")
		}
		if !convicted {
			rt.Fatal("no fault was found")
		}
	})
}

func TestBadTreesAndIndices(t *testing.T) {
	units, leaves := uniform(2, 3)
	tree, err := NewTree(units, leaves)
	if err != nil {
		t.Fatal(err)
	}
	build := func(u [][32]byte, l []Leaf) error { _, err := NewTree(u, l); return err }
	open := func(indices ...uint64) error { _, err := tree.Open(indices); return err }
	layout := func(u [][32]byte, c ...uint32) error { _, err := NewLayout(u, c); return err }
	for name, tt := range map[string]struct{ got, want error }{
		"no leaf":             {build(units, nil), ErrLayout},
		"no unit":             {build(nil, nil), ErrLayout},
		"units out of order":  {build([][32]byte{units[1], units[0]}, leaves), ErrLayout},
		"foreign unit":        {build(units[:1], leaves), ErrLeaves},
		"twice":               {build(units, append(slices.Clone(leaves), leaves[2])), ErrDuplicate},
		"a count too few":     {layout(units, 1), ErrLayout},
		"too many leaves":     {layout(units, MaxLeaves, 1), ErrLayout},
		"counts that wrap":    {layout(units, 1<<32-1, 1<<32-1), ErrLayout},
		"beyond":              {open(6), ErrIndices},
		"none":                {open(), ErrIndices},
		"descending":          {open(3, 2), ErrIndices},
		"the same twice":      {open(3, 3), ErrIndices},
		"more than MaxOpened": {open(make([]uint64, MaxOpened+1)...), ErrIndices},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.got, tt.want)
		}
	}
	o, err := tree.Open([]uint64{1, 4})
	if err != nil {
		t.Fatal(err)
	}
	for name, indices := range map[string][]uint64{"another index": {1, 5}, "one fewer": {1}, "one more": {1, 4, 5}, "none": {}} {
		if _, err := o.Verify(tree.Layout(), tree.Root(), indices); !errors.Is(err, ErrOpening) && !errors.Is(err, ErrIndices) && !errors.Is(err, ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	short := Opening{o.Claims, o.Path[1:]}
	long := Opening{o.Claims, append(slices.Clone(o.Path), Subtree{})}
	for _, bad := range []Opening{short, long} {
		if _, err := bad.Verify(tree.Layout(), tree.Root(), []uint64{1, 4}); err == nil {
			t.Error("a path of another length is accepted")
		}
	}
}

func TestFaultsOfALeaf(t *testing.T) {
	units, leaves := uniform(2, 4)
	honest, err := NewTree(units, leaves)
	if err != nil {
		t.Fatal(err)
	}
	easy := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	swapped := slices.Clone(honest.leaves)
	swapped[3].Unit = units[1]
	tree := lying(honest.layout, swapped, func(int, []Subtree) {})
	if f, err := tree.show(3).Verify(tree.layout, tree.Root(), easy); f != FaultUnit || err != nil {
		t.Errorf("leaf of another unit: %v, %v", f, err)
	}
	if f, err := honest.show(3).Verify(honest.layout, honest.Root(), [32]byte{}); f != FaultDifficulty || err != nil {
		t.Errorf("hash above the difficulty: %v, %v", f, err)
	}
	if _, err := honest.show(3).Verify(honest.layout, tree.Root(), easy); !errors.Is(err, ErrNotInTree) {
		t.Errorf("leaf of another tree: %v", err)
	}
	f := honest.show(3)
	f.Steps[1].Max++
	if _, err := f.Verify(honest.layout, honest.Root(), easy); !errors.Is(err, ErrNotInTree) {
		t.Errorf("a range that was made up: %v", err)
	}
	f = honest.show(3)
	steps, err := ParseSteps(f.Append(nil))
	if err != nil || !slices.Equal(steps, f.Steps) {
		t.Errorf("ParseSteps = %v, %v", steps, err)
	}
	for fault, want := range map[Fault]string{NoFault: "none", FaultRange: "range", 9: "fault(9)"} {
		if fault.String() != want {
			t.Errorf("%d is %q", uint8(fault), fault)
		}
	}
}

func TestDrawIsProportionalToUnits(t *testing.T) {
	const peers = 20_000
	for _, units := range []uint32{1, 8, 31, 32, 100} {
		drawn := 0
		for i := range peers {
			l := Lot{Beacon: [32]byte{7}, Epoch: 3}
			binary.BigEndian.PutUint64(l.Peer[:], uint64(i))
			if l.Drawn(units, 32) {
				drawn++
			}
		}
		want := peers * int(min(units, 32)) / 32
		if diff := drawn - want; diff*diff > 25*peers/4 { // five standard deviations at most
			t.Errorf("%d of %d peers of %d units are drawn, want about %d", drawn, peers, units, want)
		}
	}
	for units, want := range map[uint32]uint32{1: 32, 2: 16, 3: 11, 31: 2, 32: 1, 33: 1} {
		if got := Scale(units, 32); got != want {
			t.Errorf("Scale(%d) = %d, want %d", units, got, want)
		}
	}
}

func TestOpeningIsSmall(t *testing.T) {
	units, leaves := uniform(32, 30)
	tree, err := NewTree(units, leaves)
	if err != nil {
		t.Fatal(err)
	}
	one, err := tree.Open([]uint64{500})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(one.Append(nil)); n != 1+64+10*48 {
		t.Errorf("one opening of 960 leaves takes %d bytes", n)
	}
	worst := 0
	for e := range uint64(200) {
		o, err := tree.Open(Lot{Epoch: e}.Sample(960, 8))
		if err != nil {
			t.Fatal(err)
		}
		worst = max(worst, len(o.Append(nil)))
	}
	if worst > 8*450 {
		t.Errorf("eight leaves take up to %d bytes, want at most 450 each", worst)
	}
}

func FuzzOpening(f *testing.F) {
	units, leaves := uniform(3, 5)
	tree, err := NewTree(units, leaves)
	if err != nil {
		f.Fatal(err)
	}
	indices := []uint64{2, 7, 14}
	o, err := tree.Open(indices)
	if err != nil {
		f.Fatal(err)
	}
	good := o.Append(nil)
	f.Add(good)
	f.Add(good[:100])
	f.Add([]byte{64})
	f.Add(bytes.Repeat([]byte{3}, 1000))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := ParseOpening(b)
		if err != nil {
			if !errors.Is(err, ErrOpening) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		if !bytes.Equal(o.Append(nil), b) {
			t.Fatal("two encodings of one opening")
		}
		if _, err := o.Verify(tree.Layout(), tree.Root(), indices); err == nil && !bytes.Equal(b, good) {
			t.Fatal("another opening of the same leaves")
		}
	})
}

func FuzzFraud(f *testing.F) {
	units, leaves := uniform(3, 5)
	tree, err := NewTree(units, leaves)
	if err != nil {
		f.Fatal(err)
	}
	easy := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	for _, x := range []uint64{0, 7, 14} {
		f.Add(x, tree.show(x).Append(nil))
	}
	f.Add(uint64(1)<<63, bytes.Repeat([]byte{1}, 64*21))
	f.Fuzz(func(t *testing.T, index uint64, b []byte) {
		steps, err := ParseSteps(b)
		if err != nil {
			return
		}
		proof := Fraud{Index: index, Leaf: tree.leaves[index%15], Steps: steps}
		if !bytes.Equal(proof.Append(nil), b) {
			t.Fatal("two encodings of one fraud proof")
		}
		if fault, err := proof.Verify(tree.Layout(), tree.Root(), easy); err == nil {
			t.Fatalf("an honest tree is convicted of %v", fault)
		}
	})
}

func BenchmarkTree(b *testing.B) {
	units, leaves := uniform(32, 30)
	for b.Loop() {
		if _, err := NewTree(units, leaves); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpeningVerify(b *testing.B) {
	units, leaves := uniform(32, 30)
	tree, err := NewTree(units, leaves)
	if err != nil {
		b.Fatal(err)
	}
	indices := Lot{}.Sample(960, 8)
	o, err := tree.Open(indices)
	if err != nil {
		b.Fatal(err)
	}
	wire := o.Append(nil)
	b.ReportMetric(float64(len(wire)), "B/opening")
	for b.Loop() {
		o, err := ParseOpening(wire)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := o.Verify(tree.Layout(), tree.Root(), indices); err != nil {
			b.Fatal(err)
		}
	}
}
