// SPDX-License-Identifier: Apache-2.0

package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"unicode"
)

// forbiddenWords must not stand in exported names or package comments: the
// glossary has a better one for each.
var forbiddenWords = map[string]string{
	"job": "say what it is", "task": "say what it is", "actor": "say what it is", "manager": "say what it manages",
	"node": "say peer, validator or syntax node", "lambda": "say lens",
}

// spdx is the first line of every Go file.
const spdx = "// SPDX-License-Identifier: Apache-2.0\n"

// Licences reports files that do not begin with the licence line.
func Licences(files []*File) []string {
	var breaches []string
	for _, f := range files {
		if !f.Generated() && !bytes.HasPrefix(f.Text, []byte(spdx)) {
			breaches = append(breaches, f.Path+": does not begin with the SPDX line")
		}
	}
	return breaches
}

// Comments reports packages without a package comment, or with more than one.
func Comments(files []*File) []string {
	count := map[string]int{}
	for _, f := range files {
		if f.Test() || f.Generated() {
			continue
		}
		n := count[f.Dir()]
		if f.Syntax.Doc != nil {
			n++
		}
		count[f.Dir()] = n
	}
	var breaches []string
	for dir, n := range count {
		if n != 1 {
			breaches = append(breaches, fmt.Sprintf("%s: %d package comments, want 1", dir, n))
		}
	}
	slices.Sort(breaches)
	return breaches
}

// Words reports forbidden words in exported names and package comments. The
// exceptions are names "dir.Name" that follow a wire format or a third party.
func Words(files []*File, exceptions []string) []string {
	var breaches []string
	for _, f := range files {
		if f.Test() || f.Generated() {
			continue
		}
		report := func(name, text string, at ast.Node) {
			if slices.Contains(exceptions, f.Dir()+"."+name) {
				return
			}
			for _, w := range words(text) {
				if why, bad := forbiddenWords[w]; bad {
					breaches = append(breaches, fmt.Sprintf("%s: %q in %s: %s", f.line(at.Pos()), w, name, why))
				}
			}
		}
		for _, id := range exported(f.Syntax) {
			report(id.Name, id.Name, id)
		}
		if f.Syntax.Doc != nil {
			text := strings.ReplaceAll(strings.ToLower(f.Syntax.Doc.Text()), "syntax node", "")
			report("package", text, f.Syntax)
		}
	}
	return breaches
}

// exported returns the exported top-level names of a file, methods included.
func exported(f *ast.File) []*ast.Ident {
	var ids []*ast.Ident
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			ids = append(ids, d.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					ids = append(ids, s.Name)
				case *ast.ValueSpec:
					ids = append(ids, s.Names...)
				}
			}
		}
	}
	return slices.DeleteFunc(ids, func(id *ast.Ident) bool { return !id.IsExported() })
}

// words splits a CamelCase name or a text into lower-case words.
func words(s string) []string {
	var out []string
	var w []rune
	flush := func() {
		if len(w) > 0 {
			out = append(out, strings.ToLower(string(w)))
			w = w[:0]
		}
	}
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			flush()
			w = append(w, r)
		case unicode.IsLetter(r):
			w = append(w, r)
		default:
			flush()
		}
	}
	flush()
	return out
}
