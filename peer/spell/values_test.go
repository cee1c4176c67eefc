// SPDX-License-Identifier: Apache-2.0

package spell_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/spell"
)

// feeder hands out the blocks of a channel.
type feeder chan chain.Block

func (f feeder) Follow(ctx context.Context, _ uint64, each func(context.Context, chain.Block) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-f:
			if err := each(ctx, b); err != nil {
				return err
			}
		}
	}
}

// TestWhoMayWriteWhat has the rules of key prefixes.
func TestWhoMayWriteWhat(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		own := r.install(r.worker, "own", spell.Trigger{})
		other := r.install(r.worker, "other", spell.Trigger{})
		hosts := r.install(r.host, "hosts", spell.Trigger{})
		host, worker := r.host.String(), r.worker.String()
		for name, tt := range map[string]struct {
			who  spell.Caller
			want string // of h_ w_ hw_ wh_ and no prefix
		}{
			"itself":              {spell.Caller{Init: worker, From: own}, "yyyyy"},
			"spell of worker":     {spell.Caller{Init: worker, From: other}, "nyynn"},
			"worker, no spell":    {spell.Caller{Init: worker}, "nnnnn"},
			"host":                {spell.Caller{Init: host}, "ynynn"},
			"spell of the host":   {spell.Caller{Init: host, From: hosts}, "ynynn"},
			"stranger":            {spell.Caller{Init: "12D3KooW"}, "nnnnn"},
			"stranger's pretense": {spell.Caller{Init: "12D3KooW", From: other}, "nnnnn"},
		} {
			got := ""
			for _, key := range []string{"h_k", "w_k", "hw_k", "wh_k", "k"} {
				switch err := r.SetU32(r.worker, own, tt.who, key, 1); {
				case err == nil:
					got += "y"
				case errors.Is(err, spell.ErrForbidden):
					got += "n"
				default:
					t.Fatal(err)
				}
			}
			if got != tt.want {
				t.Errorf("%s: may write %s, want %s", name, got, tt.want)
			}
		}
		if err := r.SetString(r.host, hosts, spell.Caller{Init: host}, "w_k", "x"); !errors.Is(err, spell.ErrForbidden) {
			t.Errorf("host on a host's spell, w_ = %v, want %v", err, spell.ErrForbidden)
		}
		stranger := spell.Caller{Init: "12D3KooW"}
		for name, err := range map[string]error{
			"store_log":   r.StoreLog(r.worker, own, stranger, spell.Log{}),
			"store_error": r.StoreError(r.worker, own, stranger, "p", spell.LastErrorEntry{}),
			"pop_mailbox": func() error { _, _, err := r.PopMail(r.worker, own, stranger); return err }(),
			"fields":      r.SetFields(r.worker, own, stranger, []byte(`{"a":1}`)),
		} {
			if !errors.Is(err, spell.ErrForbidden) {
				t.Errorf("%s by a stranger = %v, want %v", name, err, spell.ErrForbidden)
			}
		}
	})
}

func TestValuesListsAndMail(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		id := r.install(r.host, "s", spell.Trigger{})
		me := spell.Caller{Init: r.host.String(), From: id}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, v := range []string{"a", "b", "a", "c"} {
			must(r.ListPush(r.host, "s", me, "l", v))
		}
		must(r.ListRemove(r.host, "s", me, "l", "a"))
		if v, ok, err := r.ListPop(r.host, "s", me, "l"); v != "c" || !ok || err != nil {
			t.Errorf("pop = %q, %v, %v, want c", v, ok, err)
		}
		if l, err := r.Strings(r.host, "s", "l"); err != nil || !slices.Equal(l, []string{"b"}) {
			t.Errorf("list = %v, %v, want [b]", l, err)
		}
		must(r.SetU32(r.host, "s", me, "l", 7))
		must(r.SetString(r.host, "s", me, "l", "text"))
		if _, ok, err := r.U32(r.host, "s", "l"); ok || err != nil {
			t.Errorf("number after a text is there: %v, %v", ok, err)
		}
		must(r.RemoveKey(r.host, "s", me, "l"))
		if ok, err := r.Exists(r.host, "s", "l"); ok || err != nil {
			t.Errorf("removed key exists: %v, %v", ok, err)
		}
		for i := range 60 {
			must(r.PushMail(r.host, "s", spell.Message{Message: fmt.Sprint(i)}))
		}
		box, err := r.Mailbox(r.host, "s")
		if err != nil || len(box) != 50 || box[0].Message != "59" || box[49].Message != "10" {
			t.Errorf("mailbox has %d messages, %v, want the newest 50, newest first", len(box), err)
		}
		if m, ok, err := r.PopMail(r.host, "s", me); m.Message != "59" || !ok || err != nil {
			t.Errorf("pop = %+v, %v, %v, want 59", m, ok, err)
		}
		for i := range 60 {
			must(r.StoreError(r.host, "s", me, fmt.Sprint("p", i), spell.LastErrorEntry{LastError: spell.LastError{Message: strings.Repeat("m", 5000)}}))
			must(r.StoreLog(r.host, "s", me, spell.Log{Message: fmt.Sprint(i)}))
		}
		list, err := r.Errors(r.host, "s")
		if err != nil || len(list) != 50 || list[0].ParticleID != "p10" || len(list[0].Errors[0].LastError.Message) > 2100 {
			t.Errorf("errors of %d particles, %v, want the latest 50, cut", len(list), err)
		}
	})
}

