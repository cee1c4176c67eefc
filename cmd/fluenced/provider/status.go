// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdkmath "cosmossdk.io/math"
	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// hashRateMetric is the gauge by which a peer tells the hashes per second of its prover.
const hashRateMetric = "fluence_prover_hash_rate"

// maxMetricsBytes bounds what is read of a peer's metrics.
const maxMetricsBytes = 16 << 20

// page is fluenced provider status for programs. Amounts are in aflt.
type page struct {
	Epoch     uint64       `json:"epoch"`
	MinProofs uint32       `json:"min_proofs"` // a unit needs these in every epoch
	MaxProofs uint32       `json:"max_proofs"` // more do not count
	HashRate  *float64     `json:"hash_rate"`  // hashes per second of the peer in --home; null when not known
	Peers     []peerStatus `json:"peers"`
	Units     []unitStatus `json:"units"`
}

// peerStatus is one peer with its commitment and rewards.
type peerStatus struct {
	peerView
	Commitment *commitmentView `json:"commitment"`
	Rewards    *rewardView     `json:"rewards"`

	vested, unvested, slashed sdkmath.Int
}

// unitStatus is one unit. State is free, proving, waiting, in_deal or exited.
type unitStatus struct {
	UnitID      string  `json:"unit_id"`
	PeerID      string  `json:"peer_id"`
	State       string  `json:"state"`
	DealID      *string `json:"deal_id"`
	ProofsEpoch uint32  `json:"proofs_epoch"`
	ProofsTotal uint64  `json:"proofs_total"`
	Successes   uint64  `json:"successes"`
	Failures    uint64  `json:"failures"`
	Slashed     string  `json:"slashed"`
}

