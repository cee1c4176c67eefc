// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// spellAqua are Aqua programs over the unmodified interfaces of @fluencelabs/spell.
const spellAqua = "aqua/spells.aqua"

func (d *driver) spell(t testing.TB, fn string, out any, args ...any) {
	t.Helper()
	d.do(t, "call", object{"name": "owner", "file": spellAqua, "fn": fn, "args": args}, out)
}

// every is a trigger config as Aqua declares it.
func every(sec int) object {
	start := 0
	if sec > 0 {
		start = 1
	}
	return object{
		"clock":       object{"start_sec": start, "end_sec": 0, "period_sec": sec},
		"connections": object{"connect": false, "disconnect": false},
		"blockchain":  object{"start_block": 0, "end_block": 0},
	}
}

// spellScripts are the scripts that the official compiler makes of spellAqua.
func (d *driver) spellScripts(t testing.TB) map[string]string {
	t.Helper()
	var made struct {
		Scripts map[string]string `json:"scripts"`
	}
	d.do(t, "compile", object{"file": spellAqua}, &made)
	return made.Scripts
}

type textValue struct {
	Value   string
	Success bool
	Error   string
	Absent  bool
}

// TestSpellsOfTheOfficialPackage installs spells whose scripts the official
// compiler made, lets them run, and reads all of their state through the official
// interface.
func TestSpellsOfTheOfficialPackage(t *testing.T) {
	r := startPeer(t, t.TempDir(), nil)
	d := startDriver(t)
	d.manage(t, "owner", r)
	d.create(t, "stranger", r)
	scripts := d.spellScripts(t)

	var id string
	d.spell(t, "install", &id, scripts["tick"], 5, every(1), "counter")
	value := func() string {
		var v textValue
		d.spell(t, "text", &v, "counter", "n")
		return v.Value
	}
	eventually(t, "the spell to count twice", 20*time.Second, func() bool { v := value(); return v != "5" && v != "6" })

	var ids []string
	if d.spell(t, "list", &ids); len(ids) != 1 || ids[0] != id {
		t.Errorf("list = %v, want %s", ids, id)
	}
	d.spell(t, "update", nil, id, every(0))
	t.Run("diary", func(t *testing.T) { d.diary(t, scripts["diary"]) })
	t.Run("state", func(t *testing.T) { d.spellState(t, id, scripts["tick"]) })
	t.Run("strangers", func(t *testing.T) { d.spellStrangers(t, id, scripts["tick"]) })

	d.spell(t, "remove", nil, "counter")
	if d.spell(t, "list", &ids); len(ids) != 1 {
		t.Errorf("list after removal = %v, want the diary only", ids)
	}
}

// diary runs a spell that writes lists, logs, errors and reads its mail.
func (d *driver) diary(t *testing.T, script string) {
	var id string
	d.spell(t, "install", &id, script, 0, every(0), "diary")
	var done struct{ Success bool }
	if d.spell(t, "push_mail", &done, "diary", "dear diary"); !done.Success {
		t.Error("push_mailbox by the owner failed")
	}
	d.spell(t, "update", nil, id, every(1))
	type logs struct {
		Logs []struct {
			Timestamp uint64
			Message   string
		}
	}
	var l logs
	eventually(t, "three logs", 20*time.Second, func() bool { d.spell(t, "logs", &l, "diary"); return len(l.Logs) >= 3 })
	got := fmt.Sprint(l.Logs[0].Message, ", ", l.Logs[1].Message, ", ", l.Logs[2].Message)
	if got != "two, by the clock, dear diary" {
		t.Errorf("logs = %s", got)
	}
	d.spell(t, "update", nil, id, every(0))
	var list struct{ Value []string }
	if d.spell(t, "strings", &list, "diary", "pages"); len(list.Value) == 0 || list.Value[0] != "one" {
		t.Errorf("list = %v, want one", list.Value)
	}
	var errs struct {
		Particles []struct {
			ID     string `json:"particle_id"`
			Errors []struct {
				Last struct{ Message string } `json:"last_error"`
				Idx  int                      `json:"error_idx"`
			}
		} `json:"particle_errors"`
	}
	d.spell(t, "all_errors", &errs, "diary")
	if len(errs.Particles) == 0 || errs.Particles[0].Errors[0].Last.Message != "on purpose" || errs.Particles[0].Errors[0].Idx != 1 {
		t.Fatalf("errors = %+v", errs)
	}
	var one []json.RawMessage
	if d.spell(t, "errors", &one, "diary", errs.Particles[0].ID); len(one) != 1 {
		t.Errorf("errors of a particle = %s, want one", one)
	}
}

