// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/air"
	appcmd "github.com/go-fluence/fluence/cmd/fluenced/app"
	"github.com/go-fluence/fluence/cmd/fluenced/chaincmd"
	"github.com/go-fluence/fluence/cmd/fluenced/deal"
	"github.com/go-fluence/fluence/cmd/fluenced/devnet"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/marine"
	"github.com/go-fluence/fluence/cmd/fluenced/name"
	"github.com/go-fluence/fluence/cmd/fluenced/network"
	"github.com/go-fluence/fluence/cmd/fluenced/particle"
	"github.com/go-fluence/fluence/cmd/fluenced/peer"
	"github.com/go-fluence/fluence/cmd/fluenced/perimeter"
	"github.com/go-fluence/fluence/cmd/fluenced/provider"
	"github.com/go-fluence/fluence/cmd/fluenced/randomx"
	"github.com/go-fluence/fluence/cmd/fluenced/state"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/cmd/fluenced/testnet"
	"github.com/go-fluence/fluence/cmd/fluenced/trust"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
)

// noun is one command below the root. Its tree is built only when the command line
// names it: help for the root must not wait for the hundreds of commands below tx
// and query.
type noun struct {
	group string
	use   string
	short string
	build func() *cobra.Command
}

// Groups of the root's help.
const (
	groupRun   = "run"
	groupChain = "chain"
	groupPeer  = "peer"
	groupTools = "tools"
)

func nouns() []noun {
	return []noun{
		{groupRun, "devnet", "Run a whole network on this machine, to try things out", devnet.Command},
		{groupRun, "init", "Create the home of a validator", network.InitCommand},
		{groupRun, "start", "Run the validator and its peer", validator.StartCommand},
		{groupRun, "node", "Run or inspect the validator process alone", validator.Command},
		{groupRun, "testnet", "Prepare a network of validators on separate machines", testnet.Command},
		{groupRun, "config", "Show every key of the configuration with meaning, unit and default", home.ConfigCommand},

		{groupChain, "keys", "Manage the keys of accounts", chaincmd.Keys},
		{groupChain, "tx", "Sign and send transactions", chaincmd.Tx},
		{groupChain, "query", "Read the chain", chaincmd.Query},
		{groupChain, "status", "Show how a validator is doing", chaincmd.Status},
		{groupChain, "genesis", "Prepare and check the first state of a network", chaincmd.Genesis},
		{groupChain, "name", "Register, renew, set and resolve global names", name.Command},
		{groupChain, "state", "Prove a value of the state, or find where two states differ", state.Command},
		{groupChain, "export", "Write the state as a genesis", chaincmd.Export},

		{groupPeer, "peer", "Run the particle peer, or look at a running one", peer.Command},
		{groupPeer, "provider", "Offer machines, pledge their capacity, collect rewards", provider.Command},
		{groupPeer, "particle", "Send a script, or see the way a particle took", particle.Command},

		{groupPeer, "deal", "Rent workers that run your app, pay for them, end the deal", deal.Command},
		{groupTools, "app", "Pack an application and put it onto peers", appcmd.Command},
		{groupPeer, "perimeter", "Make and change security perimeters, and see why calls were denied", perimeter.Command},
		{groupPeer, "trust", "Make, check and bring about certificates and revocations", trust.Command},

		{groupTools, "air", "Check, lay out and run AIR scripts", air.Command},
		{groupTools, "marine", "Inspect, build and call Wasm modules", marine.Command},
		{groupTools, "randomx", "Hash, measure and test RandomX", randomx.Command},
		{groupTools, "version", "Show the version of this program", versionCommand},
	}
}

