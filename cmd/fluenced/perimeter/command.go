// SPDX-License-Identifier: Apache-2.0

// Package perimeter is the commands that make and change security perimeters, and
// say why calls were admitted or denied.
package perimeter

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/x/perimeter/types"
)

// maxPolicy bounds a policy's file, and maxScript a script's.
const (
	maxPolicy = 1 << 20
	maxScript = 16 << 20
)

// Command returns fluenced perimeter with all it holds.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "perimeter", Short: "Make and change security perimeters, and see why calls were denied"}
	cmd.AddCommand(
		createCommand(), proposeCommand(), acceptCommand(), leaveCommand(), removeCommand(), rulesCommand(), scriptsCommand(),
		stateCommand("freeze", "Refuse every call into a perimeter", func(owner string, id []byte) sdk.Msg { return &types.MsgFreeze{Owner: owner, Perimeter: id} }),
		stateCommand("unfreeze", "End a freeze", func(owner string, id []byte) sdk.Msg { return &types.MsgUnfreeze{Owner: owner, Perimeter: id} }),
		stateCommand("dissolve", "End a perimeter for good", func(owner string, id []byte) sdk.Msg { return &types.MsgDissolve{Owner: owner, Perimeter: id} }),
		transferCommand(), stateCommand("take", "Take a perimeter that was offered to this account", func(sender string, id []byte) sdk.Msg {
			return &types.MsgAcceptOwnership{Sender: sender, Perimeter: id}
		}),
		showCommand(), explainCommand(),
	)
	return cmd
}

// parseID reads the hex of a perimeter's id.
func parseID(text string) ([]byte, error) {
	id, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(id) != types.IDBytes {
		return nil, term.Usage("fluenced query perimeter perimeters lists them", "%q is no id of %d hex digits", text, 2*types.IDBytes)
	}
	return id, nil
}

// sending adds what commands have that send a transaction.
func sending(cmd *cobra.Command) *cobra.Command {
	chaincmd.ConnectFlags(cmd.Flags())
	chaincmd.SendFlags(cmd.Flags())
	return cmd
}

// send makes messages for the sender, sends them and prints the new version.
func send(cmd *cobra.Command, plan chaincmd.Plan, build func(ctx client.Context, from string) ([]sdk.Msg, error)) error {
	ctx, err := chaincmd.Connect(cmd)
	if err != nil {
		return err
	}
	from, _, err := chaincmd.Sender(cmd, ctx)
	if err != nil {
		return err
	}
	msgs, err := build(ctx, from.String())
	if err != nil {
		return err
	}
	out, err := chaincmd.Send(cmd, ctx, plan, msgs...)
	if err != nil || out.Printed {
		return err
	}
	return report(cmd, out, msgs)
}

// report prints what the last message answered.
func report(cmd *cobra.Command, out chaincmd.Outcome, msgs []sdk.Msg) error {
	last := len(msgs) - 1
	result := struct {
		TxHash  string `json:"tx_hash"`
		Height  int64  `json:"height"`
		ID      string `json:"id,omitempty"`
		Version uint64 `json:"version"`
	}{TxHash: out.Hash, Height: out.Height, Version: 1}
	if _, ok := msgs[last].(*types.MsgCreate); ok {
		var res types.MsgCreateResponse
		if err := out.Response(last, &res); err != nil {
			return err
		}
		result.ID = hex.EncodeToString(res.Id)
	} else {
		// All other answers hold the version as their first field.
		var res types.MsgFreezeResponse
		if err := out.Response(last, &res); err != nil {
			return err
		}
		result.Version = res.Version
	}
	if asJSON, err := cmd.Flags().GetBool("json"); err != nil || asJSON {
		return errors.Join(err, term.JSON(cmd.OutOrStdout(), result))
	}
	text := fmt.Sprintf("version %d", result.Version)
	if result.ID != "" {
		text = result.ID
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}

// policyOf reads a policy's file.
func policyOf(file string) (types.Policy, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return types.Policy{}, term.Hint(err, "name a file with a policy; docs/spec/perimeter.md has ten")
	}
	if len(raw) > maxPolicy {
		return types.Policy{}, term.Usage("it is far too large for the chain", "%s has %d bytes", file, len(raw))
	}
	p, err := perimeter.ParsePolicy(raw)
	if err != nil {
		return types.Policy{}, term.Hint(err, "docs/spec/perimeter.md says what a policy is and has ten")
	}
	return types.NewPolicy(p)
}

