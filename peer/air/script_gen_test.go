// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// scriptGen writes random scripts that mostly make sense: names are defined
// before they are used, lenses often fit.
type scriptGen struct {
	rnd   *rand.Rand
	peers []string
	next  int
	left  int // instructions that may still be written
	// plain keeps folds from writing to the stream they go over. AquaVM visits
	// some such values only in the next run, and so do we.
	plain bool

	scalars, iters, streams, maps, canons, canonMaps []string
}

func newScriptGen(rnd *rand.Rand, peers []string) *scriptGen {
	return &scriptGen{rnd: rnd, peers: peers, left: 4 + rnd.IntN(30)}
}

// script writes a whole script. A prologue defines something of every kind.
func (g *scriptGen) script() string {
	var pre []string
	for i, p := range g.peers {
		name := fmt.Sprintf("p%d", i)
		pre = append(pre, fmt.Sprintf("(ap %q %s)", p, name))
	}
	g.scalars = append(g.scalars, "v0")
	pre = append(pre, `(ap [] v0)`)
	if g.rnd.IntN(2) == 0 {
		pre = append(pre, g.call())
	}
	body := g.instr(0)
	for range g.rnd.IntN(3) {
		g.left = 4 + g.rnd.IntN(20)
		body = fmt.Sprintf("(%s (xor %s %s) %s)", pick(g, []string{"par", "seq"}), body, g.leaf(), g.instr(0))
	}
	for i := len(pre) - 1; i >= 0; i-- {
		body = "(seq " + pre[i] + " " + body + ")"
	}
	return body
}

func (g *scriptGen) name(prefix string) string {
	g.next++
	return fmt.Sprintf("%s%d", prefix, g.next)
}

func pick[T any](g *scriptGen, list []T) T { return list[g.rnd.IntN(len(list))] }

func (g *scriptGen) instr(depth int) string {
	g.left--
	if g.left <= 0 || depth > 12 {
		return g.leaf()
	}
	switch g.rnd.IntN(20) {
	case 0, 1, 2, 3, 4:
		return "(seq " + g.instr(depth+1) + " " + g.instr(depth+1) + ")"
	case 5, 6, 7:
		return "(par " + g.instr(depth+1) + " " + g.instr(depth+1) + ")"
	case 8, 9, 18, 19:
		return "(xor " + g.instr(depth+1) + " " + g.instr(depth+1) + ")"
	case 10:
		return fmt.Sprintf("(%s %s %s %s)", pick(g, []string{"match", "mismatch"}), g.value(), g.value(), g.instr(depth+1))
	case 11, 12, 13:
		return g.fold(depth)
	case 14:
		return g.scoped(depth)
	}
	return g.leaf()
}

func (g *scriptGen) leaf() string {
	switch g.rnd.IntN(16) {
	case 0:
		return "(null)"
	case 1:
		if g.rnd.IntN(2) == 0 {
			return "(never)"
		}
		return g.fail()
	case 2, 3:
		return g.ap()
	case 4:
		return g.apMap()
	case 5, 6:
		return g.canon()
	}
	return g.call()
}

func (g *scriptGen) scoped(depth int) string {
	if g.rnd.IntN(3) == 0 && len(g.scalars) > 0 {
		return "(new " + pick(g, g.scalars) + " " + g.instr(depth+1) + ")"
	}
	s := g.name("$s")
	if len(g.streams) > 0 && g.rnd.IntN(2) == 0 {
		s = pick(g, g.streams)
	}
	g.streams = append(g.streams, s)
	return "(new " + s + " " + g.instr(depth+1) + ")"
}

func (g *scriptGen) fold(depth int) string {
	i := g.name("i")
	over, stream := "[]", false
	switch g.rnd.IntN(6) {
	case 0, 1:
		over = g.scalar()
	case 2, 3:
		if len(g.streams) > 0 {
			over, stream = pick(g, g.streams), true
		}
	case 4:
		if len(g.canons) > 0 {
			over = pick(g, g.canons)
		} else if len(g.maps) > 0 {
			over, stream = pick(g, g.maps), true
		}
	case 5:
		if len(g.canonMaps) > 0 {
			over = pick(g, g.canonMaps)
			if g.rnd.IntN(3) == 0 {
				over += ".$.k"
			}
		}
	}
	keep := len(g.scalars)
	g.iters = append(g.iters, i)
	streams, maps := g.streams, g.maps
	if g.plain {
		same := func(s string) bool { return s == over }
		g.streams = slices.DeleteFunc(slices.Clone(g.streams), same)
		g.maps = slices.DeleteFunc(slices.Clone(g.maps), same)
	}
	body := g.instr(depth + 1)
	if g.plain {
		g.streams, g.maps = append(g.streams, streams...), append(g.maps, maps...)
	}
	next := "(next " + i + ")"
	if stream || g.rnd.IntN(3) > 0 {
		body = fmt.Sprintf("(%s %s %s)", pick(g, []string{"seq", "par", "seq", "par", "xor"}), body, next)
	} else {
		body = fmt.Sprintf("(%s %s %s)", pick(g, []string{"seq", "par"}), next, body)
	}
	g.iters = slices.DeleteFunc(g.iters, func(s string) bool { return s == i })
	if g.rnd.IntN(2) == 0 {
		g.scalars = g.scalars[:min(keep, len(g.scalars))]
	}
	last := pick(g, []string{"", "", " (null)", " (never)", "leaf"})
	if last == "leaf" {
		last = " " + g.leaf()
	}
	return fmt.Sprintf("(fold %s %s %s%s)", over, i, body, last)
}

