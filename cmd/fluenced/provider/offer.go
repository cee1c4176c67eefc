// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

func offerCommand() *cobra.Command {
	return below("offer", "Make and change offers", offerCreateCommand(), offerUpdateCommand(), offerListCommand(), offerRemoveCommand())
}

// termFlags are the flags that name the terms of an offer.
type termFlags struct {
	price       string
	denom       string
	prices      []string
	effectors   []string
	dataCenter  uint64
	minProtocol uint64
	maxProtocol uint64
}

func (f *termFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.price, "price", "", "price per compute unit and epoch, like 10000uusd")
	fs.StringArrayVar(&f.prices, "resource-price", nil, "price per unit of a resource and epoch, like ram=2 (vcpu, ram and storage in MiB, ip, bandwidth); may be repeated")
	fs.StringVar(&f.denom, "denom", "uusd", "coin of the resource prices")
	fs.StringArrayVar(&f.effectors, "effector", nil, "CID of an effector the peers allow; may be repeated")
	fs.Uint64Var(&f.dataCenter, "data-center", 0, "number of the data center, 0 for none")
	fs.Uint64Var(&f.minProtocol, "min-protocol", 1, "least protocol version of deals")
	fs.Uint64Var(&f.maxProtocol, "max-protocol", 2, "greatest protocol version of deals")
}

// apply puts the flags that were given over terms.
func (f *termFlags) apply(s *session, t *markettypes.Terms) error {
	fs := s.cmd.Flags()
	if fs.Changed("price") && len(f.prices) > 0 {
		return term.Usage("an offer is priced by compute unit or by resource", "--price and --resource-price are both given")
	}
	if f.price != "" {
		c, err := sdk.ParseCoinNormalized(f.price)
		if err != nil || !c.IsPositive() {
			return term.Usage("write it like 10000uusd", "--price %q is no price", f.price)
		}
		t.Denom, t.MinPrice, t.Prices = c.Denom, c.Amount, nil
	}
	if len(f.prices) > 0 {
		if err := f.applyPrices(s, t); err != nil {
			return err
		}
	}
	if fs.Changed("denom") && f.price == "" {
		t.Denom = f.denom
	}
	if fs.Changed("effector") {
		t.Effectors = nil
		for _, e := range f.effectors {
			cid, err := parseCID("--effector", e)
			if err != nil {
				return err
			}
			if cid != nil {
				t.Effectors = append(t.Effectors, cid)
			}
		}
		slices.SortFunc(t.Effectors, bytes.Compare)
	}
	if fs.Changed("data-center") {
		t.DatacenterId = f.dataCenter
	}
	if fs.Changed("min-protocol") || t.MinProtocolVersion == 0 {
		t.MinProtocolVersion = f.minProtocol
	}
	if fs.Changed("max-protocol") || t.MaxProtocolVersion == 0 {
		t.MaxProtocolVersion = f.maxProtocol
	}
	return nil
}

func (f *termFlags) applyPrices(s *session, t *markettypes.Terms) error {
	words, err := pairs("resource-price", f.prices)
	if err != nil {
		return err
	}
	if t.Denom == "" {
		t.Denom = f.denom
	}
	t.MinPrice = sdkmath.ZeroInt()
	for _, w := range words {
		price, ok := sdkmath.NewIntFromString(w[1])
		if !ok || !price.IsPositive() {
			return term.Usage("write it like --resource-price ram=2", "--resource-price %s: %q is no price", w[0], w[1])
		}
		r, err := s.resource(w[0])
		if err != nil {
			return err
		}
		t.Prices = slices.DeleteFunc(slices.Clone(t.Prices), func(p markettypes.Price) bool { return p.ResourceId == r.Id })
		t.Prices = append(t.Prices, markettypes.Price{ResourceId: r.Id, Price: price})
	}
	slices.SortFunc(t.Prices, func(a, b markettypes.Price) int { return int(a.ResourceId) - int(b.ResourceId) })
	return nil
}

// rows describes terms.
func termRows(t markettypes.Terms) (rows [][2]string) {
	if len(t.Prices) == 0 {
		rows = append(rows, [2]string{"price per unit and epoch", chaincmd.Amount(sdk.NewCoin(t.Denom, t.MinPrice))})
	}
	for _, p := range t.Prices {
		rows = append(rows, [2]string{fmt.Sprintf("price of resource %d per epoch", p.ResourceId), chaincmd.Amount(sdk.NewCoin(t.Denom, p.Price))})
	}
	for _, e := range t.Effectors {
		rows = append(rows, [2]string{"effector", cidText(e)})
	}
	if t.DatacenterId != 0 {
		rows = append(rows, [2]string{"data center", fmt.Sprint(t.DatacenterId)})
	}
	return append(rows, [2]string{"protocol versions", fmt.Sprintf("%d to %d", t.MinProtocolVersion, t.MaxProtocolVersion)})
}

