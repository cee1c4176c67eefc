// SPDX-License-Identifier: Apache-2.0

// Package house holds the rules of the source tree that no linter knows: who may
// import whom, what consensus code must not do, which words names must not use.
// It reads source text only. The rules are those of docs/house.md; the tests of
// this package run them over the tree and over planted breaches.
package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Module is the import path of the tree.
const Module = "github.com/go-fluence/fluence"

// File is one parsed Go file of the tree.
type File struct {
	Path      string // relative to the root, with slashes
	Text      []byte
	Syntax    *ast.File
	Positions *token.FileSet
}

// Dir returns the folder of the file, relative to the root.
func (f *File) Dir() string { return path.Dir(f.Path) }

// Test reports whether only tests compile the file.
func (f *File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Generated reports whether a generator wrote the file.
func (f *File) Generated() bool { return ast.IsGenerated(f.Syntax) }

// line returns "path:line" of a position in the file.
func (f *File) line(p token.Pos) string {
	return fmt.Sprintf("%s:%d", f.Path, f.Positions.Position(p).Line)
}

// imports returns the import paths of the file with their positions, in order.
func (f *File) imports() []*ast.ImportSpec { return f.Syntax.Imports }

// Load parses all Go files under root. Folders with a go.mod of their own,
// testdata, node_modules, build and dot folders are left out.
//
// Errors: those of fsys and of the parser.
func Load(root fs.FS) ([]*File, error) {
	var files []*File
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(root, p, d.Name())
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, p, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, &File{Path: p, Text: text, Syntax: syntax, Positions: set})
		return nil
	})
	return files, err
}

// skip returns fs.SkipDir for folders that are not part of the tree.
func skip(root fs.FS, p, name string) error {
	if p == "." {
		return nil
	}
	if strings.HasPrefix(name, ".") || slices.Contains([]string{"testdata", "node_modules", "build"}, name) {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(p, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// under reports whether dir is folder or below it.
func under(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

// own returns the folder of an import path of this module.
func own(importPath string) (string, bool) {
	rest, ok := strings.CutPrefix(importPath, Module)
	if !ok || (rest != "" && rest[0] != '/') {
		return "", false
	}
	return strings.TrimPrefix(rest, "/"), true
}
