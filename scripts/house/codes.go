// SPDX-License-Identifier: Apache-2.0

package house

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// Codes lists the registered errors of chain modules, "x/epoch/types 2 ErrX
// "text"", sorted by module and code. They are seen by clients: once released,
// a code keeps its meaning.
func Codes(files []*File) []string {
	var codes []string
	for _, f := range files {
		if f.Test() || !under(f.Dir(), "x") {
			continue
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			call, ok := spec.Values[0].(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Register" {
				code, _ := call.Args[1].(*ast.BasicLit)
				text, _ := call.Args[2].(*ast.BasicLit)
				if code != nil && text != nil {
					codes = append(codes, fmt.Sprintf("%s %4s %s %s", f.Dir(), code.Value, spec.Names[0].Name, text.Value))
				}
			}
			return true
		})
	}
	slices.Sort(codes)
	return codes
}

// CodeBreaches reports codes used twice in one module.
func CodeBreaches(codes []string) []string {
	var breaches []string
	for i := 1; i < len(codes); i++ {
		a, b := strings.Fields(codes[i-1]), strings.Fields(codes[i])
		if a[0] == b[0] && a[1] == b[1] {
			breaches = append(breaches, fmt.Sprintf("%s: code %s registered twice: %s and %s", a[0], a[1], a[2], b[2]))
		}
	}
	return breaches
}