func TestQuotasOfValues(t *testing.T) {
	virtual(t, func(c *spell.Config) { c.Limits.State, c.Limits.ScopeBytes = 10_000, 15_000 }, func(t *testing.T, r *rig) {
		a, b := r.install(r.worker, "a", spell.Trigger{}), r.install(r.worker, "b", spell.Trigger{})
		callA, callB := spell.Caller{Init: r.worker.String(), From: a}, spell.Caller{Init: r.worker.String(), From: b}
		if err := r.SetString(r.worker, a, callA, "k", strings.Repeat("x", 9000)); err != nil {
			t.Fatal(err)
		}
		if err := r.ListPush(r.worker, a, callA, "l", strings.Repeat("x", 2000)); !errors.Is(err, spell.ErrQuota) {
			t.Errorf("beyond a spell's quota = %v, want %v", err, spell.ErrQuota)
		}
		if err := r.SetString(r.worker, b, callB, "k", strings.Repeat("x", 7000)); !errors.Is(err, spell.ErrQuota) {
			t.Errorf("beyond the worker's quota = %v, want %v", err, spell.ErrQuota)
		}
		if err := r.PushMail(r.worker, b, spell.Message{Message: strings.Repeat("x", 7000)}); !errors.Is(err, spell.ErrQuota) {
			t.Errorf("mail beyond the worker's quota = %v, want %v", err, spell.ErrQuota)
		}
		if err := r.SetFields(r.worker, b, callB, []byte(`{"x":2,"big":"`+strings.Repeat("x", 7000)+`"}`)); !errors.Is(err, spell.ErrQuota) {
			t.Errorf("fields beyond the worker's quota = %v, want %v", err, spell.ErrQuota)
		}
		if v, _, err := r.String(r.worker, b, "x"); v != "1" || err != nil {
			t.Errorf("a refused write changed a value to %q, %v", v, err)
		}
		if err := r.SetString(r.worker, a, callA, strings.Repeat("k", 300), "x"); !errors.Is(err, spell.ErrQuota) {
			t.Errorf("long key = %v, want %v", err, spell.ErrQuota)
		}
		if err := r.RemoveKey(r.worker, a, callA, "k"); err != nil {
			t.Fatal(err)
		}
		if err := r.SetString(r.worker, b, callB, "k", strings.Repeat("x", 7000)); err != nil {
			t.Errorf("write after room was made = %v", err)
		}
	})
}

// TestHammer works one spell from many goroutines while it fires.
func TestHammer(t *testing.T) {
	r := newRig(t, func(c *spell.Config) { c.Limits.Rate, c.Limits.PeerRate = 1e6, 1e6 })
	id := r.install(r.host, "s", every(1))
	me := spell.Caller{Init: r.host.String(), From: id}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				_ = r.SetString(r.host, "s", me, fmt.Sprint(g), fmt.Sprint(i))
				_ = r.ListPush(r.host, "s", me, "l", "v")
				_ = r.SetTrigger(r.host, "s", every(uint32(i%3)))
				r.Peer(r.host, i%2 == 0)
				_, _ = r.Errors(r.host, "s")
				if other, err := r.Install(t.Context(), r.host, spell.Def{Owner: r.host, Script: "(null)", Trigger: every(1)}); err == nil {
					_ = r.Remove(t.Context(), r.host, other)
				}
			}
		})
	}
	wg.Wait()
	if l, err := r.Strings(r.host, "s", "l"); len(l) != 160 || err != nil {
		t.Errorf("list has %d texts, %v, want 160", len(l), err)
	}
}

func FuzzParseTrigger(f *testing.F) {
	f.Add([]byte(`{"clock":{"start_sec":1,"end_sec":0,"period_sec":5},"connections":{"connect":true,"disconnect":false},"blockchain":{"start_block":0,"end_block":0}}`))
	f.Add([]byte(`{"http":{"token_sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		trigger, err := spell.ParseTrigger(raw)
		if err != nil {
			return
		}
		if err := trigger.Check(time.Unix(1000, 0)); err != nil && !errors.Is(err, spell.ErrTrigger) {
			t.Errorf("Check = %v, want %v", err, spell.ErrTrigger)
		}
	})
}
