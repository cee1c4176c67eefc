// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"errors"
	"fmt"
	"io/fs"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/beacon"
)

// registration is what fluenced tx beacon register-key wants.
type registration struct {
	ChainID  string `json:"chain_id"`
	Operator string `json:"operator,omitempty"` // valoper address
	Key      []byte `json:"key"`                // VRF public key, 32 bytes
	Proof    []byte `json:"proof,omitempty"`    // of possession, 80 bytes
}

// vrfCommand shows the VRF key of a home, and proves that an operator holds it.
func vrfCommand() *cobra.Command {
	var asJSON, fresh bool
	cmd := &cobra.Command{
		Use:   "vrf [OPERATOR]",
		Short: "Show the VRF key of this home, and what registers it for an operator",
		Long: `Show the public key with which this validator takes part in the beacon. With the
operator's address, show the proof that registers it too. The key counts from the
second epoch after the registration; keep the old file in place until then.

  fluenced node vrf fluencevaloper1... --json
  fluenced tx beacon register-key KEY PROOF --from validator`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := dirOf(cmd)
			if err != nil {
				return err
			}
			r, err := register(dir, args, fresh)
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), r)
			}
			rows := [][]string{{"key", fmt.Sprintf("%x", r.Key)}}
			if r.Proof != nil {
				rows = append(rows, []string{"operator", r.Operator}, []string{"proof", fmt.Sprintf("%x", r.Proof)})
			}
			return term.Table(cmd.OutOrStdout(), []string{"network", r.ChainID}, rows)
		},
	}
	cmd.Flags().BoolVar(&fresh, "new", false, "make the key first; a home that has one keeps it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with bytes in base64")
	return cmd
}

func register(dir home.Dir, args []string, fresh bool) (registration, error) {
	chainID, err := home.ChainID(dir.Genesis())
	if err != nil {
		return registration{}, err
	}
	if fresh {
		if _, err := home.NewVRFKey(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return registration{}, err
		}
	}
	key, err := home.LoadVRFKey(dir)
	if err != nil {
		return registration{}, err
	}
	r := registration{ChainID: chainID, Key: key.Public()}
	if len(args) == 1 {
		params.SetSDKConfig()
		operator, err := sdk.ValAddressFromBech32(args[0])
		if err != nil {
			return r, term.Usage("give the validator's operator address, which starts with fluencevaloper", "operator %q: %v", args[0], err)
		}
		r.Operator, r.Proof = args[0], key.Prove(beacon.PossessionAlpha(chainID, operator))
	}
	return r, nil
}

// vrfKey returns the home's key, or nil with a note when there is none: such a
// validator proposes blocks without outputs.
func vrfKey(s *home.Settings, note func(msg string, kv ...any)) (*beacon.Key, error) {
	key, err := home.LoadVRFKey(s.Home)
	if errors.Is(err, home.ErrNoVRFKey) {
		note("no VRF key: this validator gives no outputs to the beacon", "path", s.Home.VRFKey())
		return nil, nil
	}
	return key, err
}