func createCommand() *cobra.Command {
	var file, label string
	var nonce uint64
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Begin a perimeter, owned by the sender",
		Long: `Begin a perimeter and print its id. Its policy can be given at once, or set later with
fluenced perimeter rules; without one every call is denied.

  fluenced perimeter create --policy chat.json --label chat --from alice`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var p types.Policy
			var err error
			if file != "" {
				if p, err = policyOf(file); err != nil {
					return err
				}
			}
			if nonce == 0 {
				nonce = uint64(time.Now().UnixNano())
			}
			plan := chaincmd.Plan{Title: "Create a perimeter", Rows: [][2]string{{"label", label}, {"rules", fmt.Sprint(len(p.Rules))}}}
			return send(cmd, plan, func(_ client.Context, from string) ([]sdk.Msg, error) {
				return []sdk.Msg{&types.MsgCreate{Creator: from, Nonce: nonce, Label: label, Policy: p}}, nil
			})
		},
	}
	cmd.Flags().StringVar(&file, "policy", "", "file with the policy as JSON")
	cmd.Flags().StringVar(&label, "label", "", "what people call it, at most 64 bytes")
	cmd.Flags().Uint64Var(&nonce, "nonce", 0, "makes ids of one account's perimeters different (default the time)")
	return sending(cmd)
}

// parseMember reads a peer or deal, and a service.
func parseMember(args []string) (types.Subject, string, error) {
	s, err := types.ParseSubject(args[0])
	if err != nil {
		return s, "", term.Usage("a peer id looks like 12D3KooW..., a deal id like 0x and 40 hex digits", "%w", err)
	}
	if err := types.CheckService(args[1]); err != nil {
		return s, "", term.Usage("a service's id or alias, without dots", "%w", err)
	}
	return s, args[1], nil
}

func proposeCommand() *cobra.Command {
	var functions []string
	var role string
	cmd := &cobra.Command{
		Use:   "propose ID PEER|DEAL SERVICE",
		Short: "Offer a membership to the owner of a peer or deal",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			subject, service, err := parseMember(args[1:])
			if err != nil {
				return err
			}
			terms := types.Terms{Functions: functions, Role: role}
			if err := terms.Validate(); err != nil {
				return term.Usage("names have no dots, roles are of a-z, 0-9, - and _", "%w", err)
			}
			plan := chaincmd.Plan{Title: "Propose a member", Rows: [][2]string{{"of", subject.Text()}, {"service", service}, {"role", role}, {"functions", strings.Join(functions, ", ")}}}
			return send(cmd, plan, func(_ client.Context, from string) ([]sdk.Msg, error) {
				return []sdk.Msg{&types.MsgProposeMembers{Owner: from, Perimeter: id, Proposals: []types.Proposal{{Subject: subject, Service: service, Terms: terms}}}}, nil
			})
		},
	}
	cmd.Flags().StringSliceVar(&functions, "functions", nil, "functions that belong to it (default all)")
	cmd.Flags().StringVar(&role, "role", "", "name that rules use for it")
	return sending(cmd)
}

func acceptCommand() *cobra.Command {
	var follow bool
	var policy uint64
	cmd := &cobra.Command{
		Use:   "accept ID PEER|DEAL SERVICE",
		Short: "Make a service of the sender's a member, under the current policy",
		Long: `Accept a proposed membership, or the current policy anew. The sender is the wallet
bound to the peer, its owner or provider on the market, or the owner of the deal.
Until a later policy is accepted, calls have to pass this one too; --follow accepts
every later one.

  fluenced perimeter accept 5f2c... 12D3KooW... history --from bob`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			subject, service, err := parseMember(args[1:])
			if err != nil {
				return err
			}
			notes := []string{"fluenced perimeter show " + args[0] + " shows the policy"}
			if follow {
				notes = append(notes, "every later policy counts without being accepted")
			}
			plan := chaincmd.Plan{Title: "Accept a membership", Rows: [][2]string{{"of", subject.Text()}, {"service", service}}, Notes: notes}
			return send(cmd, plan, func(ctx client.Context, from string) ([]sdk.Msg, error) {
				number := policy
				if number == 0 {
					res, err := types.NewQueryClient(ctx).Perimeter(cmd.Context(), &types.QueryPerimeterRequest{Id: args[0]})
					if err != nil {
						return nil, err
					}
					number = res.Version.Policy
				}
				return []sdk.Msg{&types.MsgAcceptMembership{Sender: from, Perimeter: id, Subject: subject, Service: service, Policy: number, Follow: follow}}, nil
			})
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "accept every later policy too")
	cmd.Flags().Uint64Var(&policy, "policy", 0, "number of the policy that was read (default the current one)")
	return sending(cmd)
}

func leaveCommand() *cobra.Command {
	return sending(&cobra.Command{
		Use:   "leave ID PEER|DEAL SERVICE",
		Short: "End a membership of the sender's, or refuse a proposal",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return membership(cmd, args, "Leave a perimeter", func(from string, id []byte, s types.Subject, service string) sdk.Msg {
				return &types.MsgLeaveMembership{Sender: from, Perimeter: id, Subject: s, Service: service}
			})
		},
	})
}

func removeCommand() *cobra.Command {
	return sending(&cobra.Command{
		Use:   "remove ID PEER|DEAL SERVICE",
		Short: "End a membership of an own perimeter, or withdraw a proposal",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return membership(cmd, args, "Remove a member", func(from string, id []byte, s types.Subject, service string) sdk.Msg {
				return &types.MsgRemoveMembers{Owner: from, Perimeter: id, Members: []types.MemberRef{{Subject: s, Service: service}}}
			})
		},
	})
}

