// SPDX-License-Identifier: Apache-2.0

// Package gen writes the glue between plain Go functions and Marine's calling convention: the exports and imports of a
// module over the package guest, and the description of its interface.
//
// In the sources of a module,
//
//	//marine:export [name]        above a function exports it
//	//marine:import module        above an interface type imports its methods from that module
//
// Names become snake_case. Parameters are bool, sized integers and floats, string, slices and structs of the package;
// a function has at most one result.
package gen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// ErrSource is returned for sources that cannot be exported; its text has the position and the remedy.
var ErrSource = errors.New("marine source")

// Glue is the name of the file that Write makes beside the sources.
const Glue = "marine_gen.go"

type method struct {
	goName, name string
	params       []param
	result       *typ
}

type param struct {
	name string
	typ  typ
}

type imported struct {
	goName, module string
	methods        []method
}

type record struct {
	goName string
	fields []param // name is the Go name
}

type module struct {
	pkg        string
	parameters bool // the sources call guest.Parameters
	exports    []method
	imports    []imported
	records    []record
}

// loader reads the declarations of one package.
type loader struct {
	fset    *token.FileSet
	structs map[string]*ast.StructType
	taken   map[string]bool
	m       module
}

func load(dir string) (*module, error) {
	l := &loader{fset: token.NewFileSet(), structs: map[string]*ast.StructType{}, taken: map[string]bool{}}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var files []*ast.File
	for _, name := range names {
		if base := filepath.Base(name); base == Glue || strings.HasSuffix(base, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(l.fset, name, src, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSource, err)
		}
		l.m.pkg = f.Name.Name
		files = append(files, f)
		l.structsOf(f)
	}
	for _, f := range files {
		if err := l.file(f); err != nil {
			return nil, err
		}
	}
	if len(l.m.exports) == 0 {
		return nil, fmt.Errorf("%w: no function of %s is exported: write //marine:export above it", ErrSource, dir)
	}
	return &l.m, nil
}

func (l *loader) structsOf(f *ast.File) {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, s := range g.Specs {
				if t, ok := s.(*ast.TypeSpec); ok {
					if st, ok := t.Type.(*ast.StructType); ok {
						l.structs[t.Name.Name] = st
					}
				}
			}
		}
	}
}

func (l *loader) file(f *ast.File) error {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if name, ok := directive(d.Doc, "//marine:export"); ok {
				m, err := l.method(d.Name, d.Type)
				if err != nil {
					return err
				}
				if name != "" {
					m.name = name
				}
				l.m.exports = append(l.m.exports, m)
			}
		case *ast.GenDecl:
			if err := l.importOf(d); err != nil {
				return err
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Parameters" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "guest" {
				l.m.parameters = true
			}
		}
		return true
	})
	return nil
}

func (l *loader) importOf(d *ast.GenDecl) error {
	from, ok := directive(d.Doc, "//marine:import")
	if !ok {
		return nil
	}
	t, ok := d.Specs[0].(*ast.TypeSpec)
	if !ok || from == "" {
		return l.fail(d.Pos(), "write //marine:import MODULE above an interface type")
	}
	it, ok := t.Type.(*ast.InterfaceType)
	if !ok {
		return l.fail(d.Pos(), "//marine:import stands above an interface type")
	}
	in := imported{goName: t.Name.Name, module: from}
	for _, f := range it.Methods.List {
		ft, ok := f.Type.(*ast.FuncType)
		if !ok || len(f.Names) != 1 {
			return l.fail(f.Pos(), "an imported interface has methods only")
		}
		m, err := l.method(f.Names[0], ft)
		if err != nil {
			return err
		}
		in.methods = append(in.methods, m)
	}
	l.m.imports = append(l.m.imports, in)
	return nil
}

func (l *loader) method(name *ast.Ident, t *ast.FuncType) (method, error) {
	m := method{goName: name.Name, name: snake(name.Name)}
	for _, f := range t.Params.List {
		pt, err := l.typeOf(f.Type)
		if err != nil {
			return m, err
		}
		if len(f.Names) == 0 {
			return m, l.fail(f.Pos(), "name the parameter: the description needs it")
		}
		for _, n := range f.Names {
			m.params = append(m.params, param{n.Name, pt})
		}
	}
	if t.Results == nil {
		return m, nil
	}
	if len(t.Results.List) != 1 || len(t.Results.List[0].Names) > 1 {
		return m, l.fail(t.Results.Pos(), "a function has at most one result: return a struct")
	}
	rt, err := l.typeOf(t.Results.List[0].Type)
	m.result = &rt
	return m, err
}

func (l *loader) fail(at token.Pos, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrSource, l.fset.Position(at), fmt.Sprintf(format, args...))
}

// directive returns what follows a comment like //marine:export.
func directive(doc *ast.CommentGroup, prefix string) (rest string, ok bool) {
	if doc == nil {
		return "", false
	}
	for _, c := range doc.List {
		if c.Text == prefix || strings.HasPrefix(c.Text, prefix+" ") {
			return strings.TrimSpace(c.Text[len(prefix):]), true
		}
	}
	return "", false
}

// snake writes a Go name as the words of a Marine name: HTTPGet is http_get, peerID is peer_id.
func snake(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
