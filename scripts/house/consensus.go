// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
)

// Consensus reports whether a package must give the same answer on every machine.
func Consensus(dir string) bool {
	if under(dir, "proofs/capacity/randomx") || isTestOnly(dir) {
		return false
	}
	if slices.Contains([]string{"simulation", "kit"}, base(dir)) {
		return false
	}
	return under(dir, "x") || under(dir, "proofs") || under(dir, "peer/air")
}

func base(dir string) string {
	for i := len(dir) - 1; i >= 0; i-- {
		if dir[i] == '/' {
			return dir[i+1:]
		}
	}
	return dir
}

// forbiddenImports give clocks, randomness, files or networks.
var forbiddenImports = []string{"math/rand", "math/rand/v2", "crypto/rand", "os", "net", "net/http", "unsafe", "runtime"}

// Determinism reports clocks, randomness, goroutines and floats in consensus
// code. Floats are allowed where AIR's documented number rules ask for them.
func Determinism(files []*File) []string {
	var breaches []string
	for _, f := range files {
		if f.Test() || f.Generated() || !Consensus(f.Dir()) {
			continue
		}
		for _, spec := range f.imports() {
			if p, _ := strconv.Unquote(spec.Path.Value); slices.Contains(forbiddenImports, p) {
				breaches = append(breaches, fmt.Sprintf("%s: imports %s", f.line(spec.Pos()), p))
			}
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if what := unsteady(n, f.Dir()); what != "" {
				breaches = append(breaches, fmt.Sprintf("%s: %s", f.line(n.Pos()), what))
			}
			return true
		})
	}
	return breaches
}

func unsteady(n ast.Node, dir string) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "starts a goroutine"
	case *ast.SelectStmt:
		return "selects between channels"
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick"}, n.Sel.Name) {
			return "reads the clock: use block time"
		}
	case *ast.Ident:
		if (n.Name == "float64" || n.Name == "float32") && !slices.Contains([]string{"peer/air/value", "peer/air/ast"}, dir) {
			return "uses " + n.Name
		}
	}
	return ""
}
