// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// progressEvery is how often progress is looked at, and, on a terminal, redrawn.
const progressEvery = 500 * time.Millisecond

// progress shows one line that changes. Where lines cannot be redrawn, it writes a
// line when the text changes.
type progress struct {
	w    io.Writer
	tty  bool
	last string
}

func (p *progress) show(text string, since time.Duration) {
	switch {
	case p.tty:
		_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s (%ds)", text, int(since.Seconds()))
	case text != p.last:
		_, _ = fmt.Fprintf(p.w, "%s (%ds)\n", text, int(since.Seconds()))
	}
	p.last = text
}

func (p *progress) end() {
	if p.tty {
		_, _ = fmt.Fprintln(p.w)
	}
}

// screen tells a person what runs and what to do with it.
func screen(w io.Writer, info Info, epoch time.Duration, dir string) error {
	var b strings.Builder
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	put("Network %s runs: %d validators, EVM chain id %d, epochs of %s.", info.ChainID, len(info.Validators), info.EVMChainID, epoch)
	put("")
	for _, v := range info.Validators {
		put("  %-12s  RPC %s  Ethereum %s  REST %s", v.Name, v.RPC, v.JSONRPC, v.REST)
	}
	for _, v := range info.Validators {
		if len(v.Multiaddrs) > 0 {
			put("  peer of %s  %s", v.Name, v.Multiaddrs[0])
		}
	}
	put("")
	put("Accounts with %d FLT and %d USD each; everyone knows their keys:", accountFLT, accountUSD)
	for _, a := range info.Accounts[:min(3, len(info.Accounts))] {
		put("  %-12s  %s  %s", a.Name, a.Bech32, a.Hex)
	}
	put("  and %d more in %s", max(0, len(info.Accounts)-3), filepath.Join(dir, FileName))
	h := info.Validators[0].Home
	put("")
	put("Try in another terminal:")
	put("  fluenced status --home %s", h)
	put("  fluenced tx bank send customer %s 1000000000000000000aflt --yes --home %s", info.Accounts[1].Bech32, h)
	put("  fluenced query bank balances %s --home %s", info.Accounts[1].Bech32, h)
	put("  fluenced query epoch current --home %s", h)
	if d := info.Demo; d != nil {
		d.put(put, info, dir)
	}
	put("")
	put("Logs are in %s. Ctrl-C stops everything; the same command continues this chain.", filepath.Join(dir, "validator-*", "logs"))
	_, err := io.WriteString(w, b.String())
	return err
}

// put tells what the demo set up and how to call it.
func (d *Demo) put(line func(string, ...any), info Info, dir string) {
	line("")
	line("A guestbook runs on %d workers of deal %s, rented by the customer:", len(d.Workers), d.DealID)
	for _, w := range d.Workers {
		line("  worker %s on %s", w.WorkerID, w.PeerID)
	}
	line("Call it with the official JavaScript client (make npm installs it), or from here:")
	line("  node docs/examples/guestbook/call.mjs %s", filepath.Join(dir, FileName))
	if relay := info.Validators[len(info.Validators)-1]; len(relay.Multiaddrs) > 0 && len(d.Workers) > 0 {
		line("  fluenced particle send --relay %s --script docs/examples/guestbook/greet.air --data '{\"host\":\"%s\",\"worker\":\"%s\",\"name\":\"Bob\"}'",
			relay.Multiaddrs[0], d.Workers[0].PeerID, d.Workers[0].WorkerID)
	}
	h := info.Validators[0].Home
	line("See what it costs, what it earns, and the proofs of the units that are not rented:")
	line("  fluenced deal status %s --home %s", d.DealID, h)
	line("  fluenced provider status --provider %s --home %s", d.Provider, h)
	if len(d.CommitmentIDs) > 0 {
		line("  fluenced query capacity units %s --home %s", d.CommitmentIDs[0], h)
	}
}
