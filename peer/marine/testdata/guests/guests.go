// SPDX-License-Identifier: Apache-2.0

// Package guests builds the Marine modules that tests run, from the Go programs
// below it and the descriptions of their interfaces.
package guests

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// All describes the guest all.
const All = `
record Person { name: string, age: u8, tags: []string }
record CallParameters { particle: ParticleParameters, service_id: string, service_creator_peer_id: string, host_id: string, worker_id: string, tetraplets: [][]SecurityTetraplet }
record ParticleParameters { id: string, init_peer_id: string, timestamp: u64, ttl: u32, script: string, signature: []u8, token: string }
record SecurityTetraplet { peer_pk: string, service_id: string, function_name: string, lens: string }
record MountedBinaryResult { ret_code: i32, error: string, stdout: []u8, stderr: []u8 }
greeting(name: string) -> string
next() -> u64
trap()
spin()
scalars(a: i8, b: i16, c: i64, d: u8, e: u16, f: u64, g: f32, h: f64, i: bool) -> f64
neg8(a: i8) -> i8
wide(a: u64) -> u64
u32id(a: u32) -> u32
not(a: bool) -> bool
half(a: f32) -> f32
bytes(b: []u8) -> []u8
join(list: []string) -> string
squares(n: u32) -> []u64
older(p: Person) -> Person
log(level: i32, text: string)
flood(n: u32)
parameters() -> CallParameters
run_cat(args: []string) -> MountedBinaryResult
now() -> i64
random() -> []u8
env(name: string) -> string
write(path: string, data: []u8) -> string
read(path: string) -> string
remove(path: string) -> string
list(path: string) -> string
link(how: u32, from: string, to: string) -> string
sleep(ms: u32)
exit(code: i32)
badtext() -> string
farptr() -> []u8
nan() -> f64
fib(n: u32) -> u64
hash(rounds: u32) -> []u8
matrix(n: u32) -> f64
`

// Facade describes the guest facade, which imports from the guest all.
const Facade = `
record Human { called: string, years: u8, labels: []string }
import all greeting(name: string) -> string
import all older(p: Human) -> Human
import all next() -> u64
import all trap()
import all wide(a: u64) -> u64
import all neg8(a: i8) -> i8
import all squares(n: u32) -> []u64
import all join(list: []string) -> string
twice(name: string) -> string
much_older(p: Human) -> Human
count() -> u64
trap_below()
far(a: u64, b: i8) -> u64
sum_squares(n: u32) -> u64
join2(list: []string) -> string
`

var build sync.Mutex // guards built
var built = map[string][]byte{}

// Build returns a guest with its interface types. A guest is built once in a test binary.
func Build(t testing.TB, name, description string) []byte {
	t.Helper()
	d, err := it.ParseText(description)
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := it.Embed(Core(t, name), d, wasmbin.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// Core returns a guest as the Go toolchain builds it.
func Core(t testing.TB, name string) []byte {
	t.Helper()
	build.Lock()
	defer build.Unlock()
	if b, ok := built[name]; ok {
		return b
	}
	_, file, _, _ := runtime.Caller(0)
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, "./"+name)
	cmd.Dir = filepath.Dir(file)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build guest %s: %v\n%s", name, err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	built[name] = b
	return b
}
