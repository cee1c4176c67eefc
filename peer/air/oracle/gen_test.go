// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// writer makes random scripts. Each script draws which features it uses and how
// often, so that rare combinations come up as often as common ones.
type writer struct {
	r     *rand.Rand
	peers []string
	// weight of each instruction in this script.
	weight map[string]int
	// wild is how often, of 100, a rule of the language is broken.
	wild int
	left int
	seq  int
	// home is the peer that most calls go to, roam how often, of 100, others do.
	home, roam int
	// names in reach, by kind: "x" scalars, "i" iterators, "$" "%" "#" "#%".
	names map[string][]string
}

var instructions = []string{"seq", "par", "xor", "match", "fold", "next", "new", "call", "ap", "apmap", "canon", "canonmap", "fail", "null", "never"}

func writeScript(r *rand.Rand, peers []string) string {
	w := &writer{r: r, peers: peers, weight: map[string]int{}, left: 3 + r.IntN(40), names: map[string][]string{}, home: r.IntN(len(peers)), roam: 5 + r.IntN(60)}
	for _, k := range instructions {
		if r.IntN(5) > 0 {
			w.weight[k] = 1 + r.IntN(6)
		}
	}
	w.weight["seq"] = 4 + r.IntN(6)
	w.weight["call"] = 2 + r.IntN(6)
	w.weight["never"] = r.IntN(2) * r.IntN(2)
	w.weight["new"] = r.IntN(3)
	if r.IntN(12) == 0 {
		w.wild = 1 + r.IntN(8)
	}
	parts := w.prologue()
	body := w.instr(0)
	for _, f := range []string{"obj", "arr", "echo", "peer"} {
		if !strings.Contains(strings.Join(parts, " "), " pre_"+f+")") {
			parts = append([]string{fmt.Sprintf(`(ap "k" pre_%s)`, f)}, parts...)
		}
	}
	for i := len(parts) - 1; i >= 0; i-- {
		body = fmt.Sprintf("(%s %s %s)", pick(w, "seq", "seq", "seq", "seq", "par"), parts[i], body)
	}
	return body
}

// prologue writes the instructions that fill the variables of the body.
func (w *writer) prologue() (parts []string) {
	w.names["x"] = []string{"pre_obj", "pre_arr", "pre_echo", "pre_peer"}
	for _, f := range []string{"obj", "arr", "echo", "peer"} {
		if w.chance(60) {
			parts = append(parts, fmt.Sprintf(`(call %s ("s" %q) ["k"] pre_%s)`, w.literalPeer(), f, f))
		}
	}
	for n := w.r.IntN(5); n > 0; n-- {
		parts = append(parts, fmt.Sprintf("(ap %s %s)", pick(w, "1", `"k"`, "pre_obj", "pre_arr", "pre_echo"), w.target("$", "s", 80)))
	}
	for n := w.r.IntN(4) * w.r.IntN(2); n > 0; n-- {
		parts = append(parts, w.apMap())
	}
	if w.chance(30) {
		parts = append(parts, w.one("canon", 0))
	}
	if w.chance(20) {
		parts = append(parts, w.one("canonmap", 0))
	}
	return parts
}

func pick[T any](w *writer, list ...T) T { return list[w.r.IntN(len(list))] }

func (w *writer) chance(percent int) bool { return w.r.IntN(100) < percent }

func (w *writer) fresh(tag, base string) string {
	w.seq++
	name := fmt.Sprintf("%s%s%d", tag, base, w.seq)
	return name
}

// known returns a name in reach, or "".
func (w *writer) known(kind string) string {
	list := w.names[kind]
	if len(list) == 0 {
		return ""
	}
	if w.chance(50) {
		return list[len(list)-1]
	}
	return list[w.r.IntN(len(list))]
}

// target returns a name to write to, new or known.
func (w *writer) target(kind, base string, reuse int) string {
	name := ""
	if w.chance(reuse) {
		name = w.known(kind)
	}
	if name == "" {
		tag := kind
		if kind == "x" {
			tag = ""
		}
		name = w.fresh(tag, base)
	}
	w.names[kind] = append(w.names[kind], name)
	return name
}

func (w *writer) instr(depth int) string {
	w.left--
	total := 0
	grow := w.left > 4 && depth < 12 && w.chance(75)
	usable := func(k string) bool {
		switch k {
		case "call", "ap", "apmap", "canon", "canonmap", "fail", "null", "never":
			return !grow
		case "seq", "par", "xor", "match", "fold", "new":
			return w.left > 0 && depth < 14
		case "next":
			return !grow && len(w.names["i"]) > 0
		}
		return true
	}
	for _, k := range instructions {
		if usable(k) {
			total += w.weight[k]
		}
	}
	n := w.r.IntN(total)
	for _, k := range instructions {
		if usable(k) {
			if n -= w.weight[k]; n >= 0 {
				continue
			}
			if w.chance(15) && k != "next" { // errors are caught more often than not
				return fmt.Sprintf("(xor %s %s)", w.one(k, depth+1), pick(w, "(null)", "(null)", w.instr(depth+1)))
			}
			return w.one(k, depth)
		}
	}
	return "(null)"
}