func (g *scriptGen) scalar() string {
	if len(g.iters) > 0 && g.rnd.IntN(2) == 0 {
		return pick(g, g.iters)
	}
	if len(g.scalars) == 0 {
		return "v0"
	}
	return pick(g, g.scalars)
}

func (g *scriptGen) lens() string {
	if g.rnd.IntN(8) > 0 {
		return ""
	}
	return pick(g, []string{
		"", "", "", ".$.a", ".$.a.b", ".$.[0]", ".$.[1]", ".$.a.b.[0]", ".length", ".$.[v0]", ".$.k", ".$.[7]", ".$.nofield", ".$.error_code", ".$.message",
	})
}

func (g *scriptGen) value() string {
	switch g.rnd.IntN(14) {
	case 0:
		return pick(g, []string{"%init_peer_id%", "%timestamp%", "%ttl%", "true", "[]", "1.5", "0.00001", "42", "-7", `"str"`})
	case 1:
		return "%last_error%" + pick(g, []string{"", ".$.message", ".$.error_code", ".$.instruction", ".$.peer_id"})
	case 2:
		return ":error:" + pick(g, []string{"", ".$.message", ".$.error_code", ".$.instruction"})
	case 3, 4, 5:
		if len(g.canons) > 0 {
			return pick(g, g.canons) + pick(g, []string{"", "", "", "", ".length", ".$.[0]", ".$.[1].a", ".$.[v0]", ".$.x"})
		}
	case 6, 7:
		if len(g.canonMaps) > 0 {
			return pick(g, g.canonMaps) + pick(g, []string{"", ".length", ".$.k", ".$.k.[0]", ".$.k.[1].a", ".$.[7]", ".$.[7].[0]", ".$.none"})
		}
	case 8:
		return fmt.Sprintf("%q", pick(g, []string{"k", "x", "", "a b", "é<&>"}))
	}
	return g.scalar() + g.lens()
}

func (g *scriptGen) peer() string {
	switch g.rnd.IntN(8) {
	case 0:
		return "%init_peer_id%"
	case 1:
		return fmt.Sprintf("p%d", g.rnd.IntN(len(g.peers)))
	case 2:
		if g.rnd.IntN(4) == 0 {
			return g.scalar() + g.lens()
		}
	}
	return fmt.Sprintf("%q", pick(g, g.peers))
}

func (g *scriptGen) call() string {
	n := g.rnd.IntN(3)
	args := make([]string, n)
	for i := range args {
		args[i] = g.value()
	}
	fn := pick(g, []string{"id", "id", "id", "list", "obj", "err", "peer", "num", "bad", "float", "deep", "pairs", "errobj"})
	head := fmt.Sprintf(`(call %s ("s" %q) [%s]`, g.peer(), fn, strings.Join(args, " "))
	switch g.rnd.IntN(6) {
	case 0:
		return head + ")"
	case 1, 2, 3:
		x := g.name("x")
		if g.rnd.IntN(6) == 0 && len(g.scalars) > 1 {
			x = pick(g, g.scalars)
		} else {
			g.scalars = append(g.scalars, x)
		}
		return head + " " + x + ")"
	}
	return head + " " + g.stream() + ")"
}

func (g *scriptGen) stream() string {
	if len(g.streams) == 0 || g.rnd.IntN(4) == 0 {
		g.streams = append(g.streams, g.name("$s"))
	}
	return pick(g, g.streams)
}

func (g *scriptGen) ap() string {
	v := g.value()
	for strings.HasPrefix(v, "#%") && !strings.Contains(v, ".") {
		v = g.value()
	}
	if g.rnd.IntN(3) == 0 {
		x := g.name("x")
		g.scalars = append(g.scalars, x)
		return fmt.Sprintf("(ap %s %s)", v, x)
	}
	return fmt.Sprintf("(ap %s %s)", v, g.stream())
}

func (g *scriptGen) mapName() string {
	if len(g.maps) == 0 || g.rnd.IntN(4) == 0 {
		g.maps = append(g.maps, g.name("%m"))
	}
	return pick(g, g.maps)
}

func (g *scriptGen) apMap() string {
	key := pick(g, []string{`"k"`, `"k"`, "7", "-3", `"x"`, g.scalar()})
	v := g.value()
	for strings.HasPrefix(v, "#%") && !strings.Contains(v, ".") {
		v = g.value()
	}
	return fmt.Sprintf("(ap (%s %s) %s)", key, v, g.mapName())
}

// some picks a defined name, or writes one that nothing defines: a canon may.
func (g *scriptGen) some(names []string, prefix string) string {
	if len(names) == 0 {
		return g.name(prefix)
	}
	return pick(g, names)
}

func (g *scriptGen) canon() string {
	switch g.rnd.IntN(5) {
	case 0:
		c := g.name("#%cm")
		s := fmt.Sprintf("(canon %s %s %s)", g.peer(), g.some(g.maps, "%m"), c)
		g.canonMaps = append(g.canonMaps, c)
		return s
	case 1:
		x := g.name("x")
		s := fmt.Sprintf("(canon %s %s %s)", g.peer(), g.some(g.maps, "%m"), x)
		g.scalars = append(g.scalars, x)
		return s
	}
	c := g.name("#cc")
	s := fmt.Sprintf("(canon %s %s %s)", g.peer(), g.some(g.streams, "$s"), c)
	g.canons = append(g.canons, c)
	return s
}

func (g *scriptGen) fail() string {
	return "(fail " + pick(g, []string{`1 "one"`, "%last_error%", ":error:", `42 "q'uote"`, g.scalar()}) + ")"
}
