// SPDX-License-Identifier: Apache-2.0

package system_test

import (
	"bytes"
	"errors"
	"testing"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/system"
)

// echo says its words in every block and keeps what others say. It refuses silence and the word "lie".
type echo struct {
	key   storetypes.StoreKey
	words []byte
	fails error
	panic bool
}

var errLie = errors.New("lie")

func (e echo) Prepare(ctx sdk.Context, _ int) ([]byte, error) {
	if e.panic {
		panic("no words")
	}
	ctx.KVStore(e.key).Set([]byte("prepared"), e.words)
	return e.words, e.fails
}

func (e echo) Check(ctx sdk.Context, payload []byte) error {
	ctx.KVStore(e.key).Set([]byte("checked"), []byte{1})
	if len(payload) == 0 || bytes.Equal(payload, []byte("lie")) {
		return errLie
	}
	return nil
}

func (e echo) Execute(ctx sdk.Context, payload []byte) error {
	ctx.KVStore(e.key).Set([]byte("executed"), payload)
	return e.fails
}

func newContext(t *testing.T) (sdk.Context, storetypes.StoreKey, storetypes.StoreKey) {
	t.Helper()
	a, b := storetypes.NewKVStoreKey("a"), storetypes.NewKVStoreKey("b")
	c := testutil.DefaultContextWithKeys(map[string]*storetypes.KVStoreKey{"a": a, "b": b}, nil, nil)
	return c.WithBlockHeight(7), a, b
}

func TestEveryEntryIsMadeCheckedAndExecuted(t *testing.T) {
	ctx, a, b := newContext(t)
	s, err := system.NewSources(
		system.Registered{Kind: 2, MaxBytes: 10, Source: echo{key: b, words: []byte("two")}},
		system.Registered{Kind: 1, MaxBytes: 10, Source: echo{key: a, words: []byte("one")}},
	)
	require.NoError(t, err)
	m, err := s.Prepare(ctx)
	require.NoError(t, err)
	require.Equal(t, system.NewMsg(7, []system.Entry{{Kind: 1, Payload: []byte("one")}, {Kind: 2, Payload: []byte("two")}}), m)
	require.NoError(t, s.Check(ctx, m))
	require.Nil(t, ctx.KVStore(a).Get([]byte("prepared")), "making a block writes nothing")
	require.Nil(t, ctx.KVStore(a).Get([]byte("checked")), "judging a block writes nothing")
	require.NoError(t, s.Execute(ctx, m))
	require.Equal(t, "one", string(ctx.KVStore(a).Get([]byte("executed"))))
	require.Equal(t, "two", string(ctx.KVStore(b).Get([]byte("executed"))))
}

func TestSourceThatFailsLeavesTheOthersAlone(t *testing.T) {
	for name, bad := range map[string]echo{
		"error":     {fails: errors.New("no words")},
		"panic":     {panic: true},
		"too large": {words: make([]byte, 11)},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, a, b := newContext(t)
			bad.key = a
			s, err := system.NewSources(system.Registered{Kind: 1, MaxBytes: 10, Source: bad},
				system.Registered{Kind: 2, MaxBytes: 10, Source: echo{key: b, words: []byte("two")}})
			require.NoError(t, err)
			m, err := s.Prepare(ctx)
			require.Error(t, err)
			require.Equal(t, []system.Entry{{Kind: 2, Payload: []byte("two")}}, m.Entries)
		})
	}
}

func TestEntryThatFailsIsUndoneAlone(t *testing.T) {
	ctx, a, b := newContext(t)
	s, err := system.NewSources(
		system.Registered{Kind: 1, MaxBytes: 10, Source: echo{key: a, fails: errors.New("late")}},
		system.Registered{Kind: 2, MaxBytes: 10, Source: echo{key: b}},
	)
	require.NoError(t, err)
	m := system.NewMsg(7, []system.Entry{{Kind: 1, Payload: []byte("one")}, {Kind: 2, Payload: []byte("two")}})
	require.NoError(t, s.Execute(ctx, m))
	require.Nil(t, ctx.KVStore(a).Get([]byte("executed")))
	require.Equal(t, "two", string(ctx.KVStore(b).Get([]byte("executed"))))
	require.Equal(t, "system_entry_failed", ctx.EventManager().Events()[0].Type)
}

func TestBadMessageIsRefused(t *testing.T) {
	ctx, a, _ := newContext(t)
	s, err := system.NewSources(system.Registered{Kind: 5, MaxBytes: 10, Source: echo{key: a}})
	require.NoError(t, err)
	good := []system.Entry{{Kind: 5, Payload: []byte("word")}}
	tests := map[string]struct {
		edit func(m *system.MsgExecute)
		want error
	}{
		"good":            {func(*system.MsgExecute) {}, nil},
		"authority":       {func(m *system.MsgExecute) { m.Authority = "x" }, system.ErrAuthority},
		"height":          {func(m *system.MsgExecute) { m.Height = 6 }, system.ErrHeight},
		"kind twice":      {func(m *system.MsgExecute) { m.Entries = append(m.Entries, good[0]) }, system.ErrOrder},
		"kinds unsorted":  {func(m *system.MsgExecute) { m.Entries = append(m.Entries, system.Entry{Kind: 4, Payload: []byte{1}}) }, system.ErrOrder},
		"unknown kind":    {func(m *system.MsgExecute) { m.Entries = append(m.Entries, system.Entry{Kind: 6, Payload: []byte{1}}) }, system.ErrUnknownKind},
		"empty payload":   {func(m *system.MsgExecute) { m.Entries[0].Payload = nil }, system.ErrEmptyPayload},
		"over its share":  {func(m *system.MsgExecute) { m.Entries[0].Payload = make([]byte, 11) }, system.ErrTooLarge},
		"over all shares": {func(m *system.MsgExecute) { m.Entries[0].Payload = make([]byte, system.MaxPayloadBytes+1) }, system.ErrTooLarge},
		"refused entry":   {func(m *system.MsgExecute) { m.Entries[0].Payload = []byte("lie") }, errLie},
		"missing entry":   {func(m *system.MsgExecute) { m.Entries = nil }, system.ErrCheck},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := system.NewMsg(7, good)
			tt.edit(m)
			require.ErrorIs(t, s.Check(ctx, m), tt.want)
		})
	}
}

func TestSourcesThatClashAreRefused(t *testing.T) {
	r := func(kind system.Kind, limit int) system.Registered {
		return system.Registered{Kind: kind, MaxBytes: limit}
	}
	for name, list := range map[string][]system.Registered{
		"same kind": {r(1, 1), r(1, 1)},
		"no share":  {r(1, 0)},
		"too much":  {r(1, system.MaxPayloadBytes), r(2, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := system.NewSources(list...)
			require.Error(t, err)
		})
	}
}

func TestMessageIsNotExecutedWithoutLeave(t *testing.T) {
	ctx, a, _ := newContext(t)
	s, err := system.NewSources(system.Registered{Kind: 5, MaxBytes: 10, Source: echo{key: a}})
	require.NoError(t, err)
	m := system.NewMsg(7, []system.Entry{{Kind: 5, Payload: []byte("word")}})
	_, err = system.NewServer(s).Execute(ctx, m)
	require.ErrorIs(t, err, system.ErrOutside)
	_, err = system.NewServer(s).Execute(system.Allow(ctx), m)
	require.NoError(t, err)
	require.Equal(t, "word", string(ctx.KVStore(a).Get([]byte("executed"))))
}
