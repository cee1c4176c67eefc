// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// SelfTest fills a cache on this machine and compares a dataset item and a hash,
// of the compiled and of the portable engine, with known ones. It takes a second or so, and CacheSize and ScratchSize bytes.
//
// Errors: ErrSelfTest, ErrParams, ErrNoMemory, the error of ctx.
func SelfTest(ctx context.Context, p Params, m Memory) error {
	item, want := uint64(0x7943a1f6186ffb72), "639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f"
	if p == Fluence() {
		item, want = 0xbaa42e8d4055ab62, "624b43f2a96dc33698d3b5146e30ece99b62386b445808c513b032e5171222eb"
	}
	c, err := NewCache(ctx, p, []byte("test key 000"), m)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	got, err := c.Item(10_000_000)
	if err != nil {
		return err
	}
	if got[0] != item {
		return fmt.Errorf("%w: %s parameters: dataset item is %016x, want %016x", ErrSelfTest, p.name, got[0], item)
	}
	for _, newVM := range []func(*Cache, Memory) (*VM, error){NewVM, NewPortableVM} {
		vm, err := newVM(c, m)
		if err != nil {
			return err
		}
		h, err := vm.Hash(ctx, []byte("This is a test"))
		if err := errors.Join(err, vm.Close()); err != nil {
			return err
		}
		if hex.EncodeToString(h[:]) != want {
			return fmt.Errorf("%w: %s parameters: hash is %x, want %s", ErrSelfTest, p.name, h, want)
		}
	}
	return nil
}
