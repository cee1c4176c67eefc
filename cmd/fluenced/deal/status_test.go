// SPDX-License-Identifier: Apache-2.0

package deal

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"

	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

// viewOf is a deal of two workers at 100 in epoch 10 of 15 s.
func viewOf(balance int64, paid, status int) view {
	usd := func(n int64) sdk.Coin { return sdk.NewInt64Coin("uusd", n) }
	b := &dealtypes.QueryBalanceResponse{
		Balance: usd(balance), Locked: usd(0), Withdrawable: usd(max(0, balance-400)), PerEpoch: usd(int64(paid) * 100), Minimum: usd(400), Epoch: 10,
	}
	if paid > 0 {
		b.MaxPaidEpoch = uint64(9 + balance/int64(paid*100))
	}
	d := dealtypes.Deal{Id: make([]byte, 20), WorkerCount: uint32(paid), Terms: dealtypes.Terms{
		AppCid: append([]byte{1, 0x55, 0x12, 0x20}, make([]byte, 32)...), Denom: "uusd", Price: sdkmath.NewInt(100), TargetWorkers: 2,
	}}
	return view{
		&dealtypes.QueryDealResponse{Deal: d, Status: dealtypes.Status(status)}, b,
		clock{10, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 15 * time.Second},
	}
}

// TestProblems: a page says what is wrong and what to do, and nothing when all is well.
func TestProblems(t *testing.T) {
	worker := func(s dealtypes.WorkerState, joined uint64) dealtypes.Worker {
		return dealtypes.Worker{PeerId: make([]byte, 32), State: s, JoinedEpoch: joined}
	}
	active := worker(dealtypes.WorkerActive, 1)
	for name, tt := range map[string]struct {
		v       view
		workers []dealtypes.Worker
		want    []string
	}{
		"well":            {viewOf(10_000, 2, 1), []dealtypes.Worker{active, active}, nil},
		"low":             {viewOf(500, 2, 1), []dealtypes.Worker{active, active}, []string{"lasts until epoch 11"}},
		"below minimum":   {viewOf(300, 2, 4), []dealtypes.Worker{active, active}, []string{"0.0001 USD below", "lasts until"}},
		"dry":             {viewOf(0, 2, 0), []dealtypes.Worker{active, active}, []string{"does not pay for the running epoch"}},
		"dry and left":    {viewOf(50, 0, 0), nil, []string{"the workers are gone", "2 of 2 workers are missing"}},
		"one missing":     {viewOf(10_000, 1, 1), []dealtypes.Worker{active}, []string{"1 of 2 workers are missing"}},
		"just joined":     {viewOf(10_000, 1, 1), []dealtypes.Worker{active, worker(dealtypes.WorkerJoined, 10)}, nil},
		"slow":            {viewOf(10_000, 1, 1), []dealtypes.Worker{active, worker(dealtypes.WorkerJoined, 8)}, []string{"has not started its worker yet"}},
		"never started":   {viewOf(10_000, 1, 1), []dealtypes.Worker{active, worker(dealtypes.WorkerJoined, 2)}, []string{"remove-stale-worker"}},
		"failed":          {viewOf(10_000, 1, 1), []dealtypes.Worker{active, worker(dealtypes.WorkerFailed, 2)}, []string{"failed to prove its capacity"}},
		"ended":           {viewOf(0, 0, 2), nil, nil},
		"never deposited": {viewOf(0, 0, 4), nil, []string{"0.0004 USD below", "2 of 2 workers are missing"}},
	} {
		rules := dealtypes.DefaultParams()
		rules.ActivationEpochs = 5
		got := slices.Concat(moneyProblems(tt.v, rules), workerProblems(tt.v, tt.workers, rules))
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q, want %d", name, got, len(tt.want))
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %q, want %q in it", name, got[i], want)
			}
		}
		var out bytes.Buffer
		if err := show(&out, page{DealID: "0x1", Problems: got}, tt.v); err != nil || strings.Contains(out.String(), "no problems") != (len(got) == 0) {
			t.Errorf("%s: %v, %s", name, err, out.String())
		}
	}
}

func TestHowLongMoneyLasts(t *testing.T) {
	c := viewOf(0, 0, 1).clock
	for _, tt := range []struct {
		balance int64
		workers uint64
		want    string
	}{
		{99, 1, "not for one epoch"},
		{100, 1, "1 epochs, until the end of epoch 10 (about 2026-01-01 00:00:15 UTC)"},
		{1000, 2, "5 epochs, until the end of epoch 14 (about 2026-01-01 00:01:15 UTC)"},
		{1 << 45, 1, "(in more than ten years)"},
		{1 << 62, 1, "for ever"},
		{1, 0, "as long as no worker is paid"},
	} {
		if got := c.lasts(sdkmath.NewInt(tt.balance), sdkmath.NewInt(100), tt.workers); !strings.HasSuffix(got, tt.want) {
			t.Errorf("lasts(%d, %d) = %q, want %q", tt.balance, tt.workers, got, tt.want)
		}
	}
	if got := c.perDay(sdk.NewInt64Coin("uusd", 100)); got != "0.0001 USD, 0.576 USD a day" {
		t.Errorf("perDay = %q", got)
	}
}

// TestLogLinesAreToldOnce: a spell keeps its last lines only.
func TestLogLinesAreToldOnce(t *testing.T) {
	lines := func(s string) (out []entry) {
		for _, m := range s {
			out = append(out, entry{Message: string(m)})
		}
		return out
	}
	for _, tt := range []struct{ before, now, want string }{
		{"", "abc", "abc"},
		{"abc", "abc", ""},
		{"abc", "abcd", "d"},
		{"abcd", "bcde", "e"},
		{"abcd", "efgh", "efgh"},
		{"aaaa", "aaaa", ""},
		{"abc", "c", ""},
		{"abc", "", ""},
	} {
		if got := fresh(lines(tt.before), lines(tt.now)); !slices.Equal(got, lines(tt.want)) {
			t.Errorf("after %q comes %q: told %v, want %q", tt.before, tt.now, got, tt.want)
		}
	}
}
