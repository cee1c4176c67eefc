// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/trust"
	trusttypes "github.com/go-fluence/fluence/x/trust/types"
)

// forms in which certificates are written.
const (
	formText   = "text"
	formJSON   = "json"
	formBinary = "binary"
)

func formFlag(cmd *cobra.Command, form *string) {
	cmd.Flags().StringVar(form, "form", formText, "how it is written: text, json or binary")
}

// write writes a certificate in a form.
func write(w io.Writer, c trust.Certificate, form string) error {
	var b []byte
	var err error
	switch form {
	case formText:
		b, err = c.MarshalText()
	case formJSON:
		if b, err = json.Marshal(c); err == nil {
			b = append(b, '\n')
		}
	case formBinary:
		b, err = c.Append(nil)
	default:
		return term.Usage("choose text, json or binary", "--form %s", form)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// life is how long a trust lasts; at most as long as a certificate has any use.
func life(d time.Duration) (uint64, error) {
	if d < time.Second {
		return 0, term.Usage("choose --life like 8760h", "life of %v", d)
	}
	return uint64(d / time.Second), nil
}

func rootCommand() *cobra.Command {
	var key, form string
	var lasts time.Duration
	var at int64
	cmd := &cobra.Command{
		Use:   "root",
		Short: "Begin certificates with a key that trusts itself",
		Long: `Print the first trust of a chain, signed by its own key. What follows is issued from
it. The root counts where a peer or a perimeter has it among its roots.

  fluenced trust root --key company.key > company.cert
  fluenced trust issue company.cert --key company.key --for 12D3KooW... > bob.cert`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			priv, own, err := signer(key)
			if err != nil {
				return err
			}
			seconds, err := life(lasts)
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), trust.Certificate{Chain: []trust.Trust{sign(priv, own, when(at), seconds)}}, form)
		},
	}
	keyFlag(cmd, &key)
	formFlag(cmd, &form)
	atFlag(cmd, &at)
	cmd.Flags().DurationVar(&lasts, "life", 10*8760*time.Hour, "how long it lasts")
	return cmd
}

func issueCommand() *cobra.Command {
	var key, form, to string
	var lasts time.Duration
	var at int64
	cmd := &cobra.Command{
		Use:   "issue FILE --for PEER",
		Short: "Add a trust to a certificate, signed by its last key",
		Long: `Print the certificate in FILE with one trust more. The key must be the last one of
the certificate.

  fluenced trust issue company.cert --key company.key --for 12D3KooW... --life 720h > bob.cert`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cs, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			if len(cs) != 1 || len(cs[0].Chain) == 0 {
				return term.Usage("fluenced trust root begins one", "%s holds %d certificates, want one", args[0], len(cs))
			}
			priv, own, err := signer(key)
			if err != nil {
				return err
			}
			c := cs[0]
			if last := c.Chain[len(c.Chain)-1].IssuedFor; last != own {
				return term.Usage("sign with the key of "+last.PeerID(), "the key of %s is not the last of the certificate", own.PeerID())
			}
			subject, err := peerKey(to)
			if err != nil {
				return err
			}
			seconds, err := life(lasts)
			if err != nil {
				return err
			}
			c.Chain = append(c.Chain, sign(priv, subject, when(at), seconds))
			return write(cmd.OutOrStdout(), c, form)
		},
	}
	keyFlag(cmd, &key)
	formFlag(cmd, &form)
	atFlag(cmd, &at)
	cmd.Flags().StringVar(&to, "for", "", "peer id that is trusted")
	cmd.Flags().DurationVar(&lasts, "life", 8760*time.Hour, "how long it lasts")
	return cmd
}

func revokeCommand() *cobra.Command {
	var key string
	var at int64
	var submit bool
	cmd := &cobra.Command{
		Use:   "revoke PEER",
		Short: "Say that a key no longer trusts a peer, and put it on the chain",
		Long: `Sign a revocation. Without --submit it is printed in the official JSON form; with it,
it is recorded on the chain, where every peer sees it.

  fluenced trust revoke 12D3KooW... --key company.key > bob.revocation
  fluenced trust revoke 12D3KooW... --key company.key --submit --from alice`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			subject, err := peerKey(args[0])
			if err != nil {
				return err
			}
			priv, own, err := signer(key)
			if err != nil {
				return err
			}
			if subject == own {
				return term.Usage("name another peer", "a key does not revoke itself")
			}
			r := trust.Revocation{Revoked: subject, RevokedAt: when(at), RevokedBy: own}
			r.Signature = trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(priv, r.SigningBytes())}
			if !submit {
				return term.JSON(cmd.OutOrStdout(), r)
			}
			return record(cmd, r)
		},
	}
	keyFlag(cmd, &key)
	atFlag(cmd, &at)
	cmd.Flags().BoolVar(&submit, "submit", false, "record it on the chain")
	chaincmd.ConnectFlags(cmd.Flags())
	chaincmd.SendFlags(cmd.Flags())
	return cmd
}

// record sends a revocation to the chain.
func record(cmd *cobra.Command, r trust.Revocation) error {
	ctx, err := chaincmd.Connect(cmd)
	if err != nil {
		return err
	}
	from, _, err := chaincmd.Sender(cmd, ctx)
	if err != nil {
		return err
	}
	out, err := chaincmd.Send(cmd, ctx, chaincmd.Plan{
		Title: "Revoke trust",
		Rows:  [][2]string{{"revoked", r.Revoked.PeerID()}, {"by", r.RevokedBy.PeerID()}, {"at", date(r.RevokedAt)}},
		Notes: []string{"it is permanent; a newer trust of the same key, anchored on the chain, undoes it"},
	}, &trusttypes.MsgRevoke{
		Sender: from.String(), Revoked: r.Revoked.Append(nil), RevokedBy: r.RevokedBy.Append(nil),
		RevokedAt: r.RevokedAt, Signature: r.Signature.Append(nil),
	})
	if err != nil || out.Printed {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", out.Hash)
	return err
}

func exportCommand() *cobra.Command {
	var form string
	var index int
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write a certificate in another form",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cs, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			if index < 0 || index >= len(cs) {
				return term.Usage("they are counted from 0", "--certificate %d of %d", index, len(cs))
			}
			return write(cmd.OutOrStdout(), cs[index], form)
		},
	}
	formFlag(cmd, &form)
	cmd.Flags().IntVar(&index, "certificate", 0, "which one of the file, counted from 0")
	return cmd
}
