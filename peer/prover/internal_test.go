// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// machine is one of a given size.
type machine struct {
	available  uint64
	item       time.Duration
	processors int
}

func (m machine) Available() uint64                  { return m.available }
func (m machine) Build(randomx.Params) time.Duration { return m.item }
func (m machine) Processors() int                    { return m.processors }

func TestFastModeOnlyWhereItFitsAndPays(t *testing.T) {
	big := machine{available: 64 << 30, item: 2400 * time.Nanosecond, processors: 16}
	with := func(edit func(*machine)) machine { m := big; edit(&m); return m }
	day := 24 * time.Hour
	tests := map[string]struct {
		mode  Mode
		units int
		epoch time.Duration
		on    machine
		fast  bool
		why   string
	}{
		"a day, a big machine":     {Auto, 14, day, big, true, "are free"},
		"a day, one unit too many": {Auto, 16, day, big, false, "needs 66"},
		"memory unknown":           {Auto, 1, day, with(func(m *machine) { m.available = 0 }), false, "0 MiB are free"},
		"fifteen seconds":          {Auto, 1, 15 * time.Second, big, false, "more than a tenth"},
		"one processor":            {Auto, 1, time.Hour, with(func(m *machine) { m.processors = 1 }), true, "2m42s"},
		"one processor, two units": {Auto, 2, 50 * time.Minute, with(func(m *machine) { m.processors = 1 }), false, "more than a tenth"},
		"no processor known":       {Auto, 1, time.Hour, with(func(m *machine) { m.processors = 0 }), true, "2m42s"},
		"nothing to prove":         {Auto, 0, day, big, false, "no unit proves"},
		"light by configuration":   {Light, 1, day, big, false, "configured"},
		"fast by configuration":    {Fast, 100, time.Second, with(func(m *machine) { m.available = 1 }), true, "configured"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fast, why := decide(tt.mode, randomx.Fluence(), tt.units, tt.epoch, tt.on)
			if fast != tt.fast || !strings.Contains(why, tt.why) {
				t.Errorf("decide = %t, %q; want %t and %q", fast, why, tt.fast, tt.why)
			}
		})
	}
}

func TestThisMachineIsMeasured(t *testing.T) {
	m := ThisMachine{}
	if m.Processors() < 1 || m.Build(randomx.Fluence()) <= m.Build(randomx.Stock()) {
		t.Errorf("%d processors, %s and %s for an item", m.Processors(), m.Build(randomx.Fluence()), m.Build(randomx.Stock()))
	}
	if n := m.Available(); n > 1<<50 {
		t.Errorf("%d bytes available", n)
	}
}

func sample() record {
	return record{epoch: 7, unit: [32]byte{1}, nonce: [32]byte{2}, proofs: []proof{
		{[32]byte{3}, [32]byte{4}, found}, {[32]byte{5}, [32]byte{6}, sent}, {[32]byte{7}, [32]byte{8}, refused},
	}}
}

func TestRecordsComeBack(t *testing.T) {
	text, err := sample().encode()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := decodeRecord(text); err != nil || !reflect.DeepEqual(r, sample()) {
		t.Errorf("decodeRecord = %+v, %v", r, err)
	}
	if e, ok := recordEpoch(recordName(7, [32]byte{1})); !ok || e != 7 {
		t.Errorf("recordEpoch = %d, %t", e, ok)
	}
	for _, name := range []string{"", "7", "x-00", "-00"} {
		if e, ok := recordEpoch(name); ok {
			t.Errorf("recordEpoch(%q) = %d", name, e)
		}
	}
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	text, err := sample().encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty":        "",
		"cut short":    string(text[:len(text)/2]),
		"short nonce":  strings.Replace(string(text), `"nonce":"02`, `"nonce":"`, 1),
		"unknown fate": strings.Replace(string(text), `"sent"`, `"lost"`, 1),
		"unknown key":  strings.Replace(string(text), `"epoch"`, `"epochs"`, 1),
		"too many":     `{"proofs":[` + strings.Repeat(`{},`, maxProofs) + `{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decodeRecord([]byte(bad)); !errors.Is(err, errRecord) {
				t.Errorf("decodeRecord = %v, want %v", err, errRecord)
			}
		})
	}
}

func FuzzDecodeRecord(f *testing.F) {
	text, err := sample().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"epoch":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decodeRecord(text)
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeRecord(again); err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("%+v became %+v, %v", r, back, err)
		}
	})
}
