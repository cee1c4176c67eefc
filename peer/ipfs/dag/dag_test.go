// SPDX-License-Identifier: Apache-2.0

package dag_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// TestRawNameOfKnownText has the CID that every IPFS tool gives "hello world\n"
// with raw leaves.
func TestRawNameOfKnownText(t *testing.T) {
	const want = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"
	if got := dag.Raw([]byte("hello world\n")).CID.String(); got != want {
		t.Errorf("CID = %s, want %s", got, want)
	}
}

func TestSplitRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, dag.ChunkSize, dag.ChunkSize + 1, 3*dag.ChunkSize + 17} {
		data := bytes.Repeat([]byte{7, 1, 9}, size/3+1)[:size]
		blocks, err := dag.Split(data)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for _, b := range blocks[:max(len(blocks)-1, 1)] {
			got = append(got, b.Data...)
		}
		if !bytes.Equal(got, data) {
			t.Errorf("chunks of %d bytes are not the file", size)
		}
		f, err := dag.Decode(blocks[len(blocks)-1])
		if err != nil {
			t.Fatal(err)
		}
		if f.Size != uint64(size) {
			t.Errorf("size = %d, want %d", f.Size, size)
		}
		for i, l := range f.Links {
			if !l.CID.Equals(blocks[i].CID) || l.Size != uint64(len(blocks[i].Data)) {
				t.Errorf("link %d is %v, want block %v", i, l, blocks[i].CID)
			}
		}
	}
}

// unix builds a dag-pb block by hand.
func unix(links []cid.Cid, entry ...uint64) []byte {
	var out, u []byte
	for _, c := range links {
		link := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), c.Bytes())
		out = protowire.AppendBytes(protowire.AppendTag(out, 2, protowire.BytesType), link)
	}
	for i := 0; i+1 < len(entry); i += 2 {
		u = protowire.AppendVarint(protowire.AppendTag(u, protowire.Number(entry[i]), protowire.VarintType), entry[i+1])
	}
	return protowire.AppendBytes(protowire.AppendTag(out, 1, protowire.BytesType), u)
}

func named(data []byte) dag.Block {
	mh, err := multihash.Sum(data, multihash.SHA2_256, -1)
	if err != nil {
		panic(err)
	}
	return dag.Block{CID: cid.NewCidV1(cid.DagProtobuf, mh), Data: data}
}

func TestDecodeRefuses(t *testing.T) {
	leaf := dag.Raw([]byte("x")).CID
	sha1, err := multihash.Sum([]byte("x"), multihash.SHA1, -1)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		block dag.Block
		want  error
	}{
		"folder":               {named(unix([]cid.Cid{leaf}, 1, 1)), dag.ErrNotFile},
		"hash table folder":    {named(unix(nil, 1, 5)), dag.ErrNotFile},
		"symbolic link":        {named(unix(nil, 1, 4)), dag.ErrNotFile},
		"no entry":             {named(nil), dag.ErrNotFile},
		"link without a size":  {named(unix([]cid.Cid{leaf}, 1, 2, 3, 1)), dag.ErrMalformed},
		"empty link":           {named(unix([]cid.Cid{leaf}, 1, 2, 3, 0, 4, 0)), dag.ErrMalformed},
		"size that lies":       {named(unix([]cid.Cid{leaf}, 1, 2, 3, 9, 4, 1)), dag.ErrMalformed},
		"sizes that overflow":  {named(unix([]cid.Cid{leaf, leaf}, 1, 2, 4, 1<<63-1, 4, 1<<63-1)), dag.ErrMalformed},
		"link to another hash": {named(unix([]cid.Cid{cid.NewCidV1(cid.Raw, sha1)}, 1, 2, 4, 1)), dag.ErrCID},
		"no protobuf":          {named([]byte("hello")), dag.ErrMalformed},
		"other codec":          {dag.Block{CID: cid.NewCidV1(cid.DagCBOR, leaf.Hash())}, dag.ErrCID},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := dag.Decode(tt.block); !errors.Is(err, tt.want) {
				t.Errorf("Decode = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestVerifyRefusesOtherBytes(t *testing.T) {
	if _, err := dag.Verify(dag.Raw([]byte("a")).CID, []byte("b")); !errors.Is(err, dag.ErrHash) {
		t.Errorf("Verify = %v, want %v", err, dag.ErrHash)
	}
	big := make([]byte, dag.MaxBlock+1)
	if _, err := dag.Verify(dag.Raw(big).CID, big); !errors.Is(err, dag.ErrTooLarge) {
		t.Errorf("Verify = %v, want %v", err, dag.ErrTooLarge)
	}
}

func FuzzDecode(f *testing.F) {
	leaf := dag.Raw([]byte("x")).CID
	f.Add(unix([]cid.Cid{leaf}, 1, 2, 3, 1, 4, 1))
	f.Add(unix(nil, 1, 1))
	f.Add([]byte{0x0a, 0x02, 0x08, 0x02})
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := dag.Decode(named(raw))
		if err != nil {
			return
		}
		sum := uint64(len(file.Data))
		for _, l := range file.Links {
			sum += l.Size
		}
		if sum != file.Size || len(file.Links) > dag.MaxLinks {
			t.Errorf("parts of %d bytes make a file of %d", sum, file.Size)
		}
	})
}

// TestWalkJudgesSizesBeforeItFetches has trees that a hostile peer would serve.
func TestWalkJudgesSizesBeforeItFetches(t *testing.T) {
	leaf := dag.Raw(bytes.Repeat([]byte("x"), 64))
	kept := map[string]dag.Block{leaf.CID.KeyString(): leaf}
	keep := func(b dag.Block) cid.Cid { kept[b.CID.KeyString()] = b; return b.CID }
	// Each level links the one below ten times: 64 * 10^14 bytes from 15 blocks.
	bomb, size := leaf.CID, uint64(64)
	for range 14 {
		links, entry := make([]cid.Cid, 10), []uint64{1, 2}
		for i := range links {
			links[i] = bomb
			entry = append(entry, 4, size)
		}
		bomb, size = keep(named(unix(links, entry...))), size*10
	}
	deep := leaf.CID
	for range 20 {
		deep = keep(named(unix([]cid.Cid{deep}, 1, 2, 4, 64)))
	}
	lying := keep(named(unix([]cid.Cid{leaf.CID, leaf.CID}, 1, 2, 4, 64, 4, 63)))
	tests := map[string]struct {
		root    cid.Cid
		fetched int
		want    error
	}{
		"announces too much": {bomb, 1, dag.ErrTooLarge},
		"too deep":           {deep, 18, dag.ErrMalformed},
		"part lies":          {lying, 3, dag.ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fetched := 0
			err := dag.Walk(tt.root, dag.MaxFile, func(want []cid.Cid) ([]dag.Block, error) {
				fetched += len(want)
				var out []dag.Block
				for _, c := range want {
					out = append(out, kept[c.KeyString()])
				}
				return out, nil
			}, func([]byte) error { return nil })
			if !errors.Is(err, tt.want) || fetched != tt.fetched {
				t.Errorf("Walk = %v after %d blocks, want %v after %d", err, fetched, tt.want, tt.fetched)
			}
		})
	}
}