func statusCommand() *cobra.Command {
	var provider, peer string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show on one page how your peers prove and what they earn",
		Long: `Show units, proofs of this epoch against the minimum, hash rate, failures left,
rewards and slashed collateral: of the peer in --home, of --peer, or of all peers of
--provider.

  fluenced provider status --home /srv/peer
  fluenced provider status --provider fluence1... --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if provider != "" && peer != "" {
				return term.Usage("give one of them", "--provider and --peer are both given")
			}
			s, err := open(cmd)
			if err != nil {
				return err
			}
			peers, err := s.statusPeers(provider, peer)
			if err != nil {
				return err
			}
			p, err := s.page(peers)
			if err != nil {
				return err
			}
			if s.json() {
				return term.JSON(cmd.OutOrStdout(), p)
			}
			return p.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "account whose peers to show")
	cmd.Flags().StringVar(&peer, "peer", "", "peer to show")
	return cmd
}

// statusPeers returns the peers to show: those asked for, the one in --home, or
// those of the account that --from names.
func (s *session) statusPeers(provider, peer string) ([]markettypes.Peer, error) {
	if provider != "" {
		return s.peersOf(provider)
	}
	var id []byte
	switch key, err := peerKey(s.cmd); {
	case peer != "":
		if id, err = parsePeer(peer); err != nil {
			return nil, err
		}
	case err == nil:
		id = key.Public().(ed25519.PublicKey)
	default:
		me, senderErr := s.sender()
		if senderErr != nil {
			return nil, err
		}
		return s.peersOf(me)
	}
	res, err := s.market.Peer(s.context(), &markettypes.QueryPeerRequest{PeerId: text(id)})
	if missing(err) {
		return nil, term.Hint(fmt.Errorf("peer %s is in no offer", peerText(id)), "fluenced provider peer add offers it; --provider shows all peers of an account")
	}
	if err != nil {
		return nil, err
	}
	return []markettypes.Peer{res.Peer}, nil
}

func (s *session) page(peers []markettypes.Peer) (page, error) {
	p := page{Peers: []peerStatus{}, Units: []unitStatus{}, HashRate: s.hashRate()}
	e, err := s.epoch.Current(s.context(), &epochtypes.QueryCurrentRequest{})
	if err != nil {
		return p, err
	}
	rules, err := s.capacity.EpochParams(s.context(), &capacitytypes.QueryEpochParamsRequest{})
	if err != nil {
		return p, err
	}
	p.Epoch, p.MinProofs, p.MaxProofs = e.Current.Number, rules.Params.MinProofs, rules.Params.MaxProofs
	for _, peer := range peers {
		ps := peerStatus{peerView: viewPeer(peer), vested: sdkmath.ZeroInt(), unvested: sdkmath.ZeroInt(), slashed: sdkmath.ZeroInt()}
		pledged := map[string]capacitytypes.UnitView{}
		if len(peer.CommitmentId) > 0 {
			if pledged, err = s.pledged(peer.CommitmentId, &ps); err != nil {
				return p, err
			}
		}
		p.Peers = append(p.Peers, ps)
		units, err := s.units(peer.Id)
		if err != nil {
			return p, err
		}
		for _, u := range units {
			p.Units = append(p.Units, viewUnit(u, pledged))
		}
	}
	return p, nil
}

// pledged reads a peer's commitment into ps and returns its units by id.
func (s *session) pledged(id []byte, ps *peerStatus) (map[string]capacitytypes.UnitView, error) {
	res, err := s.commitment(text(id))
	if err != nil {
		return nil, err
	}
	c := viewCommitment(res.Commitment)
	ps.Commitment, ps.slashed = &c, res.Commitment.Slashed
	r, vested, unvested, err := s.reward(id)
	if err != nil {
		return nil, err
	}
	ps.Rewards, ps.vested, ps.unvested = &r, vested, unvested
	units, err := s.capacity.Units(s.context(), &capacitytypes.QueryUnitsRequest{Id: text(id)})
	if err != nil {
		return nil, err
	}
	out := make(map[string]capacitytypes.UnitView, len(units.Units))
	for _, u := range units.Units {
		out[string(u.UnitId)] = u
	}
	return out, nil
}

func viewUnit(u markettypes.Unit, pledged map[string]capacitytypes.UnitView) unitStatus {
	v := unitStatus{UnitID: text(u.Id), PeerID: peerText(u.PeerId), State: "free", Slashed: "0"}
	if c, ok := pledged[string(u.Id)]; ok {
		v.State = strings.ToLower(strings.TrimPrefix(capacitytypes.UnitState_name[int32(c.State)], "UNIT_STATE_"))
		v.ProofsEpoch, v.ProofsTotal, v.Successes, v.Failures, v.Slashed = c.ProofsEpoch, c.ProofsTotal, c.Successes, c.Failures, c.Slashed.String()
	}
	if len(u.DealId) > 0 {
		deal := text(u.DealId)
		v.State, v.DealID = "in_deal", &deal
	}
	return v
}

func (p page) print(w io.Writer) error {
	head := [][]string{{"proofs needed", fmt.Sprintf("%d per unit, %d count", p.MinProofs, p.MaxProofs)}}
	rate := "not known: no peer runs in --home, or it does not prove"
	if p.HashRate != nil {
		rate = fmt.Sprintf("%.2f hashes per second", *p.HashRate)
	}
	head = append(head, []string{"hash rate", rate})
	if err := term.Table(w, []string{"epoch", strconv.FormatUint(p.Epoch, 10)}, head); err != nil {
		return err
	}
	for _, peer := range p.Peers {
		rows := [][]string{{"offer", peer.OfferID}, {"units", fmt.Sprintf("%d, %d in deals", peer.Units, peer.InDeals)}}
		if peer.Draining {
			rows = append(rows, []string{"draining", "no further deals"})
		}
		if c := peer.Commitment; c == nil {
			rows = append(rows, []string{"commitment", "none: idle units earn nothing"})
		} else {
			rows = append(rows, [][]string{
				{"commitment", c.CommitmentID},
				{"status", fmt.Sprintf("%s, epochs %s", c.Status, c.term())},
				{"failures left", fmt.Sprintf("%d of %d", c.FailuresLeft, c.Failures+c.FailuresLeft)},
				{"rewards vested", flt(peer.vested)},
				{"rewards unvested", flt(peer.unvested)},
				{"slashed", flt(peer.slashed)},
			}...)
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := term.Table(w, []string{"peer", peer.PeerID}, rows); err != nil {
			return err
		}
		if err := p.printUnits(w, peer.PeerID); err != nil {
			return err
		}
	}
	return nil
}

func (p page) printUnits(w io.Writer, peer string) error {
	var rows [][]string
	for _, u := range p.Units {
		if u.PeerID == peer {
			rows = append(rows, []string{u.UnitID, u.State, fmt.Sprintf("%d/%d", u.ProofsEpoch, p.MinProofs), fmt.Sprint(u.ProofsTotal), fmt.Sprint(u.Failures)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return term.Table(w, []string{"UNIT", "STATE", "PROOFS NOW", "PROOFS", "FAILURES"}, rows)
}

// hashRate asks the peer that runs in --home; nil when it does not tell.
func (s *session) hashRate() *float64 {
	r, err := core.ReadReady(home.Dir(s.ctx.HomeDir).Join("peer"))
	if err != nil || r.HTTP == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.context(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, *r.HTTP+"/metrics", nil)
	if err != nil {
		return nil
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = res.Body.Close() }()
	return gauge(io.LimitReader(res.Body, maxMetricsBytes), hashRateMetric)
}

// gauge sums the samples of one metric; nil when there is none.
func gauge(r io.Reader, name string) *float64 {
	var sum *float64
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if _, labelled, ok := strings.Cut(rest, "}"); ok {
			rest = labelled
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			continue
		}
		v, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			continue
		}
		if sum == nil {
			sum = new(float64)
		}
		*sum += v
	}
	return sum
}

// missing reports whether the chain said that something is not there.
func missing(err error) bool { return status.Code(err) == codes.NotFound }

// lookedUp says in plain words that something asked for is not there.
func lookedUp(err error, what, id, hint string) error {
	if missing(err) {
		return term.Hint(fmt.Errorf("no %s %s on the chain", what, id), "%s", hint)
	}
	return err
}
