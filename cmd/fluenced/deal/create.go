// SPDX-License-Identifier: Apache-2.0

package deal

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// wishes are the flags of create.
type wishes struct {
	app, price, deposit, depositor     string
	workers, least, units, perProvider uint32
	epochs, version                    uint64
	resources, effectors, attributes   []string
	allow, deny                        []string
	datacenters                        []uint
	match                              bool
	replacements                       uint32
}

func createCommand() *cobra.Command {
	var w wishes
	cmd := &cobra.Command{
		Use:   "create --app CID --price AMOUNT",
		Short: "Create a deal and, if asked to, fund and match it in one transaction",
		Long: `Create a deal. --deposit or --epochs funds it, --match takes workers at once.

  fluenced deal create --app bafkrei... --price 100uusd --workers 2 --epochs 100 --match --from customer
  fluenced deal create --app bafkrei... --price 5200uusd --resource 1=2 --resource 2=4096 --protocol 2 --epochs 10 --from customer`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return create(cmd, w) },
	}
	fs := cmd.Flags()
	fs.StringVar(&w.app, "app", "", "CID of the app; fluenced app pack shows it")
	fs.StringVar(&w.price, "price", "", "price per worker and epoch, like 100uusd")
	fs.Uint32Var(&w.workers, "workers", 1, "how many workers are wanted")
	fs.Uint32Var(&w.least, "min-workers", 0, "below how many active workers nobody is paid; 0 for none")
	fs.Uint32Var(&w.units, "units", 1, "compute units per worker")
	fs.Uint32Var(&w.perProvider, "per-provider", 0, "the most workers of one provider; 0 for no limit")
	fs.StringVar(&w.deposit, "deposit", "", "amount to deposit, like 10000uusd")
	fs.Uint64Var(&w.epochs, "epochs", 0, "deposit what all workers cost for so many epochs")
	fs.StringVar(&w.depositor, "depositor", "", "account that granted you deposits (default yours)")
	fs.Uint64Var(&w.version, "protocol", 1, "protocol version; 2 with --resource")
	fs.StringArrayVar(&w.resources, "resource", nil, "resource per worker as ID=AMOUNT, ascending; fluenced query market resources lists them")
	fs.StringArrayVar(&w.effectors, "effector", nil, "CID of an effector the app needs")
	fs.StringArrayVar(&w.attributes, "attribute", nil, "what an auditor must say of the provider, as AUDITOR:KEY=VALUE")
	fs.UintSliceVar(&w.datacenters, "datacenter", nil, "numbers of data centers to choose from")
	fs.StringSliceVar(&w.allow, "allow", nil, "the only providers that may serve")
	fs.StringSliceVar(&w.deny, "deny", nil, "providers that may not serve")
	fs.BoolVar(&w.match, "match", false, "take workers in the same transaction")
	fs.Uint32Var(&w.replacements, "replacements", 0, "how many failed workers the chain may replace without asking")
	chaincmd.SendFlags(fs)
	return cmd
}

// terms reads what the deal asks for.
func (w wishes) terms() (dealtypes.Terms, error) {
	app, err := appCID("--app", w.app)
	if err != nil {
		return dealtypes.Terms{}, err
	}
	if w.price == "" {
		return dealtypes.Terms{}, term.Usage("name what you pay per worker and epoch, like --price 100uusd", "no --price given")
	}
	price, err := coin("--price", w.price)
	if err != nil {
		return dealtypes.Terms{}, err
	}
	t := dealtypes.Terms{
		AppCid: app, Denom: price.Denom, Price: price.Amount, TargetWorkers: w.workers, MinWorkers: w.least,
		UnitsPerWorker: w.units, MaxWorkersPerProvider: w.perProvider, ProtocolVersion: w.version,
	}
	for _, r := range w.resources {
		id, amount, ok := strings.Cut(r, "=")
		n, err := strconv.ParseUint(id, 10, 64)
		m, err2 := strconv.ParseUint(amount, 10, 64)
		if !ok || err != nil || err2 != nil {
			return t, term.Usage("write it like 1=2", "--resource %q is not ID=AMOUNT", r)
		}
		t.Resources = append(t.Resources, markettypes.Quantity{ResourceId: n, Amount: m})
	}
	for _, e := range w.effectors {
		b, err := appCID("--effector", e)
		if err != nil {
			return t, err
		}
		t.Effectors = append(t.Effectors, b)
	}
	slices.SortFunc(t.Effectors, bytes.Compare)
	for _, d := range w.datacenters {
		t.DatacenterIds = append(t.DatacenterIds, uint64(d))
	}
	slices.Sort(t.DatacenterIds)
	for _, a := range w.attributes {
		auditor, rest, ok := strings.Cut(a, ":")
		key, value, ok2 := strings.Cut(rest, "=")
		if !ok || !ok2 {
			return t, term.Usage("write it like fluence1...:region=eu", "--attribute %q is not AUDITOR:KEY=VALUE", a)
		}
		t.Attributes = append(t.Attributes, dealtypes.AttributeDemand{Auditor: auditor, Key: key, Value: value})
	}
	if err := t.Validate(); err != nil {
		return t, term.Usage("see fluenced deal create --help", "%w", err)
	}
	return t, nil
}

// access reads who may serve.
func (w wishes) access() (dealtypes.Access, []string, error) {
	switch {
	case len(w.allow) > 0 && len(w.deny) > 0:
		return 0, nil, term.Usage("give one of them", "--allow and --deny are both given")
	case len(w.allow) > 0:
		return dealtypes.AccessWhitelist, w.allow, nil
	case len(w.deny) > 0:
		return dealtypes.AccessBlacklist, w.deny, nil
	}
	return dealtypes.AccessNone, nil, nil
}

