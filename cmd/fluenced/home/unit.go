// SPDX-License-Identifier: Apache-2.0

package home

import (
	"regexp"
	"strings"
)

var durationText = regexp.MustCompile(`^([0-9.]+(ns|us|µs|ms|s|m|h))+$`)

// unit says in what a key is given, from its name and its default.
func unit(name string, value any) string {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(name, p) {
				return true
			}
		}
		return false
	}
	switch v := value.(type) {
	case bool:
		return "true or false"
	case []any:
		return "list"
	case string:
		switch {
		case durationText.MatchString(v):
			return "duration"
		case has("laddr", "address", "listen_addr", "statsd-addr", "node") && !has("node_key"):
			return "address"
		case has("file", "dir", "path"):
			return "path"
		case has("msg-size"):
			return "bytes"
		case isNumberText(v) && v != "":
			return "number"
		}
		return "text"
	}
	switch {
	case has("bytes", "payload_size", "body-limit", "response-max-size"):
		return "bytes"
	case has("rate"):
		return "bytes per second"
	case has("read-timeout", "write-timeout", "halt-time", "retention-time"):
		return "seconds"
	case has("height", "interval", "range", "retain", "feehistory-cap"):
		return "blocks"
	case has("gas"):
		return "gas"
	case has("min-tip", "price-limit"):
		return "aflt per gas"
	case has("price-bump"):
		return "percent"
	case has("txfee-cap"):
		return "FLT"
	}
	return "number"
}

// ownWords are the meanings of keys that upstream's files leave without a comment,
// or share one with the key above.
func ownWords() map[string]string {
	return map[string]string{
		"version":                                   "CometBFT version that wrote this file; not to be changed.",
		"p2p.handshake_timeout":                     "How long a new connection may take to prove who is on the other side.",
		"p2p.dial_timeout":                          "How long connecting to another validator may take.",
		"p2p.libp2p.scaler.min_workers":             "Fewest workers that handle messages of one kind at the same time.",
		"p2p.libp2p.scaler.max_workers":             "Most workers that handle messages of one kind at the same time.",
		"statesync.rpc_servers":                     "RPC servers, comma-separated and at least two, that the synced state is verified with.",
		"statesync.trust_height":                    "Height of a block you know to be right, from a source you trust.",
		"statesync.trust_hash":                      "Hash of the block at trust_height, in hex.",
		"statesync.trust_period":                    "How old the trusted block may be; about two thirds of the unbonding time.",
		"consensus.wal_file":                        "Log of consensus messages that a restart replays.",
		"consensus.create_empty_blocks":             "Make blocks without transactions too. The chain's epochs need them.",
		"consensus.create_empty_blocks_interval":    "Pause before a block without transactions.",
		"consensus.peer_gossip_sleep_duration":      "Pause between two messages to a peer that needs nothing.",
		"consensus.peer_query_maj23_sleep_duration": "Pause between two questions to a peer about votes it has seen.",
		"pruning":             "Which old states are kept: default, nothing (prune nothing), everything or custom.",
		"pruning-keep-recent": "Number of newest states kept with pruning = \"custom\".",
		"pruning-interval":    "Blocks between two prunings with pruning = \"custom\".",
	}
}

// meaning cleans the comment that stands above a key, or replaces it.
func meaning(dotted, comment string) string {
	if own, ok := ownWords()[dotted]; ok {
		return own
	}
	return strings.Join(strings.Fields(comment), " ")
}

// wrap breaks text into lines of at most width, each behind indent.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	if line != indent {
		b.WriteString(line + "\n")
	}
	return b.String()
}
