// SPDX-License-Identifier: Apache-2.0

package house_test

import (
	"flag"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/go/packages"

	"github.com/go-fluence/fluence/scripts/house"
)

var update = flag.Bool("update", false, "rewrite testdata/codes.golden")

// root is the root of the tree.
const root = "../.."

// wordExceptions are names that follow a wire format or a third party.
var wordExceptions = []string{
	"app.SimulationManager", "app.RegisterNodeService", // asked for by the SDK's server
}

func tree(t *testing.T) []*house.File {
	t.Helper()
	files, err := house.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("%d files: this is not the tree", len(files))
	}
	return files
}

func none(t *testing.T, breaches []string) {
	t.Helper()
	for _, b := range breaches {
		t.Error(b)
	}
}

func TestImportsGoDownwards(t *testing.T)       { none(t, house.Imports(tree(t))) }
func TestConsensusIsDeterministic(t *testing.T) { none(t, house.Determinism(tree(t))) }
func TestFilesCarryTheLicence(t *testing.T)     { none(t, house.Licences(tree(t))) }
func TestPackagesHaveOneComment(t *testing.T)   { none(t, house.Comments(tree(t))) }
func TestNamesUseTheGlossary(t *testing.T)      { none(t, house.Words(tree(t), wordExceptions)) }
func TestWeStandOnWhatWeName(t *testing.T)      { none(t, house.Missing(tree(t))) }

func TestConsensusRangesOverNoMap(t *testing.T) {
	cfg := &packages.Config{Dir: root, Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports}
	pkgs, err := packages.Load(cfg, "./x/...", "./proofs/...", "./peer/air/...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		for _, e := range p.Errors {
			t.Error(e)
		}
		if house.Consensus(strings.TrimPrefix(p.PkgPath, house.Module+"/")) {
			none(t, house.MapOrder(p.Fset, p.Syntax, p.TypesInfo))
		}
	}
}

func TestErrorCodesAreFrozen(t *testing.T) {
	codes := house.Codes(tree(t))
	none(t, house.CodeBreaches(codes))
	got, file := strings.Join(codes, "\n")+"\n", "testdata/codes.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("registered errors differ from %s; new codes are added with -update, old ones never change\ngot:\n%s", file, got)
	}
}

// TestBreachesAreFound plants one breach of each rule.
func TestBreachesAreFound(t *testing.T) {
	const head = "// SPDX-License-Identifier: Apache-2.0\n\n// Package p is planted.\npackage p\n"
	imp := func(p string) string { return head + "import _ \"" + p + "\"\n" }
	ours := func(p string) string { return imp(house.Module + "/" + p) }
	tests := map[string]struct {
		rule func([]*house.File) []string
		path string
		text string
	}{
		"proofs import a module":            {house.Imports, "proofs/capacity/a.go", ours("x/epoch/types")},
		"a module imports a keeper":         {house.Imports, "x/deal/keeper/a.go", ours("x/epoch/keeper")},
		"a module imports the peer":         {house.Imports, "x/deal/keeper/a.go", ours("peer/chain")},
		"a module imports RandomX":          {house.Imports, "x/capacity/keeper/a.go", ours("proofs/capacity/randomx")},
		"the peer imports chain types":      {house.Imports, "peer/pipeline/a.go", ours("x/epoch/types")},
		"the store imports the pipeline":    {house.Imports, "peer/store/a.go", ours("peer/pipeline")},
		"the interpreter imports particles": {house.Imports, "peer/air/exec/a.go", ours("peer/particle")},
		"the parser imports the executor":   {house.Imports, "peer/air/parse/a.go", ours("peer/air/exec")},
		"a peer package without a place":    {house.Imports, "peer/gossip/a.go", ours("peer/air")},
		"contracts import the application":  {house.Imports, "contracts/a.go", ours("app")},
		"the application imports the peer":  {house.Imports, "app/a.go", ours("peer")},
		"a script imports the application":  {house.Imports, "scripts/x/a.go", ours("app")},
		"a new top-level folder":            {house.Imports, "pkg/a.go", ours("proofs")},
		"a test kit in the program":         {house.Imports, "x/epoch/keeper/a.go", ours("x/internal/kit")},
		"a peer test links the application": {house.Imports, "peer/a_test.go", ours("app")},
		"a keeper reads the clock":          {house.Determinism, "x/deal/keeper/a.go", head + "import \"time\"\nvar T = time.Now()\n"},
		"a keeper draws lots":               {house.Determinism, "x/deal/keeper/a.go", imp("math/rand/v2")},
		"a proof reads a file":              {house.Determinism, "proofs/trust/a.go", imp("os")},
		"the interpreter starts goroutines": {house.Determinism, "peer/air/exec/a.go", head + "func F() { go F() }\n"},
		"a keeper uses floats":              {house.Determinism, "x/deal/keeper/a.go", head + "var X float64\n"},
		"a file without licence":            {house.Licences, "x/a.go", "package p\n"},
		"a package without comment":         {house.Comments, "x/a.go", "package p\n"},
		"a forbidden word in a name":        {func(f []*house.File) []string { return house.Words(f, nil) }, "x/a.go", head + "type JobRunner int\n"},
		"a forbidden word in the comment":   {func(f []*house.File) []string { return house.Words(f, nil) }, "x/a.go", "// Package p keeps tasks, one task at a time.\npackage p\n"},
		"a code used twice": {
			func(f []*house.File) []string { return house.CodeBreaches(house.Codes(f)) }, "x/deal/types/errors.go",
			head + "import \"cosmossdk.io/errors\"\nvar (\nA = errors.Register(\"deal\", 2, \"a\")\nB = errors.Register(\"deal\", 2, \"b\")\n)\n",
		},
		"wazero imported nowhere": {house.Missing, "x/a.go", head},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files, err := house.Load(fstest.MapFS{tt.path: {Data: []byte(tt.text)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.rule(files); len(got) == 0 {
				t.Errorf("no breach found in %s:\n%s", tt.path, tt.text)
			}
		})
	}
}

func TestMapOrderIsFound(t *testing.T) {
	const text = "package p\nfunc f(m map[int]int) (n int) {\n\tfor _, v := range m {\n\t\tn = v\n\t}\n\t// order: a sum\n\tfor _, v := range m {\n\t\tn += v\n\t}\n\treturn n\n}\n"
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "p.go", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if _, err := (&types.Config{Importer: importer.Default()}).Check("p", set, []*ast.File{f}, info); err != nil {
		t.Fatal(err)
	}
	got := house.MapOrder(set, []*ast.File{f}, info)
	if len(got) != 1 || !strings.HasPrefix(got[0], "p.go:3:") {
		t.Errorf("MapOrder = %q, want the loop of line 3 only", got)
	}
}