// spellState reads what is not read elsewhere; the client checks every shape.
func (d *driver) spellState(t *testing.T, id, script string) {
	var v textValue
	if d.spell(t, "script", &v, id); v.Value != script {
		t.Errorf("script = %.60s…", v.Value)
	}
	root, err := dag.Root([]byte(script))
	if err != nil {
		t.Fatal(err)
	}
	if d.spell(t, "cid", &v, id); v.Value != root.String() {
		t.Errorf("script_cid = %s, want %s", v.Value, root)
	}
	var n struct {
		Value  uint32
		Absent bool
	}
	if d.spell(t, "number", &n, id, "hw_counter"); n.Value < 2 || n.Absent {
		t.Errorf("hw_counter = %+v, want 2 or more", n)
	}
	if d.spell(t, "number", &n, id, "nothing"); !n.Absent {
		t.Errorf("absent number = %+v", n)
	}
	var yes struct{ Value bool }
	if d.spell(t, "exists", &yes, id, "n"); !yes.Value {
		t.Error("n does not exist")
	}
	var config struct {
		Config struct {
			Clock struct {
				Period int `json:"period_sec"`
			}
		}
	}
	if d.spell(t, "trigger", &config, id); config.Config.Clock.Period != 0 {
		t.Errorf("trigger = %+v, want it off", config)
	}
	var done struct {
		Success bool
		Error   string
	}
	if d.spell(t, "set_trigger", &done, id, every(3600)); !done.Success {
		t.Errorf("set_trigger_config by the owner: %s", done.Error)
	}
	if d.spell(t, "set_script", &done, id, "(null)"); !done.Success {
		t.Errorf("set_script by the owner: %s", done.Error)
	}
	if d.spell(t, "set_script", &done, id, "(nonsense"); done.Success {
		t.Error("a script that does not parse was set")
	}
	var box struct {
		Messages []struct {
			From string `json:"init_peer_id"`
		}
	}
	d.spell(t, "push_mail", &done, id, "hello")
	if d.spell(t, "mailbox", &box, id); len(box.Messages) != 1 || box.Messages[0].From == "" {
		t.Errorf("mailbox = %+v", box)
	}
}

// spellStrangers tries what only the spell itself or the owner may do.
func (d *driver) spellStrangers(t *testing.T, id, script string) {
	refused := func(fn string, args ...any) {
		t.Helper()
		raw, err := d.try("call", object{"name": "stranger", "file": spellAqua, "fn": fn, "args": append([]any{id}, args...)})
		var res struct {
			Success bool
			Error   string
		}
		if err != nil || json.Unmarshal(raw, &res) != nil || res.Success || res.Error == "" {
			t.Errorf("%s by a stranger = %s, %v, want success false", fn, raw, err)
		}
	}
	refused("set_text", "n", "1")
	refused("set_number", "n", 1)
	refused("set_fields", `{"n":1}`)
	refused("push", "l", "x")
	refused("pop", "l")
	refused("drop", "l", "x")
	refused("remove_key", "n")
	refused("store_log", "x")
	refused("store_error")
	refused("pop_mail")
	refused("set_script", "(null)")
	refused("set_trigger", every(1))
	for fn, args := range map[string][]any{"remove": {id}, "update": {id, every(1)}, "install": {script, 1, every(1), "mine"}} {
		if _, err := d.try("call", object{"name": "stranger", "file": spellAqua, "fn": fn, "args": args}); err == nil || !strings.Contains(err.Error(), "Forbidden") {
			t.Errorf("%s by a stranger = %v, want a refusal", fn, err)
		}
	}
}
