// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/log/v2"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	"github.com/cosmos/cosmos-sdk/store/v2/wrapper"
	"github.com/cosmos/iavl"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
)

// Difference is one key that two states do not share.
type Difference struct {
	Store  string  `json:"store"`
	KeyHex string  `json:"key_hex"`
	A      *string `json:"a"` // value in the first home, hex; nil when absent
	B      *string `json:"b"` // value in the second
}

// Comparison is what diff found.
type Comparison struct {
	Height      int64        `json:"height"`
	Equal       bool         `json:"equal"`
	Stores      []string     `json:"stores"` // whose roots differ
	Differences []Difference `json:"differences"`
}

func diffCommand() *cobra.Command {
	var height int64
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff HOME1 HOME2",
		Short: "Find the first keys in which the states of two validators differ",
		Long: `Compare the states of two stopped validators at one height, store by store, and
show the first keys that differ: where to look after validators disagreed about an
app hash. Exit code 1 when they differ.

  fluenced state diff ./validator-0 ./validator-1 --height 1200`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if height < 0 || limit < 1 {
				return term.Usage("--height 0 is the newest height both have", "--height %d --limit %d", height, limit)
			}
			c, err := compare(home.Dir(args[0]), home.Dir(args[1]), height, limit)
			if err != nil {
				return err
			}
			if asJSON {
				err = term.JSON(cmd.OutOrStdout(), c)
			} else {
				err = c.print(cmd)
			}
			if err == nil && !c.Equal {
				err = fmt.Errorf("states differ at height %d", c.Height)
			}
			return err
		},
	}
	cmd.Flags().Int64Var(&height, "height", 0, "block height, 0 for the newest both have")
	cmd.Flags().IntVar(&limit, "limit", 10, "keys shown per store")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c Comparison) print(cmd *cobra.Command) error {
	if c.Equal {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "equal at height %d\n", c.Height)
		return err
	}
	for _, d := range c.Differences {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s 0x%s\n  HOME1 %s\n  HOME2 %s\n", d.Store, d.KeyHex, orAbsent(d.A), orAbsent(d.B))
		if err != nil {
			return err
		}
	}
	return nil
}

func orAbsent(hexValue *string) string {
	if hexValue == nil {
		return "(absent)"
	}
	return "0x" + *hexValue
}

// side is the state of one home.
type side struct {
	db     dbm.DB
	latest int64
	roots  map[string][]byte // of the stores at the height
}

func open(d home.Dir) (*side, error) {
	s, err := home.Load(d)
	if err != nil {
		return nil, err
	}
	db, err := validator.OpenState(s)
	if err != nil {
		return nil, err
	}
	return &side{db: db, latest: rootmulti.GetLatestVersion(db)}, nil
}

// at reads the roots of all stores at a height.
func (s *side) at(height int64) error {
	info, err := rootmulti.NewStore(s.db, log.NewNopLogger()).GetCommitInfo(height)
	if err != nil {
		return term.Hint(fmt.Errorf("height %d: %w", height, err), "pruning keeps only some heights; the newest is %d", s.latest)
	}
	s.roots = map[string][]byte{}
	for _, st := range info.StoreInfos {
		s.roots[st.Name] = st.CommitId.Hash
	}
	return nil
}

// tree opens one store at a height.
func (s *side) tree(name string, height int64) (*iavl.ImmutableTree, error) {
	prefixed := dbm.NewPrefixDB(s.db, []byte("s/k:"+name+"/"))
	tree, err := iavl.NewMutableTree(wrapper.NewDBWrapper(prefixed), 1000, true, log.NewNopLogger()).GetImmutable(height)
	if err != nil {
		return nil, fmt.Errorf("store %s, height %d: %w", name, height, err)
	}
	return tree, nil
}

func compare(dirA, dirB home.Dir, height int64, limit int) (c Comparison, err error) {
	a, err := open(dirA)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, a.db.Close()) }()
	b, err := open(dirB)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, b.db.Close()) }()
	if height == 0 {
		height = min(a.latest, b.latest)
	}
	c = Comparison{Height: height, Stores: []string{}, Differences: []Difference{}}
	if err := errors.Join(a.at(height), b.at(height)); err != nil {
		return c, err
	}
	for _, name := range names(a.roots, b.roots) {
		rootA, inA := a.roots[name]
		rootB, inB := b.roots[name]
		if inA && inB && bytes.Equal(rootA, rootB) {
			continue
		}
		c.Stores = append(c.Stores, name)
		found, err := differences(a, b, name, height, limit)
		if err != nil {
			return c, err
		}
		c.Differences = append(c.Differences, found...)
	}
	c.Equal = len(c.Stores) == 0
	return c, nil
}

// names returns the stores of both sides, sorted.
func names(a, b map[string][]byte) []string {
	var all []string
	for name := range a {
		all = append(all, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// differences walks both trees side by side.
func differences(a, b *side, name string, height int64, limit int) ([]Difference, error) {
	var found []Difference
	left, err := entries(a, name, height)
	if err != nil {
		return nil, err
	}
	defer func() { _ = left.Close() }()
	right, err := entries(b, name, height)
	if err != nil {
		return nil, err
	}
	defer func() { _ = right.Close() }()
	for len(found) < limit && (left.Valid() || right.Valid()) {
		var order int
		switch {
		case !left.Valid():
			order = 1
		case !right.Valid():
			order = -1
		default:
			order = bytes.Compare(left.Key(), right.Key())
		}
		if order != 0 || !bytes.Equal(left.Value(), right.Value()) {
			d := Difference{Store: name}
			if order <= 0 {
				d.KeyHex, d.A = hex.EncodeToString(left.Key()), hexOf(left.Value())
			}
			if order >= 0 {
				d.KeyHex, d.B = hex.EncodeToString(right.Key()), hexOf(right.Value())
			}
			found = append(found, d)
		}
		if order <= 0 {
			left.Next()
		}
		if order >= 0 {
			right.Next()
		}
	}
	return found, errors.Join(left.Error(), right.Error())
}

// iterator is what both kinds of database iterators have in common.
type iterator interface {
	Valid() bool
	Key() []byte
	Value() []byte
	Next()
	Error() error
	Close() error
}

// entries iterates over a store in key order; one that a side lacks is empty.
func entries(s *side, name string, height int64) (iterator, error) {
	if _, ok := s.roots[name]; !ok {
		return dbm.NewMemDB().Iterator(nil, nil)
	}
	tree, err := s.tree(name, height)
	if err != nil {
		return nil, err
	}
	return tree.Iterator(nil, nil, true)
}

func hexOf(b []byte) *string {
	text := hex.EncodeToString(b)
	return &text
}