func (w *writer) one(kind string, depth int) string {
	switch kind {
	case "seq", "par", "xor":
		left := w.instr(depth + 1)
		return fmt.Sprintf("(%s %s %s)", kind, left, w.instr(depth+1))
	case "match":
		l, r := w.value(), w.value()
		word := "mismatch"
		if w.chance(50) {
			word = "match"
			if w.chance(80) {
				r = l
			}
		}
		return fmt.Sprintf("(%s %s %s %s)", word, l, r, w.instr(depth+1))
	case "fold":
		return w.fold(depth)
	case "next":
		return fmt.Sprintf("(next %s)", w.known("i"))
	case "new":
		return w.scope(depth)
	case "call":
		return w.call()
	case "ap":
		v := w.value()
		if strings.HasPrefix(v, "#%") && !strings.Contains(v, ".") {
			v = "1"
		}
		if w.chance(50) {
			return fmt.Sprintf("(ap %s %s)", v, w.target("x", "a", 3))
		}
		return fmt.Sprintf("(ap %s %s)", v, w.target("$", "s", 70))
	case "apmap":
		return w.apMap()
	case "canon":
		s := w.target("$", "s", 90)
		return fmt.Sprintf("(canon %s %s %s)", w.peer(), s, w.target("#", "cc", 10))
	case "canonmap":
		m := w.target("%", "m", 90)
		if w.chance(40) {
			return fmt.Sprintf("(canon %s %s %s)", w.peer(), m, w.target("x", "o", 3))
		}
		return fmt.Sprintf("(canon %s %s %s)", w.peer(), m, w.target("#%", "cm", 10))
	case "fail":
		return fmt.Sprintf("(fail %s)", pick(w, `1 "one"`, `-5 "minus"`, `42 "q'uo\te"`, "%last_error%", ":error:", w.scalar(), w.scalar()+".$.e", w.scalar()+".$.[2]"))
	case "never":
		return "(never)"
	}
	return "(null)"
}

// scope writes a new around an instruction.
func (w *writer) scope(depth int) string {
	kind := pick(w, "x", "$", "$", "$", "%", "%", "#", "#%")
	base := map[string]string{"x": "n", "$": "s", "%": "m", "#": "cc", "#%": "cm"}[kind]
	return fmt.Sprintf("(new %s %s)", w.target(kind, base, 75), w.instr(depth+1))
}

// fold writes a fold; its body mostly has one next, at the end of a seq or par.
func (w *writer) fold(depth int) string {
	over, streaming := w.iterable()
	i := w.fresh("", "i")
	keep := len(w.names["i"])
	w.names["i"] = append(w.names["i"], i)
	scalars := len(w.names["x"])
	w.names["x"] = append(w.names["x"], i)
	body := w.instr(depth + 1)
	next := fmt.Sprintf("(next %s)", i)
	switch {
	case strings.Contains(body, next):
	case streaming || w.chance(70):
		body = fmt.Sprintf("(%s %s %s)", pick(w, "seq", "par", "seq", "par", "xor"), body, next)
	case w.chance(10):
	default:
		body = fmt.Sprintf("(%s %s %s)", pick(w, "seq", "par", "xor"), next, body)
	}
	w.names["i"] = w.names["i"][:min(keep, len(w.names["i"]))]
	if w.chance(70) && scalars < len(w.names["x"]) {
		w.names["x"] = w.names["x"][:scalars]
	}
	last := ""
	if w.chance(40) {
		last = " " + pick(w, "(null)", "(never)", w.instr(depth+1))
	}
	return fmt.Sprintf("(fold %s %s %s%s)", over, i, body, last)
}

func (w *writer) iterable() (over string, streaming bool) {
	kind := pick(w, "x", "x", "$", "$", "$", "$", "%", "%", "#", "#", "#%")
	name := w.known(kind)
	switch {
	case kind == "[]" || name == "":
		return pick(w, "pre_arr", "pre_obj.$.l", "pre_arr.$.[2].l", "pre_arr", "pre_obj.$.l", "[]", w.scalar(), w.scalar()+".$.nope"), false
	case kind == "x":
		return pick(w, name, "pre_arr", "pre_obj.$.l", "pre_arr", name+".$.l"), false
	case kind == "#%":
		return name + pick(w, "", "", ".$.k", ".$.[7]"), false
	}
	return name, kind == "$" || kind == "%"
}

