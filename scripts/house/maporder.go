// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// MapOrder reports loops over maps in typed syntax, other than those whose line,
// or the line before, says why the order has no effect in a comment that begins
// with "order:".
func MapOrder(set *token.FileSet, files []*ast.File, info *types.Info) []string {
	var breaches []string
	for _, f := range files {
		name := set.Position(f.Package).Filename
		if strings.HasSuffix(name, "_test.go") || ast.IsGenerated(f) {
			continue
		}
		said := reasons(set, f)
		ast.Inspect(f, func(n ast.Node) bool {
			r, ok := n.(*ast.RangeStmt)
			if !ok {
				return true
			}
			t := info.TypeOf(r.X)
			if t == nil {
				return true
			}
			if _, isMap := t.Underlying().(*types.Map); isMap {
				if line := set.Position(r.Pos()).Line; !said[line] && !said[line-1] {
					breaches = append(breaches, fmt.Sprintf("%s:%d: ranges over a map: sort the keys, or say in a comment \"order: …\" why it has no effect", name, line))
				}
			}
			return true
		})
	}
	return breaches
}

// reasons returns the lines that carry an "order:" comment.
func reasons(set *token.FileSet, f *ast.File) map[int]bool {
	said := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(c.Text, "//")), "order:") {
				said[set.Position(c.End()).Line] = true
			}
		}
	}
	return said
}
