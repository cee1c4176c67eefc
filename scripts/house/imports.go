// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// peerOrder is the peer from the bottom up: a package may import those before it.
var peerOrder = []string{
	"peer/air", "peer/marine", "peer/particle", "peer/chain", "peer/store",
	"peer/trustgraph", "peer/dht", "peer/ipfs", "peer/pubsub",
	"peer/pipeline", "peer/door",
	"peer/spell", "peer/worker", "peer/prover",
	"peer/builtin",
	"peer/config", "peer/host", "peer/client", "peer/httpapi",
	"peer",
}

// airOrder is the interpreter from the bottom up.
var airOrder = []string{"peer/air/value", "peer/air/ast", "peer/air/parse", "peer/air/data", "peer/air/exec", "peer/air"}

// testOnly are packages that only tests import; they may import everything.
var testOnly = []string{"peer/adversary", "peer/air/oracle", "x/internal/kit", "app/malicious", "app/apptest", "app/sim"}

// Imports reports every import among our own packages that goes the wrong way.
func Imports(files []*File) []string {
	var breaches []string
	for _, f := range files {
		dir := f.Dir()
		if isTestOnly(dir) {
			continue
		}
		for _, spec := range f.imports() {
			p, err := strconv.Unquote(spec.Path.Value)
			to, ours := own(p)
			if err != nil || !ours {
				continue
			}
			if why := direction(dir, to, f.Test()); why != "" {
				breaches = append(breaches, fmt.Sprintf("%s: %s imports %s: %s", f.line(spec.Pos()), dir, to, why))
			}
		}
	}
	return breaches
}

func isTestOnly(dir string) bool {
	return slices.ContainsFunc(testOnly, func(t string) bool { return under(dir, t) })
}

// direction says why a package in dir may not import one in to, or "".
func direction(dir, to string, test bool) string {
	if test {
		if under(to, "app") && !under(dir, "app") && !under(dir, "cmd") && !under(dir, "scripts") && !under(dir, "contracts") {
			return "tests outside app, cmd, contracts and scripts must not link the application"
		}
		return ""
	}
	if isTestOnly(to) {
		return "only tests may import it"
	}
	top, _, _ := strings.Cut(dir, "/")
	switch top {
	case "proofs":
		if under(to, "proofs") || (under(dir, "proofs/execution") && under(to, "peer/air/data")) {
			return ""
		}
		return "proofs import proofs only"
	case "x":
		return fromModule(dir, to)
	case "peer":
		return fromPeer(dir, to)
	case "contracts":
		return allow(to, "contracts import chain modules only", "contracts", "x")
	case "app":
		return allow(to, "the application imports x, contracts and proofs only", "app", "x", "contracts", "proofs")
	case "scripts":
		return allow(to, "scripts import nothing of ours", dir)
	case "docs":
		return allow(to, "examples import the client only", dir, "peer/client")
	case "cmd":
		return ""
	}
	return "no rule for this folder: see docs/house.md"
}

func allow(to, why string, folders ...string) string {
	if slices.ContainsFunc(folders, func(f string) bool { return under(to, f) }) {
		return ""
	}
	return why
}

func fromModule(dir, to string) string {
	mine := strings.Join(strings.SplitN(dir, "/", 3)[:min(2, strings.Count(dir, "/")+1)], "/")
	switch {
	case under(to, mine), under(to, "x/internal"), under(to, "proofs/capacity/randomx"):
		if under(to, "proofs/capacity/randomx") {
			return "RandomX never runs in a chain module"
		}
		return ""
	case under(to, "proofs"):
		return ""
	case under(to, "x") && path.Base(to) == "types" && mine != "x/internal":
		return ""
	}
	return "a chain module imports itself, x/internal, other modules' types and proofs only"
}

func fromPeer(dir, to string) string {
	switch {
	case under(to, "proofs"):
		return ""
	case under(to, "x"):
		if under(dir, "peer/chain/remote") && path.Base(to) == "types" {
			return ""
		}
		return "only peer/chain/remote imports chain types"
	case !under(to, "peer"):
		return "the peer imports peer and proofs only"
	case under(dir, "peer/air") && under(to, "peer/air"):
		return ordered(airOrder, dir, to)
	}
	return ordered(peerOrder, dir, to)
}

// ordered says why to does not stand before dir in the order, or "".
func ordered(order []string, dir, to string) string {
	d, t := place(order, dir), place(order, to)
	switch {
	case d < 0:
		return "unknown package: give it a place in scripts/house"
	case t < 0:
		return "unknown target: give it a place in scripts/house"
	case t > d:
		return fmt.Sprintf("%s stands above %s", order[t], order[d])
	}
	return ""
}

// place returns the index of the longest folder of order that holds dir.
func place(order []string, dir string) int {
	best := -1
	for i, o := range order {
		if under(dir, o) && (best < 0 || len(o) > len(order[best])) {
			best = i
		}
	}
	if best >= 0 && order[best] == "peer" && dir != "peer" {
		return -1
	}
	return best
}

// Missing reports which of the packages we stand on no code of ours imports directly.
func Missing(files []*File) []string {
	want := []string{
		"github.com/cometbft/cometbft", "github.com/cosmos/iavl", "github.com/libp2p/go-libp2p",
		"github.com/tetratelabs/wazero", "github.com/ethereum/go-ethereum",
	}
	for _, f := range files {
		if f.Test() {
			continue
		}
		for _, spec := range f.imports() {
			p, _ := strconv.Unquote(spec.Path.Value)
			want = slices.DeleteFunc(want, func(w string) bool { return under(p, w) })
		}
	}
	for i, w := range want {
		want[i] = w + ": imported nowhere"
	}
	return want
}
