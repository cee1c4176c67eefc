// SPDX-License-Identifier: Apache-2.0

package service_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
)

// shared is the library of all tests: compiling a Go guest takes seconds.
var shared = sync.OnceValues(func() (*service.Library, error) {
	e, err := engine.New(context.Background(), engine.Config{})
	if err != nil {
		return nil, err
	}
	return service.NewLibrary(e, meter.Options{}), nil
})

func library(t testing.TB) *service.Library {
	t.Helper()
	lib, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// guest returns a module of a guest, which stays compiled from its first use on.
func guest(t testing.TB, name, description string) service.ModuleConfig {
	t.Helper()
	wasm := guests.Build(t, name, description)
	if _, err := library(t).Load(t.Context(), name, wasm); err != nil {
		t.Fatal(err)
	}
	return module(name, wasm)
}

func module(name string, wasm []byte) service.ModuleConfig {
	return service.ModuleConfig{Name: name, Wasm: wasm, LoggerEnabled: true, LoggingMask: 1<<31 - 1, Binaries: map[string]effects.Binary{"cat": {Path: "/bin/cat"}}}
}

// start runs the guest all, after what edit changes.
func start(t testing.TB, edit func(*service.Config)) *service.Service {
	t.Helper()
	cfg := service.Config{ID: "svc", Modules: []service.ModuleConfig{guest(t, "all", guests.All)}}
	if edit != nil {
		edit(&cfg)
	}
	s, err := service.New(t.Context(), library(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func call(t testing.TB, s *service.Service, fn, args string) (string, error) {
	t.Helper()
	res, err := s.Call(t.Context(), service.Call{Function: fn, Args: []byte(args)})
	return string(res.JSON), err
}

func TestCalls(t *testing.T) {
	s := start(t, nil)
	for _, tt := range []struct{ fn, args, want string }{
		{"greeting", `["John <Doe>"]`, `"Hi, John <Doe>"`},
		{"greeting", `[""]`, `"Hi, "`},
		{"greeting", `{"name":"x"}`, `"Hi, x"`},
		{"next", `[]`, `1`},
		{"next", `null`, `2`},
		{"scalars", `[-128,-32768,-5,255,65535,7,1.5,0.25,true]`, `32898.75`},
		{"neg8", `[127]`, `-127`},
		{"wide", `[18446744073709551615]`, `18446744073709551615`},
		{"u32id", `[4294967295]`, `4294967295`},
		{"not", `[true]`, `false`},
		{"half", `[26.74]`, `13.369999885559082`},
		{"bytes", `[[]]`, `[227,176,196,66,152,252,28,20,154,251,244,200,153,111,185,36,39,174,65,228,100,155,147,76,164,149,153,27,120,82,184,85]`},
		{"join", `[["a","","bc"]]`, `"abc"`},
		{"join", `[[]]`, `""`},
		{"squares", `[5]`, `[0,1,4,9,16]`},
		{"squares", `[0]`, `[]`},
		{"older", `[{"name":"Ann","age":41,"tags":["a","b"]}]`, `{"name":"old Ann","age":42,"tags":["a","b"]}`},
		{"older", `[["Ann",41,[]]]`, `{"name":"old Ann","age":42,"tags":[]}`},
		{"nan", `[]`, `null`},
		{"log", `[3,"x"]`, `null`},
	} {
		got, err := call(t, s, tt.fn, tt.args)
		if err != nil || got != tt.want {
			t.Errorf("%s%s = %s, %v; want %s", tt.fn, tt.args, got, err, tt.want)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	s := start(t, nil)
	tests := []struct {
		fn, args string
		kind     error
		text     string
	}{
		{"absent", `[]`, service.ErrUnknown, "function with name `absent` is missing"},
		{"allocate", `[1,2]`, service.ErrUnknown, "function with name `allocate` is missing"},
		{"greeting", `[]`, service.ErrArguments, `arguments from json deserialization error in module "all", function "greeting": function requires 1 arguments, 0 provided`},
		{"greeting", `[1]`, service.ErrArguments, "arguments from json deserialization error in module \"all\", function \"greeting\": error Error(\"invalid type: integer `1`, expected a string\", line: 0, column: 0) occurred while deserializing function arguments"},
		{"trap", `[]`, service.ErrExecution, "engine error: Execution error: `call-core 8` failed while calling the local or import function `trap`: "},
		{"badtext", `[]`, service.ErrExecution, "engine error: Execution error: "},
		{"farptr", `[]`, service.ErrExecution, "engine error: Execution error: "},
	}
	for _, tt := range tests {
		_, err := call(t, s, tt.fn, tt.args)
		if !errors.Is(err, tt.kind) || !strings.HasPrefix(err.Error(), tt.text) {
			t.Errorf("%s%s = %v, want %v: %s", tt.fn, tt.args, err, tt.kind, tt.text)
		}
	}
	if _, err := s.Call(t.Context(), service.Call{Module: "x", Function: "f"}); err == nil || err.Error() != `module with name "x" is missing` {
		t.Errorf("unknown module: %v", err)
	}
}

// TestTrappedServiceStartsAnew states the state policy of the package comment.
func TestTrappedServiceStartsAnew(t *testing.T) {
	s := start(t, nil)
	for name, tt := range map[string]struct {
		c    service.Call
		want error
	}{
		"trap":       {service.Call{Function: "trap", Args: []byte("[]")}, engine.ErrTrap},
		"out of gas": {service.Call{Function: "spin", Args: []byte("[]"), Gas: 5e6}, engine.ErrOutOfGas},
		"exit":       {service.Call{Function: "exit", Args: []byte("[7]")}, engine.ErrExited},
	} {
		for _, want := range []string{"1", "2"} {
			if got, err := call(t, s, "next", "[]"); err != nil || got != want {
				t.Fatalf("%s: next = %s, %v; want %s", name, got, err, want)
			}
		}
		res, err := s.Call(t.Context(), tt.c)
		if !errors.Is(err, tt.want) || res.Gas == 0 || tt.c.Gas != 0 && res.Gas > tt.c.Gas {
			t.Errorf("%s: %v with gas %d, want %v", name, err, res.Gas, tt.want)
		}
	}
	if got, err := call(t, s, "next", "[]"); err != nil || got != "1" {
		t.Errorf("next = %s, %v", got, err)
	}
}

func TestDeadlineEndsACall(t *testing.T) {
	s := start(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the particle expired")
	done := make(chan error)
	go func() {
		_, err := s.Call(ctx, service.Call{Function: "spin", Args: []byte("[]"), Gas: 1e15})
		done <- err
	}()
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("Call = %v, want %v", err, why)
	}
	if got, err := call(t, s, "next", "[]"); err != nil || got != "1" {
		t.Errorf("next = %s, %v", got, err)
	}
}

func TestCallParameters(t *testing.T) {
	s := start(t, nil)
	res, err := s.Call(t.Context(), service.Call{Function: "parameters", Args: []byte("[]"), Params: service.Params{
		Particle:             service.Particle{ID: "p", InitPeerID: "i", Timestamp: 5, TTL: 6, Script: "(null)", Signature: []byte{1, 2}, Token: "t"},
		ServiceCreatorPeerID: "c", HostID: "h", WorkerID: "w", Tetraplets: [][]service.Tetraplet{{{"a", "b", "f", ".$.x"}}, {}},
	}})
	want := `{"particle":{"id":"p","init_peer_id":"i","timestamp":5,"ttl":6,"script":"(null)","signature":[1,2],"token":"t"},` +
		`"service_id":"svc","service_creator_peer_id":"c","host_id":"h","worker_id":"w",` +
		`"tetraplets":[[{"peer_pk":"a","service_id":"b","function_name":"f","lens":".$.x"}],[]]}`
	if err != nil || string(res.JSON) != want {
		t.Errorf("parameters = %s, %v\nwant %s", res.JSON, err, want)
	}
}

func TestLogsAreFiltered(t *testing.T) {
	var logs []service.Log
	s := start(t, func(c *service.Config) {
		c.Log = func(l service.Log) { logs = append(logs, l) }
		c.Modules[0].LoggingMask = 2
	})
	if _, err := call(t, s, "log", `[1,"masked"]`); err != nil || len(logs) != 0 {
		t.Errorf("%v, %v", logs, err)
	}
	if _, err := call(t, s, "flood", `[2000]`); err != nil || len(logs) != 1025 || logs[1024].Level != 2 {
		t.Errorf("%d lines, %v; want 1024 of 1 KiB and the note", len(logs), err)
	}
}

func linked(t testing.TB) *service.Service {
	return start(t, func(c *service.Config) {
		c.Modules = append(c.Modules, guest(t, "facade", guests.Facade))
	})
}

func TestModulesCallEachOther(t *testing.T) {
	s := linked(t)
	for _, tt := range []struct{ fn, args, want string }{
		{"twice", `["x"]`, `"Hi, Hi, x"`},
		{"much_older", `[{"called":"Ann","years":41,"labels":["a","bc"]}]`, `{"called":"old Ann","years":42,"labels":["a","bc"]}`},
		{"count", `[]`, `1`},
		{"far", `[18446744073709551000,-7]`, `18446744073709551007`},
		{"sum_squares", `[4]`, `14`},
		{"join2", `[["a","bc"]]`, `"abc"`},
	} {
		got, err := call(t, s, tt.fn, tt.args)
		if err != nil || got != tt.want {
			t.Errorf("%s%s = %s, %v; want %s", tt.fn, tt.args, got, err, tt.want)
		}
	}
	if _, err := call(t, s, "trap_below", "[]"); !errors.Is(err, service.ErrExecution) || strings.Contains(err.Error(), "wasm stack trace") {
		t.Errorf("trap_below = %v", err)
	}
	if got, err := call(t, s, "count", "[]"); err != nil || got != "1" {
		t.Errorf("count after a trap below = %s, %v; want 1", got, err)
	}
	if _, err := call(t, s, "greeting", `["x"]`); !errors.Is(err, service.ErrUnknown) {
		t.Errorf("a module behind the facade was called: %v", err)
	}
}

func TestServicesThatDoNotLink(t *testing.T) {
	all, facade := guest(t, "all", guests.All), guest(t, "facade", guests.Facade)
	noLog, noCat, other := all, all, all
	noLog.LoggerEnabled, noCat.Binaries, other.Name = false, nil, "other"
	tests := map[string]struct {
		modules []service.ModuleConfig
		kind    error
		text    string
	}{
		"no module":      {nil, service.ErrConfig, "a service needs at least one module"},
		"twice":          {[]service.ModuleConfig{all, all}, service.ErrConfig, "engine error: module with name 'all' already loaded into Marine, please specify another name"},
		"absent":         {[]service.ModuleConfig{other, facade}, service.ErrLoad, "engine error: module with name 'all' isn't loaded into Marine"},
		"importer first": {[]service.ModuleConfig{facade, all}, service.ErrLoad, "engine error: module with name 'all' isn't loaded into Marine"},
		"other module":   {[]service.ModuleConfig{{Name: "all", Wasm: facade.Wasm, LoggerEnabled: true}}, service.ErrLoad, "engine error: module with name 'all' isn't loaded into Marine"},
		"no logger":      {[]service.ModuleConfig{noLog}, engine.ErrImport, "engine error: Wasm backend error: unknown import: unknown import. Expected __marine_host_api_v3.log_utf8_string"},
		"no binary":      {[]service.ModuleConfig{noCat}, engine.ErrImport, "engine error: Wasm backend error: unknown import: unknown import. Expected host.cat"},
		"not a module":   {[]service.ModuleConfig{{Name: "x", Wasm: []byte("x")}}, service.ErrLoad, "engine error: malformed module: no WebAssembly header"},
		"no sections":    {[]service.ModuleConfig{{Name: "x", Wasm: []byte("\x00asm\x01\x00\x00\x00")}}, service.ErrLoad, "engine error: the module doesn't contain SDK version section"},
	}
	lib := library(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := service.New(t.Context(), lib, service.Config{Modules: tt.modules})
			if !errors.Is(err, tt.kind) || err.Error() != tt.text {
				t.Errorf("New = %v\nwant %s", err, tt.text)
			}
		})
	}
}
