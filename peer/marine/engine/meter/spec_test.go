// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// The WebAssembly specification's own test modules are part of wazero's module.
// They run here on four machines in step: as they are; metered; metered with
// canonical NaN, compiled; and the same interpreted. The first two must agree, and
// the last two in results and gas; NaN bits apart, all four.

var errStack = errors.New("stack used up")

// machine is one of the four.
type machine struct {
	metered bool
	opt     meter.Options
	rt      wazero.Runtime
	cur     api.Module
	named   map[string]api.Module
	all     []api.Module
	granted int64
}

func newMachine(t *testing.T, metered, canonical, compiled bool, lib string) *machine {
	t.Helper()
	cfg := wazero.NewRuntimeConfigInterpreter()
	if compiled {
		cfg = wazero.NewRuntimeConfigCompiler()
	}
	m := &machine{metered: metered, opt: meter.Options{CanonicalNaN: canonical}, rt: wazero.NewRuntimeWithConfig(t.Context(), cfg), named: map[string]api.Module{}}
	t.Cleanup(func() { _ = m.rt.Close(context.WithoutCancel(t.Context())) })
	const slice = 1 << 40
	yield := func(_ context.Context, stack []uint64) {
		if int64(stack[0]) == meter.StackOverflow {
			panic(errStack)
		}
		stack[0] += slice
		m.granted += slice
	}
	if _, err := m.rt.NewHostModuleBuilder(meter.Module).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(yield), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export(meter.Yield).Instantiate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.rt.InstantiateWithConfig(t.Context(), b, wazero.NewModuleConfig().WithName("spectest")); err != nil {
		t.Fatal(err)
	}
	return m
}

// load instantiates a module; metering refusals are told apart from the engine's.
func (m *machine) load(ctx context.Context, wasm []byte, name string) (err error) {
	if m.metered {
		if wasm, err = meter.Rewrite(wasm, wasmbin.Limits{}, m.opt); err != nil {
			return err
		}
	}
	mod, err := m.rt.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithName(name).WithStartFunctions())
	if err != nil {
		return err
	}
	m.cur = mod
	m.all = append(m.all, mod)
	return nil
}

// gas returns what all instances have used so far.
func (m *machine) gas() int64 {
	used := m.granted
	for _, mod := range m.all {
		if g := mod.ExportedGlobal(meter.GasGlobal); g != nil {
			used -= int64(g.Get())
		}
	}
	return used
}

// call runs an exported function; after a trap the stack is whole again.
func (m *machine) call(ctx context.Context, module, field string, args []uint64) (res []uint64, err error) {
	mod := m.cur
	if module != "" {
		mod = m.named[module]
	}
	fn := mod.ExportedFunction(field)
	if fn == nil {
		return nil, fmt.Errorf("no function %s", field)
	}
	res, err = fn.Call(ctx, args...)
	for i := range res { // the upper half of 32-bit results is not defined
		if t := fn.Definition().ResultTypes()[i]; t == api.ValueTypeI32 || t == api.ValueTypeF32 {
			res[i] &= math.MaxUint32
		}
	}
	if err != nil && m.metered {
		for _, each := range m.all {
			if g, ok := each.ExportedGlobal(meter.StackGlobal).(api.MutableGlobal); ok {
				g.Set(meter.StackUnits)
			}
		}
	}
	return res, err
}

type command struct {
	Type     string `json:"type"`
	Line     int    `json:"line"`
	Name     string `json:"name"`
	Filename string `json:"filename"`
	As       string `json:"as"`
	Action   struct {
		Type   string `json:"type"`
		Module string `json:"module"`
		Field  string `json:"field"`
		Args   []struct {
			Type  string `json:"type"`
			Value any    `json:"value"`
		} `json:"args"`
	} `json:"action"`
}

func (c *command) args() []uint64 {
	var out []uint64
	for _, a := range c.Action.Args {
		s, _ := a.Value.(string)
		var n uint64
		switch {
		case s == "null" || s == "":
		case strings.Contains(s, "nan") && a.Type == "f32":
			n = uint64(math.Float32bits(float32(math.NaN())))
		case strings.Contains(s, "nan"):
			n = math.Float64bits(math.NaN())
		case strings.HasPrefix(s, "-"):
			v, _ := strconv.ParseInt(s, 10, 64)
			if n = uint64(v); strings.Contains(a.Type, "32") {
				n = uint64(uint32(v))
			}
		default:
			n, _ = strconv.ParseUint(s, 10, 64)
			if a.Type == "externref" {
				n++
			}
		}
		out = append(out, n)
	}
	return out
}