// payment reads the deposit; zero for none.
func (w wishes) payment(t dealtypes.Terms) (sdk.Coin, error) {
	none := sdk.NewCoin(t.Denom, sdkmath.ZeroInt())
	switch {
	case w.deposit != "" && w.epochs != 0:
		return none, term.Usage("give one of them", "--deposit and --epochs are both given")
	case w.deposit != "":
		return coin("--deposit", w.deposit)
	case w.epochs != 0:
		return sdk.NewCoin(t.Denom, t.Minimum(w.epochs)), nil
	case w.match:
		return none, term.Usage("add --epochs 100, or --deposit AMOUNT", "a deal without money cannot be matched")
	}
	return none, nil
}

func create(cmd *cobra.Command, w wishes) error {
	t, err := w.terms()
	if err != nil {
		return err
	}
	access, list, err := w.access()
	if err != nil {
		return err
	}
	deposit, err := w.payment(t)
	if err != nil {
		return err
	}
	s, err := open(cmd)
	if err != nil {
		return err
	}
	me, err := s.sender()
	if err != nil {
		return err
	}
	msg := &dealtypes.MsgCreateDeal{
		Owner: me, Terms: t, Access: access, AccessList: list, Deposit: deposit, Depositor: w.depositor,
		StandingOrder: dealtypes.StandingOrder{Enabled: w.replacements > 0, Replacements: w.replacements},
	}
	if w.match {
		if msg.Match, err = s.candidates(&dealtypes.QueryMatchCandidatesRequest{Terms: &t, Access: access, AccessList: list}, int(t.TargetWorkers)); err != nil {
			return err
		}
	}
	plan, err := s.createPlan(msg)
	if err != nil {
		return err
	}
	return s.send(plan, msg, func(b sent, o chaincmd.Outcome) (any, string, error) {
		var res dealtypes.MsgCreateDealResponse
		err := o.Response(0, &res)
		v := struct {
			sent
			DealID    string   `json:"deal_id"`
			WorkerIDs []string `json:"worker_ids"`
		}{b, dealtypes.Hex(res.DealId), hexes(res.WorkerIds)}
		line := fmt.Sprintf("deal %s created", v.DealID)
		if n := len(v.WorkerIDs); n > 0 {
			line += fmt.Sprintf(" with %d workers; fluenced deal status %s shows when they run", n, v.DealID)
		}
		return v, line, err
	})
}

// createPlan says what a deal costs and until when its deposit lasts.
func (s *session) createPlan(msg *dealtypes.MsgCreateDeal) (chaincmd.Plan, error) {
	c, err := s.clock()
	if err != nil {
		return chaincmd.Plan{}, err
	}
	t := msg.Terms
	perEpoch := sdk.NewCoin(t.Denom, t.Minimum(1))
	plan := chaincmd.Plan{
		Title: "create a deal",
		Rows: [][2]string{
			{"app", cidText(t.AppCid)},
			{"workers", fmt.Sprintf("%d of %d compute units each", t.TargetWorkers, t.UnitsPerWorker)},
			{"price per worker and epoch", chaincmd.Amount(sdk.NewCoin(t.Denom, t.Price))},
			{"all workers per epoch", c.perDay(perEpoch)},
		},
	}
	if msg.Deposit.IsPositive() {
		plan.Rows = append(plan.Rows, [2]string{"deposit", chaincmd.Amount(msg.Deposit)},
			[2]string{"lasts, with all workers", c.lasts(msg.Deposit.Amount, t.Price, uint64(t.TargetWorkers))})
	} else {
		plan.Notes = append(plan.Notes, "without a deposit nothing runs; fluenced deal fund pays in")
	}
	for _, m := range msg.Match {
		plan.Rows = append(plan.Rows, [2]string{"worker on peer", peerText(m.PeerId)})
	}
	if missing := int(t.TargetWorkers) - len(msg.Match); len(msg.Match) > 0 && missing > 0 {
		plan.Notes = append(plan.Notes, fmt.Sprintf("%d workers are missing: not enough peers fit now", missing))
	}
	plan.Notes = append(plan.Notes, "you pay from when a worker is active, by the epoch; what is not used comes back when you stop")
	return plan, nil
}

func hexes(ids [][]byte) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = dealtypes.Hex(id)
	}
	return out
}

// candidates asks the chain for peers that fit, page by page, until there are so many.
func (s *session) candidates(req *dealtypes.QueryMatchCandidatesRequest, wanted int) ([]dealtypes.Selection, error) {
	wanted = min(wanted, dealtypes.MaxSelections)
	req.Limit = uint32(wanted)
	var looked uint64
	var found []dealtypes.Selection
	for len(found) < wanted {
		res, err := s.deals.MatchCandidates(s.context(), req)
		if err != nil {
			return nil, err
		}
		for _, c := range res.Candidates {
			if len(found) < wanted {
				found = append(found, c)
			}
		}
		looked += res.LookedAt
		if req.Cursor = res.Cursor; len(res.Cursor) == 0 {
			break
		}
	}
	if len(found) == 0 {
		return nil, term.Hint(fmt.Errorf("no peer fits: %d offers and peers looked at", looked),
			"pay more, ask for less, or look at the offers with fluenced query market offers; a peer needs an active capacity commitment unless --allow lists its provider")
	}
	return found, nil
}