func (w *writer) scalar() string {
	if i := w.known("i"); i != "" && w.chance(35) {
		return i
	}
	if x := w.known("x"); x != "" && !w.chance(w.wild) {
		return x
	}
	return pick(w, "undefined", "pre_obj", "pre_arr")
}

// lensed writes a scalar with or without a lens.
func (w *writer) lensed() string {
	name := w.scalar()
	return name + w.lens(name)
}

// lens writes the lens behind a scalar, or none; mostly one that fits.
func (w *writer) lens(name string) string {
	switch {
	case w.chance(60):
		return ""
	case name == "pre_obj" && w.chance(85):
		return pick(w, ".$.k", ".$.l", ".$.l.[1].a", ".$.l.length", ".$.e.message", ".$.e", ".length")
	case name == "pre_arr" && w.chance(85):
		return pick(w, ".$.[0]", ".$.[1]", ".$.[2].l", ".$.[2].l.[1]!", ".$[2].error_code", ".length")
	case w.chance(70):
		return ""
	}
	return pick(w, ".$.k", ".$.l", ".$.l.[0]", ".$.l.[1].a", ".$.[0]", ".$.[1]", ".$.[2].l", ".$.[9]", ".length", ".$.l.length", ".$.nope",
		".$.["+w.scalar()+"]", ".$.error_code", ".$.message", ".$.key", ".$.value", ".$.[0].[0]!")
}

func (w *writer) value() string {
	switch w.r.IntN(12) {
	case 0:
		return pick(w, "%init_peer_id%", "%timestamp%", "%ttl%", "true", "false", "[]", "1.5", "-0.0", "1.0", "0.00001", "42", "-7", "9223372036854775807", `"k"`, `""`, `"é<&>\n"`)
	case 1:
		return "%last_error%" + pick(w, "", "", ".$.message", ".$.error_code", ".$.instruction", ".$.peer_id", ".length", ".$.nope")
	case 2:
		return ":error:" + pick(w, "", "", ".$.message", ".$.error_code", ".$.instruction", ".$.peer_id")
	case 3, 4:
		if c := w.known("#"); c != "" {
			return c + pick(w, "", "", "", ".length", ".$.[0]", ".$.[1].l", ".$.[3]", ".$.["+w.scalar()+"]", ".$.nope", ".$.[0].key")
		}
	case 5:
		if c := w.known("#%"); c != "" {
			return c + pick(w, "", "", ".length", ".$.k", ".$.k.[0]", ".$.k.[1].l", ".$.[7]", ".$.[7].[0]", ".$.nope", ".$.["+w.scalar()+"]", ".$.k.[0].l.[0]")
		}
	}
	return w.lensed()
}

func (w *writer) literalPeer() string {
	if w.chance(w.roam) {
		w.home = w.r.IntN(len(w.peers))
	}
	return fmt.Sprintf("%q", w.peers[w.home])
}

func (w *writer) peer() string {
	switch w.r.IntN(14) {
	case 0:
		return "%init_peer_id%"
	case 1:
		return "pre_peer"
	case 2:
		if w.chance(30) {
			return pick(w, w.lensed(), `"nobody"`, `""`)
		}
	}
	return w.literalPeer()
}

var functions = []string{"echo", "echo", "args", "obj", "arr", "peer", "num", "float", "err", "err2", "bad", "deep", "big", "mess", "errobj", "pairs", "str", "null"}

func (w *writer) call() string {
	args := make([]string, w.r.IntN(4))
	for i := range args {
		args[i] = w.value()
	}
	service, function := `"s"`, fmt.Sprintf("%q", functions[w.r.IntN(len(functions))])
	if w.chance(4) {
		service = w.lensed()
	}
	if w.chance(4) {
		function = w.lensed()
	}
	out := ""
	switch w.r.IntN(8) {
	case 0:
	case 1, 2, 3, 4:
		out = " " + w.target("x", "x", 2)
	default:
		out = " " + w.target("$", "s", 70)
	}
	return fmt.Sprintf("(call %s (%s %s) [%s]%s)", w.peer(), service, function, strings.Join(args, " "), out)
}

func (w *writer) apMap() string {
	key := pick(w, `"k"`, `"k"`, `"l"`, "7", "7", "-3", w.scalar(), w.lensed())
	v := w.value()
	if strings.HasPrefix(v, "#%") && !strings.Contains(v, ".") {
		v = "2"
	}
	return fmt.Sprintf("(ap (%s %s) %s)", key, v, w.target("%", "m", 75))
}