func specFolder(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest")
}

func TestSpecificationRunsTheSameMetered(t *testing.T) {
	folder := specFolder(t)
	scripts, err := filepath.Glob(filepath.Join(folder, "v2/testdata/*.json"))
	if err != nil || len(scripts) < 80 {
		t.Fatalf("%d scripts in %s: %v", len(scripts), folder, err)
	}
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".json")
		if strings.HasPrefix(name, "simd_") {
			continue // their values do not fit the runner; avm.wasm runs SIMD under the oracle tag
		}
		t.Run(name, func(t *testing.T) { runScript(t, script, filepath.Join(folder, "testdata/spectest.wasm")) })
	}
}

func runScript(t *testing.T, script, lib string) {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Commands []command `json:"commands"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	four := []*machine{
		newMachine(t, false, false, true, lib), newMachine(t, true, false, true, lib),
		newMachine(t, true, true, true, lib), newMachine(t, true, true, false, lib),
	}
	for i, c := range doc.Commands {
		switch c.Type {
		case "module", "assert_uninstantiable", "assert_unlinkable":
			if filepath.Ext(c.Filename) != ".wasm" {
				continue
			}
			wasm, err := os.ReadFile(filepath.Join(filepath.Dir(script), c.Filename))
			if err != nil {
				t.Fatal(err)
			}
			as := ""
			if next := i + 1; next < len(doc.Commands) && doc.Commands[next].Type == "register" {
				as = doc.Commands[next].As
			}
			load(t, four, &c, wasm, as)
		case "action", "assert_return", "assert_trap", "assert_exhaustion":
			if c.Action.Type == "invoke" {
				invoke(t, four, &c)
			}
		}
	}
}

// load instantiates a module on all four machines, or on none.
func load(t *testing.T, four []*machine, c *command, wasm []byte, as string) {
	t.Helper()
	var errs [4]error
	for i, m := range four {
		if errs[i] = m.load(t.Context(), wasm, as); errs[i] == nil && c.Name != "" {
			m.named[c.Name] = m.cur
		}
	}
	for i, err := range errs {
		if (err == nil) != (errs[0] == nil) {
			t.Errorf("line %d: %s on machine %d: %v; plain %v", c.Line, c.Filename, i, err, errs[0])
		}
	}
	if c.Type == "module" && errs[0] != nil {
		t.Errorf("line %d: %s: %v", c.Line, c.Filename, errs[0])
	}
}

func invoke(t *testing.T, four []*machine, c *command) {
	t.Helper()
	var res [4][]uint64
	var errs [4]error
	var gas [4]int64
	for i, m := range four {
		before := m.gas()
		res[i], errs[i] = m.call(t.Context(), c.Action.Module, c.Action.Field, c.args())
		gas[i] = m.gas() - before
	}
	if c.Type == "assert_exhaustion" { // where the plain stack ends is the engine's choice
		for i, err := range errs {
			if err == nil {
				t.Errorf("line %d: machine %d does not run out of stack", c.Line, i)
			}
		}
		return
	}
	for i := 1; i < 4; i++ {
		same := fmt.Sprint(res[i]) == fmt.Sprint(res[0])
		if i > 1 { // NaN bits may differ between plain and canonical
			same = same || nan(res[0]) && len(res[0]) == len(res[i])
		}
		if !same || (errs[i] == nil) != (errs[0] == nil) || (errs[0] != nil && first(errs[i]) != first(errs[0])) {
			t.Errorf("line %d: %s%v on machine %d: %v, %v; plain %v, %v", c.Line, c.Action.Field, c.args(), i, res[i], errs[i], res[0], errs[0])
		}
	}
	if fmt.Sprint(res[2]) != fmt.Sprint(res[3]) || gas[2] != gas[3] {
		t.Errorf("line %d: %s%v: compiled %v for %d gas, interpreted %v for %d", c.Line, c.Action.Field, c.args(), res[2], gas[2], res[3], gas[3])
	}
	if gas[1] < 0 {
		t.Errorf("line %d: gas %d", c.Line, gas[1])
	}
}

// nan reports whether a result may be a NaN of either width.
func nan(res []uint64) bool {
	for _, r := range res {
		if math.IsNaN(math.Float64frombits(r)) || math.IsNaN(float64(math.Float32frombits(uint32(r)))) {
			return true
		}
	}
	return false
}

// first returns the first line of an error, without the trace.
func first(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}