// newRoot builds the root command with the one subtree that args name.
func newRoot(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "fluenced",
		Short: "A Fluence network node: validator, particle peer and their commands",
		Long: `fluenced is a whole Fluence network node: a validator of the chain, the
particle peer beside it, and the commands with which people use both.

A network on this machine, to try things out:
  fluenced devnet --home ./devnet

A validator of your own:
  fluenced init NAME
  fluenced start`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		Args:              cobra.ArbitraryArgs,
		RunE:              rootOnly,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.PersistentFlags().String("home", home.Default(), "folder of the validator ($"+home.Environ+")")
	for _, g := range []cobra.Group{{ID: groupRun, Title: "Run:"}, {ID: groupChain, Title: "Chain:"}, {ID: groupPeer, Title: "Peer:"}, {ID: groupTools, Title: "Tools:"}} {
		if slices.ContainsFunc(nouns(), func(n noun) bool { return n.group == g.ID }) {
			root.AddGroup(&g)
		}
	}
	root.SetHelpCommandGroupID(groupTools)
	root.SetCompletionCommandGroupID(groupTools)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return term.Usage("see: "+cmd.CommandPath()+" --help", "%w", err)
	})
	wanted := named(args)
	for _, n := range nouns() {
		cmd := &cobra.Command{Use: n.use, RunE: rootOnly}
		if slices.Contains(wanted, n.use) {
			cmd = n.build()
			usageErrors(cmd)
		}
		cmd.GroupID, cmd.Short = n.group, n.short
		root.AddCommand(cmd)
	}
	return root
}

// named returns the words of args that can be the noun: the first that is no flag,
// after the words with which a shell asks for completion and after help.
func named(args []string) []string {
	var words []string
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--home":
			i++
		case arg == "--" || strings.HasPrefix(arg, "-"):
		case arg == "help" || arg == "__complete" || arg == "__completeNoDesc":
		default:
			return append(words, arg, alias(arg))
		}
	}
	return words
}

// alias returns the noun a short form stands for.
func alias(word string) string {
	if word == "q" {
		return "query"
	}
	return ""
}

// rootOnly answers a command line without a known noun.
func rootOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := "fluenced --help lists all commands"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return term.Usage(hint, "unknown command %q", args[0])
}

// usageErrors turns what cobra says about arguments into usage errors.
func usageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return term.Usage("usage: "+c.UseLine(), "%w", err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageErrors(sub)
	}
}

// sourcePlace is where in its source a library made an error; people cannot use it.
var sourcePlace = regexp.MustCompile(` \[[^\]\s]+\.go:\d+\]`)

// tidied is an error whose text lacks the places in source.
type tidied struct {
	error
	text string
}

func (t tidied) Error() string { return t.text }
func (t tidied) Unwrap() error { return t.error }

// explain adds what to do to errors of libraries that people meet.
func explain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if sourcePlace.MatchString(text) {
		text = sourcePlace.ReplaceAllString(text, "")
		err = tidied{err, text}
	}
	var he *term.HintError
	if errors.As(err, &he) {
		return err
	}
	for _, known := range []struct{ part, hint string }{
		{"connection refused", "is the validator running? fluenced start runs it; --node names another one"},
		{"key not found", "fluenced keys list shows the keys of this home and --keyring-backend"},
		{"account not found", "the account gets onto the chain with the first coins it receives"},
		{"insufficient funds", "fluenced query bank balances ADDRESS shows what the account has"},
		{"insufficient fee", "raise the fee: --gas-prices 1000000000aflt, or --fees"},
		{"account sequence mismatch", "another transaction of this account was faster; try again"},
		{"out of gas", "raise the limit: --gas auto --gas-adjustment 1.5"},
		{"must be supplied", "see --help of the command for the flags it needs"},
		{"required flag", "see --help of the command for the flags it needs"},
		{"unknown command", "--help lists the commands"},
		{"no such file or directory", "check the path; --home names the folder of the validator"},
		{"incorrect passphrase", "the keys of --keyring-backend file open only with the passphrase they were made with"},
		{"too many failed passphrase attempts", "the keys of --keyring-backend file open only with the passphrase they were made with"},
	} {
		if strings.Contains(text, known.part) {
			if strings.Contains("unknown command required flag must be supplied", known.part) {
				return term.Usage(known.hint, "%w", err)
			}
			return term.Hint(err, "%s", known.hint)
		}
	}
	return err
}

// versionCommand shows what was built from what.
func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "version",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := buildVersion()
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "fluenced %s\nrevision %s\n%s, %s\n", v.Version, cmp.Or(v.Revision, "unknown"), v.Go, v.Platform)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
