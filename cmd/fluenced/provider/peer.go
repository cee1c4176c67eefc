// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

func peerCommand() *cobra.Command {
	return below("peer", "Add peers to an offer, and care for them",
		peerAddCommand(), peerSignCommand(), peerListCommand(), peerDrainCommand(), peerMaintainCommand(), peerMoveCommand(), peerRemoveCommand())
}

// joinFlags are what a new peer comes with.
type joinFlags struct {
	owner     string
	fees      string
	signature string
	units     int
	unitIDs   []string
	supplies  []string
	addresses []string
}

func peerAddCommand() *cobra.Command {
	var f joinFlags
	cmd := &cobra.Command{
		Use:   "add OFFER",
		Short: "Add a peer with compute units to an offer",
		Long: `Add the peer of --home, or the one that signed --signature, to an offer. Under an
offer priced by resource, vCPU follow the units and memory is the least they need
unless --supply says more.

  fluenced provider peer add 0x6f... --units 2 --home /srv/peer
  fluenced provider peer add 0x6f... --units 2 --supply ram=16384 --signature peer.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			offer, err := parseID("offer", args[0])
			if err != nil {
				return err
			}
			if f.units < 0 || f.units > markettypes.MaxUnitsPerMessage || f.units > 0 && len(f.unitIDs) > 0 {
				return term.Usage(fmt.Sprintf("--units draws up to %d ids; --unit names them instead", markettypes.MaxUnitsPerMessage), "--units is %d with %d of --unit", f.units, len(f.unitIDs))
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			return s.addPeer(offer, f)
		},
	}
	cmd.Flags().StringVar(&f.owner, "owner", "", "the machine's own account, which submits proofs (default that of chain.account_key_path in --home, else yours)")
	cmd.Flags().StringVar(&f.fees, "grant-fees", "", "pay the fees of the machine's own account up to this, like 10000000000000000000aflt")
	cmd.Flags().StringVar(&f.signature, "signature", "", "file of fluenced provider peer sign, when the peer's key is not in --home")
	cmd.Flags().IntVar(&f.units, "units", 0, "number of compute units, with ids drawn at random")
	cmd.Flags().StringArrayVar(&f.unitIDs, "unit", nil, "id of a compute unit; may be repeated")
	cmd.Flags().StringArrayVar(&f.supplies, "supply", nil, "what the machine has of a resource, like ram=16384 in MiB; may be repeated")
	cmd.Flags().StringArrayVar(&f.addresses, "address", nil, "multiaddr of the peer (default those of the running peer); may be repeated")
	return sends(cmd)
}

func (s *session) addPeer(offer []byte, f joinFlags) error {
	me, err := s.sender()
	if err != nil {
		return err
	}
	g, id, err := s.consent(me, f)
	if err != nil {
		return err
	}
	res, err := s.offer(offer)
	if err != nil {
		return err
	}
	p := markettypes.NewPeer{Id: id, Owner: g.Owner, Signature: g.Signature, ExpiresAt: g.ExpiresAt, Addresses: f.addresses}
	if p.UnitIds, err = parseIDs("--unit", f.unitIDs); err == nil && f.units > 0 {
		p.UnitIds, err = newUnits(f.units)
	}
	if err != nil {
		return err
	}
	if p.Supplies, err = s.suppliesFor(res.Offer, len(p.UnitIds), f.supplies); err != nil {
		return err
	}
	if f.signature == "" && len(f.addresses) == 0 {
		p.Addresses = s.runningAddresses(g.PeerID)
	}
	plan := chaincmd.Plan{
		Title: "add a peer to an offer",
		Rows: append([][2]string{{"offer", text(offer)}, {"peer", g.PeerID}, {"its own account", g.Owner}, {"compute units", fmt.Sprint(len(p.UnitIds))}},
			supplyRows(p.Supplies)...),
		Notes: []string{"deals may be matched to the peer at once", "without a capacity commitment its units earn nothing while they are idle"},
	}
	msgs := []sdk.Msg{&markettypes.MsgAddPeers{Provider: me, OfferId: offer, Peers: []markettypes.NewPeer{p}}}
	if f.fees != "" {
		grant, limit, err := feeGrant(me, g.Owner, f.fees)
		if err != nil {
			return err
		}
		msgs = append(msgs, grant)
		plan.Rows = append(plan.Rows, [2]string{"fees of its account", "paid by you up to " + limit})
	}
	return s.send(plan, msgs, func(o chaincmd.Outcome) (any, string, error) {
		v := struct {
			sent
			PeerID  string   `json:"peer_id"`
			UnitIDs []string `json:"unit_ids"`
		}{sentIn(o), g.PeerID, texts(p.UnitIds)}
		return v, strings.Join(append([]string{"peer " + v.PeerID}, prefixed("unit ", v.UnitIDs)...), "\n"), nil
	})
}

// feeGrant lets the provider pay the fees of what a machine's own account does for it.
func feeGrant(provider, owner, limit string) (sdk.Msg, string, error) {
	c, err := sdk.ParseCoinNormalized(limit)
	if err != nil || !c.IsPositive() || provider == owner {
		return nil, "", term.Usage("write it like 10000000000000000000aflt, and name the machine's account with --owner", "--grant-fees %q to %s", limit, owner)
	}
	from, err := account("provider", provider)
	if err != nil {
		return nil, "", err
	}
	to, err := account("owner", owner)
	if err != nil {
		return nil, "", err
	}
	var allowed []string
	for _, m := range []sdk.Msg{
		&capacitytypes.MsgSubmitProofs{}, &capacitytypes.MsgCommitProofs{}, &capacitytypes.MsgOpenProofs{},
		&dealtypes.MsgActivateWorker{}, &dealtypes.MsgRemoveWorker{}, &markettypes.MsgSetPeerAddresses{},
	} {
		allowed = append(allowed, sdk.MsgTypeURL(m))
	}
	only, err := feegrant.NewAllowedMsgAllowance(&feegrant.BasicAllowance{SpendLimit: sdk.NewCoins(c)}, allowed)
	if err != nil {
		return nil, "", err
	}
	msg, err := feegrant.NewMsgGrantAllowance(only, from, to)
	return msg, chaincmd.Amount(c), err
}

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + s
	}
	return out
}

// consent returns the peer's signature for provider me: from a file, or by the key in --home.
func (s *session) consent(me string, f joinFlags) (signature, []byte, error) {
	if f.signature != "" {
		g, id, err := readSignature(f.signature)
		if err != nil {
			return g, nil, err
		}
		if g.Provider != me || g.ChainID != s.ctx.ChainID || f.owner != "" && f.owner != g.Owner {
			return g, nil, term.Hint(fmt.Errorf("%s is for provider %s, owner %s, on %s", f.signature, g.Provider, g.Owner, g.ChainID),
				"make it again with fluenced provider peer sign, or change --from, --owner, --chain-id")
		}
		return g, id, nil
	}
	key, err := peerKey(s.cmd)
	if err != nil {
		return signature{}, nil, err
	}
	owner, err := ownerOr(s.cmd, f.owner, me)
	if err != nil {
		return signature{}, nil, err
	}
	g, err := sign(key, s.ctx.ChainID, me, owner, time.Now().Add(time.Hour))
	if err != nil {
		return g, nil, err
	}
	id, err := parsePeer(g.PeerID)
	return g, id, err
}

// runningAddresses returns the addresses of the peer in --home while it runs.
func (s *session) runningAddresses(peerID string) []string {
	r, err := core.ReadReady(home.Dir(s.ctx.HomeDir).Join("peer"))
	if err != nil || r.PeerID != peerID {
		return nil
	}
	return r.Multiaddrs[:min(len(r.Multiaddrs), markettypes.MaxAddresses)]
}

// suppliesFor returns what a new peer with n units supplies under an offer.
func (s *session) suppliesFor(o markettypes.Offer, n int, words []string) ([]markettypes.Supply, error) {
	given, err := s.supplies(words)
	if err != nil || o.PricedByUnit() {
		return given, err
	}
	for _, p := range o.Prices {
		r, err := s.resource(strconv.FormatUint(p.ResourceId, 10))
		if err != nil {
			return nil, err
		}
		own := markettypes.Supply{ResourceId: r.Id, Max: markettypes.VCPUPerUnit * uint64(n)}
		if r.Type == markettypes.ResourceRAM {
			own.Max *= markettypes.RAMPerVCPU
		}
		if there := slices.ContainsFunc(given, func(g markettypes.Supply) bool { return g.ResourceId == r.Id }); !there && r.Type <= markettypes.ResourceRAM {
			given = append(given, own)
		}
	}
	slices.SortFunc(given, func(a, b markettypes.Supply) int { return int(a.ResourceId) - int(b.ResourceId) })
	return given, nil
}

// supplies reads words like ram=16384.
func (s *session) supplies(words []string) ([]markettypes.Supply, error) {
	list, err := pairs("supply", words)
	if err != nil {
		return nil, err
	}
	var out []markettypes.Supply
	for _, w := range list {
		n, err := strconv.ParseUint(w[1], 10, 64)
		if err != nil {
			return nil, term.Usage("write it like --supply ram=16384", "--supply %s: %q is no number", w[0], w[1])
		}
		r, err := s.resource(w[0])
		if err != nil {
			return nil, err
		}
		out = append(out, markettypes.Supply{ResourceId: r.Id, Max: n})
	}
	slices.SortFunc(out, func(a, b markettypes.Supply) int { return int(a.ResourceId) - int(b.ResourceId) })
	return out, nil
}

func supplyRows(list []markettypes.Supply) (rows [][2]string) {
	for _, s := range list {
		rows = append(rows, [2]string{fmt.Sprintf("supply of resource %d", s.ResourceId), fmt.Sprint(s.Max)})
	}
	return rows
}

// peers returns the peers of an offer.
func (s *session) peers(offer []byte) (list []markettypes.Peer, err error) {
	err = pages(func(req *query.PageRequest) (*query.PageResponse, error) {
		res, err := s.market.Peers(s.context(), &markettypes.QueryPeersRequest{OfferId: text(offer), Pagination: req})
		if err != nil {
			return nil, err
		}
		list = append(list, res.Peers...)
		return res.Pagination, nil
	})
	return list, err
}

// peersOf returns the peers of all offers of a provider, by id.
func (s *session) peersOf(provider string) (list []markettypes.Peer, err error) {
	offers, err := s.offers(provider)
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		in, err := s.peers(o.Id)
		if err != nil {
			return nil, err
		}
		list = append(list, in...)
	}
	slices.SortFunc(list, func(a, b markettypes.Peer) int { return bytes.Compare(a.Id, b.Id) })
	return list, nil
}

// peerView is a peer for programs.
type peerView struct {
	PeerID       string    `json:"peer_id"`
	OfferID      string    `json:"offer_id"`
	Owner        string    `json:"owner"`
	CommitmentID *string   `json:"commitment_id"`
	Units        uint64    `json:"units"`
	InDeals      uint64    `json:"units_in_deals"`
	Draining     bool      `json:"draining"`
	Maintenance  [2]uint64 `json:"maintenance"` // first epoch and the one after the last; 0 and 0 for none
	Addresses    []string  `json:"addresses"`
}

func viewPeer(p markettypes.Peer) peerView {
	v := peerView{
		PeerID: peerText(p.Id), OfferID: text(p.OfferId), Owner: p.Owner, Units: p.UnitCount, InDeals: p.TakenCount,
		Draining: p.Draining, Maintenance: [2]uint64{p.Maintenance.From, p.Maintenance.Until}, Addresses: append([]string{}, p.Addresses...),
	}
	if len(p.CommitmentId) > 0 {
		id := text(p.CommitmentId)
		v.CommitmentID = &id
	}
	return v
}

func peerListCommand() *cobra.Command {
	var provider string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List your peers, or those of another provider",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := open(cmd)
			if err != nil {
				return err
			}
			if provider == "" {
				if provider, err = s.sender(); err != nil {
					return err
				}
			}
			list, err := s.peersOf(provider)
			if err != nil {
				return err
			}
			views, rows := []peerView{}, [][]string{}
			for _, p := range list {
				v := viewPeer(p)
				views = append(views, v)
				commitment, state := "none", "taking deals"
				if v.CommitmentID != nil {
					commitment = *v.CommitmentID
				}
				if v.Draining {
					state = "draining"
				}
				rows = append(rows, []string{v.PeerID, fmt.Sprintf("%d (%d in deals)", v.Units, v.InDeals), state, commitment})
			}
			return s.table(views, []string{"PEER", "UNITS", "STATE", "COMMITMENT"}, rows)
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "account of another provider")
	return cmd
}