func membership(cmd *cobra.Command, args []string, title string, msg func(from string, id []byte, s types.Subject, service string) sdk.Msg) error {
	id, err := parseID(args[0])
	if err != nil {
		return err
	}
	subject, service, err := parseMember(args[1:])
	if err != nil {
		return err
	}
	plan := chaincmd.Plan{Title: title, Rows: [][2]string{{"perimeter", args[0]}, {"of", subject.Text()}, {"service", service}}}
	return send(cmd, plan, func(_ client.Context, from string) ([]sdk.Msg, error) {
		return []sdk.Msg{msg(from, id, subject, service)}, nil
	})
}

func rulesCommand() *cobra.Command {
	return sending(&cobra.Command{
		Use:   "rules ID FILE",
		Short: "Replace the policy of an own perimeter",
		Long: `Set rules, transparent functions, greatest TTL, roots, scripts and backends to those
of FILE, all in one transaction. Members that do not follow are bound by what is
widened only when they accept it.

  fluenced perimeter rules 5f2c... chat.json --from alice`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			p, err := policyOf(args[1])
			if err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "Replace the policy", Rows: [][2]string{{"perimeter", args[0]}, {"rules", strconv.Itoa(len(p.Rules))}, {"roots", strconv.Itoa(len(p.Roots))}, {"any script", fmt.Sprint(p.Scripts.Any)}}}
			return send(cmd, plan, func(_ client.Context, from string) ([]sdk.Msg, error) {
				return []sdk.Msg{
					&types.MsgSetRules{Owner: from, Perimeter: id, Rules: p.Rules, Transparent: p.Transparent, MaxTtlMs: p.MaxTtlMs},
					&types.MsgSetRoots{Owner: from, Perimeter: id, Roots: p.Roots},
					&types.MsgSetScripts{Owner: from, Perimeter: id, Scripts: p.Scripts},
					&types.MsgSetBackends{Owner: from, Perimeter: id, Backends: p.Backends},
				}, nil
			})
		},
	})
}

func scriptsCommand() *cobra.Command {
	var anyScript, dry bool
	cmd := &cobra.Command{
		Use:   "scripts ID FILE...",
		Short: "Admit the scripts in files, by the CIDs of their exact bytes",
		Long: `Replace the admitted scripts of an own perimeter. --any admits every script. With
--print the CIDs are printed and nothing is sent.

  fluenced perimeter scripts 5f2c... chat.air --from alice`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			if anyScript == (len(args) > 1) {
				return term.Usage("name files, or give --any", "either scripts or every script")
			}
			s := types.Scripts{Any: anyScript}
			for _, file := range args[1:] {
				raw, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				if len(raw) > maxScript {
					return term.Usage("no peer takes it", "%s has %d bytes", file, len(raw))
				}
				s.Cids = append(s.Cids, perimeter.ScriptCID(sha256.Sum256(raw)))
			}
			if dry {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(s.Cids, "\n"))
				return err
			}
			plan := chaincmd.Plan{Title: "Replace the admitted scripts", Rows: [][2]string{{"perimeter", args[0]}, {"scripts", strings.Join(s.Cids, " ")}, {"any", fmt.Sprint(s.Any)}}}
			return send(cmd, plan, func(_ client.Context, from string) ([]sdk.Msg, error) {
				return []sdk.Msg{&types.MsgSetScripts{Owner: from, Perimeter: id, Scripts: s}}, nil
			})
		},
	}
	cmd.Flags().BoolVar(&anyScript, "any", false, "admit every script")
	cmd.Flags().BoolVar(&dry, "print", false, "print the CIDs and send nothing")
	return sending(cmd)
}

// stateCommand is a command of one message without more than a perimeter.
func stateCommand(use, short string, msg func(from string, id []byte) sdk.Msg) *cobra.Command {
	return sending(&cobra.Command{
		Use: use + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return send(cmd, chaincmd.Plan{Title: short, Rows: [][2]string{{"perimeter", args[0]}}}, func(_ client.Context, from string) ([]sdk.Msg, error) {
				return []sdk.Msg{msg(from, id)}, nil
			})
		},
	})
}

func transferCommand() *cobra.Command {
	return sending(&cobra.Command{
		Use: "transfer ID ACCOUNT", Short: "Offer an own perimeter to another account, which then takes it", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			plan := chaincmd.Plan{Title: "Offer a perimeter", Rows: [][2]string{{"perimeter", args[0]}, {"to", args[1]}}}
			return send(cmd, plan, func(_ client.Context, from string) ([]sdk.Msg, error) {
				return []sdk.Msg{&types.MsgTransferOwnership{Owner: from, Perimeter: id, NextOwner: args[1]}}, nil
			})
		},
	})
}
