// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"github.com/go-fluence/fluence/peer/builtin/aquaipfs"
	"github.com/go-fluence/fluence/peer/ipfs"
)

// buildIPFS opens the files by CID and joins their builtins.
func (p *Peer) buildIPFS() (err error) {
	p.ipfs, err = ipfs.New(ipfs.Config{
		Files: p.store, Host: p.host, Quota: p.cfg.IPFSQuota, Wait: p.cfg.IPFSWait, Mute: !p.cfg.IPFSServe, Log: p.deps.Log,
	})
	if err != nil {
		return err
	}
	service, err := aquaipfs.New(aquaipfs.Config{Self: p.id.self, Store: p.ipfs, Vault: p.hosted.vault, Host: network{p.host}})
	if err != nil {
		return err
	}
	for name, entries := range service.Entries() {
		if err := p.registry.Add(name, entries); err != nil {
			return err
		}
	}
	return nil
}

// closeIPFS releases the files of a peer that never ran.
func (p *Peer) closeIPFS() error {
	if p.ipfs == nil {
		return nil
	}
	return p.ipfs.Close()
}
