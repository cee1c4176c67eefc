// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/x/perimeter/types"
)

// shown is the JSON form of show.
type shown struct {
	ID        string           `json:"id"`
	Version   uint64           `json:"version"`
	State     string           `json:"state"`
	Owner     string           `json:"owner"`
	NextOwner string           `json:"next_owner,omitempty"`
	Label     string           `json:"label,omitempty"`
	Number    uint64           `json:"policy_number"`
	Policy    perimeter.Policy `json:"policy"`
	Members   []shownMember    `json:"members"`
	Proposals []shownMember    `json:"proposals"`
}

type shownMember struct {
	Of        string   `json:"of"`
	Service   string   `json:"service"`
	Functions []string `json:"functions"`
	Role      string   `json:"role"`
	Policy    uint64   `json:"accepted_policy,omitempty"`
	Follow    bool     `json:"follow,omitempty"`
}

func showCommand() *cobra.Command {
	var version uint64
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a perimeter: its policy, members and proposals",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := parseID(args[0]); err != nil {
				return err
			}
			ctx, err := chaincmd.Connect(cmd)
			if err != nil {
				return err
			}
			s, err := look(cmd, types.NewQueryClient(ctx), args[0], version)
			if err != nil {
				return err
			}
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil || asJSON {
				return errors.Join(err, term.JSON(cmd.OutOrStdout(), s))
			}
			return s.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().Uint64Var(&version, "version", 0, "an older version (default the current one)")
	chaincmd.ConnectFlags(cmd.Flags())
	return cmd
}

func look(cmd *cobra.Command, q types.QueryClient, id string, version uint64) (*shown, error) {
	res, err := q.Perimeter(cmd.Context(), &types.QueryPerimeterRequest{Id: id, Version: version})
	if err != nil {
		return nil, err
	}
	v := res.Version
	s := &shown{
		ID: hex.EncodeToString(v.Id), Version: v.Version, State: perimeter.State(v.State).String(), Owner: v.Owner, NextOwner: v.NextOwner,
		Label: v.Label, Number: v.Policy, Members: []shownMember{}, Proposals: []shownMember{},
	}
	if s.Policy, err = res.Policy.Plain(); err != nil {
		return nil, err
	}
	for page := (&query.PageRequest{Limit: 500}); page != nil; {
		list, err := q.Members(cmd.Context(), &types.QueryMembersRequest{Id: id, Pagination: page})
		if err != nil {
			return nil, err
		}
		for i := range list.Members {
			m := &list.Members[i]
			if at := m.At(v.Version); at != nil {
				s.Members = append(s.Members, shownMember{m.Subject.Text(), m.Service, at.Terms.Functions, at.Terms.Role, at.Policy, at.Follow})
			}
			if p := m.Proposed; p != nil && version == 0 {
				s.Proposals = append(s.Proposals, shownMember{Of: m.Subject.Text(), Service: m.Service, Functions: p.Functions, Role: p.Role})
			}
		}
		if page = nil; list.Pagination != nil && len(list.Pagination.NextKey) > 0 {
			page = &query.PageRequest{Key: list.Pagination.NextKey, Limit: 500}
		}
	}
	return s, nil
}

func (s *shown) print(w io.Writer) error {
	rows := [][]string{{"version", fmt.Sprint(s.Version)}, {"state", s.State}, {"owner", s.Owner}, {"label", s.Label}, {"policy", fmt.Sprint(s.Number)}}
	if s.NextOwner != "" {
		rows = append(rows, []string{"offered to", s.NextOwner})
	}
	if err := term.Table(w, []string{"perimeter", s.ID}, rows); err != nil {
		return err
	}
	rows = nil
	for _, m := range s.Members {
		accepted := fmt.Sprint(m.Policy)
		if m.Follow {
			accepted = "follows"
		}
		rows = append(rows, []string{m.Of, m.Service, orAll(m.Functions), m.Role, accepted})
	}
	for _, m := range s.Proposals {
		rows = append(rows, []string{m.Of, m.Service, orAll(m.Functions), m.Role, "proposed"})
	}
	if err := term.Table(w, []string{"MEMBER", "SERVICE", "FUNCTIONS", "ROLE", "POLICY"}, rows); err != nil {
		return err
	}
	return term.JSON(w, s.Policy)
}

func orAll(list []string) string {
	if len(list) == 0 {
		return "all"
	}
	return strings.Join(list, ",")
}

// judged is one call in a peer's record.
type judged struct {
	AtUS     int64           `json:"at_us"`
	Peer     string          `json:"peer"`
	Particle string          `json:"particle"`
	Service  string          `json:"service"`
	Function string          `json:"function"`
	Decision json.RawMessage `json:"decision"`
}

func explainCommand() *cobra.Command {
	var particle, service string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain --particle ID",
		Short: "Say step by step why calls of a particle were admitted or denied",
		Long: `Show how the door of the peers of --home judged the calls of a particle, allowed ones
too. Peers record it while their trace is on; an id may be shortened. Builtins guard
themselves and are not listed.

  fluenced perimeter explain --particle fl1.64.7bWp --service history --home ./devnet`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if particle == "" {
				return term.Usage("name it with --particle; its first characters are enough", "no particle given")
			}
			home, err := cmd.Flags().GetString("home")
			if err != nil {
				return err
			}
			list, err := recorded(home, particle, service)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), list)
			}
			for _, j := range list {
				if err := j.print(cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&particle, "particle", "", "id of the particle, or how it begins")
	cmd.Flags().StringVar(&service, "service", "", "calls of this service only, as the script spells it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// recorded reads the decisions from all records below home.
func recorded(home, particle, service string) ([]judged, error) {
	folders := []string{filepath.Join(home, "peer", core.TraceFolder)}
	for _, deep := range []string{"*", "*/*"} {
		more, err := filepath.Glob(filepath.Join(home, deep, "peer", core.TraceFolder))
		if err != nil {
			return nil, err
		}
		folders = append(folders, more...)
	}
	found, list := 0, []judged{}
	for _, f := range folders {
		err := store.ReadRing(f, func(line []byte) {
			var e pipeline.Event
			if json.Unmarshal(line, &e) != nil || e.Kind != pipeline.EventDoor || !strings.HasPrefix(e.Particle, particle) || service != "" && e.Service != service {
				return
			}
			list = append(list, judged{e.At, e.Peer, e.Particle, e.Service, e.Function, e.Detail})
		})
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found++
	}
	switch {
	case found == 0:
		return nil, term.Hint(errors.New("no peer has a record here"), "--home names the folder of a peer or of a devnet; trace = true in peer.toml has it recorded")
	case len(list) == 0:
		return nil, term.Hint(fmt.Errorf("no judged call of particle %q is recorded", particle), "builtins are not judged; --service spells a service as the script does")
	}
	return list, nil
}

func (j judged) print(w io.Writer) error {
	var d struct {
		Outcome, Code, Perimeter, Hint string
		Version                        uint64
		Steps                          []perimeter.Step
	}
	if err := json.Unmarshal(j.Decision, &d); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s.%s on %s: %s %s\n", j.Service, j.Function, j.Peer, d.Outcome, d.Code); err != nil {
		return err
	}
	for _, s := range d.Steps {
		mark := "passed"
		if !s.Passed {
			mark = "FAILED"
		}
		if _, err := fmt.Fprintf(w, "  step %d %s  %s\n", s.Number, mark, s.Text); err != nil {
			return err
		}
	}
	if d.Hint == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "  hint: %s\n", d.Hint)
	return err
}