func offerCreateCommand() *cobra.Command {
	var f termFlags
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an offer; peers are added to it",
		Long: `Make an offer without peers. It is priced either by compute unit or by resource.

  fluenced provider offer create --price 10000uusd
  fluenced provider offer create --resource-price vcpu=5000 --resource-price ram=1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.price == "" && len(f.prices) == 0 {
				return term.Usage("give --price 10000uusd, or --resource-price vcpu=5000 and so on", "no price given")
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			me, err := s.sender()
			if err != nil {
				return err
			}
			var t markettypes.Terms
			if err := f.apply(s, &t); err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "make an offer", Rows: append([][2]string{{"provider", me}}, termRows(t)...), Notes: []string{"nothing is rented until you add peers with compute units"}}
			return s.send(plan, []sdk.Msg{&markettypes.MsgRegisterOffer{Provider: me, Terms: t}}, func(o chaincmd.Outcome) (any, string, error) {
				var res markettypes.MsgRegisterOfferResponse
				err := o.Response(0, &res)
				v := struct {
					sent
					OfferID string `json:"offer_id"`
				}{sentIn(o), text(res.OfferId)}
				return v, "offer " + v.OfferID, err
			})
		},
	}
	f.add(cmd.Flags())
	return sends(cmd)
}

func offerUpdateCommand() *cobra.Command {
	var f termFlags
	cmd := &cobra.Command{
		Use:   "update OFFER",
		Short: "Change the terms of an offer for deals to come",
		Long: `Change those terms that are given by flags. Deals that run keep theirs.

  fluenced provider offer update 0x6f... --price 12000uusd`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("offer", args[0])
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
			res, err := s.offer(id)
			if err != nil {
				return err
			}
			t := res.Offer.Terms()
			if err := f.apply(s, &t); err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "change an offer", Rows: append([][2]string{{"offer", text(id)}}, termRows(t)...), Notes: []string{"deals that run keep the price they were matched at"}}
			return s.simply(plan, "offer "+text(id)+" is changed", &markettypes.MsgUpdateOffer{Provider: me, OfferId: id, Terms: t})
		},
	}
	f.add(cmd.Flags())
	return sends(cmd)
}

func offerRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove OFFER",
		Short: "Remove an offer without peers",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("offer", args[0])
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
			plan := chaincmd.Plan{Title: "remove an offer", Rows: [][2]string{{"offer", text(id)}}}
			return s.simply(plan, "offer "+text(id)+" is removed", &markettypes.MsgRemoveOffer{Provider: me, OfferId: id})
		},
	}
	return sends(cmd)
}

// offerView is an offer for programs.
type offerView struct {
	OfferID    string      `json:"offer_id"`
	Provider   string      `json:"provider"`
	Denom      string      `json:"denom"`
	MinPrice   string      `json:"min_price"`
	Prices     []priceView `json:"prices"`
	Effectors  []string    `json:"effectors"`
	Protocols  [2]uint64   `json:"protocol_versions"`
	DataCenter uint64      `json:"data_center"`
	Peers      uint64      `json:"peers"`
}

type priceView struct {
	Resource uint64 `json:"resource"`
	Price    string `json:"price"`
}

func viewOffer(o markettypes.Offer) offerView {
	v := offerView{
		OfferID: text(o.Id), Provider: o.Provider, Denom: o.Denom, MinPrice: o.MinPrice.String(), Prices: []priceView{}, Effectors: []string{},
		Protocols: [2]uint64{o.MinProtocolVersion, o.MaxProtocolVersion}, DataCenter: o.DatacenterId, Peers: o.PeerCount,
	}
	for _, p := range o.Prices {
		v.Prices = append(v.Prices, priceView{p.ResourceId, p.Price.String()})
	}
	for _, e := range o.Effectors {
		v.Effectors = append(v.Effectors, cidText(e))
	}
	return v
}

// offer returns an offer.
func (s *session) offer(id []byte) (*markettypes.QueryOfferResponse, error) {
	res, err := s.market.Offer(s.context(), &markettypes.QueryOfferRequest{OfferId: text(id)})
	return res, lookedUp(err, "offer", text(id), "fluenced provider offer list shows yours")
}

// offers returns the offers of a provider.
func (s *session) offers(provider string) (list []markettypes.Offer, err error) {
	err = pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		res, err := s.market.Offers(s.context(), &markettypes.QueryOffersRequest{Provider: provider, Pagination: req})
		if err != nil {
			return nil, err
		}
		list = append(list, res.Offers...)
		return res.Pagination, nil
	})
	return list, err
}

func offerListCommand() *cobra.Command {
	var provider string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List your offers, those of another provider, or all",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := open(cmd)
			if err != nil {
				return err
			}
			if provider == "" && !all {
				if provider, err = s.sender(); err != nil {
					return err
				}
			}
			list, err := s.offers(provider)
			if err != nil {
				return err
			}
			views, rows := []offerView{}, [][]string{}
			for _, o := range list {
				v := viewOffer(o)
				views = append(views, v)
				price := v.MinPrice + " " + v.Denom + " per unit"
				if len(v.Prices) > 0 {
					var parts []string
					for _, p := range v.Prices {
						parts = append(parts, fmt.Sprintf("%d:%s", p.Resource, p.Price))
					}
					price = strings.Join(parts, " ") + " " + v.Denom
				}
				rows = append(rows, []string{v.OfferID, price, fmt.Sprint(v.Peers), v.Provider})
			}
			return s.table(views, []string{"OFFER", "PRICE PER EPOCH", "PEERS", "PROVIDER"}, rows)
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "account of another provider")
	cmd.Flags().BoolVar(&all, "all", false, "list the offers of everybody")
	return cmd
}
