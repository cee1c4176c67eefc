// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/peer"
)

// FileName is the file in a devnet's folder that describes it while it runs.
const FileName = "devnet.json"

// Info describes a running devnet. Fields are only ever added.
type Info struct {
	ChainID    string      `json:"chain_id"`
	EVMChainID uint64      `json:"evm_chain_id"`
	Validators []Validator `json:"validators"`
	Accounts   []Account   `json:"accounts"`
	Demo       *Demo       `json:"demo"` // nil: none was set up
}

// Validator is one validator of a devnet. What belongs to its peer is null while
// it has none.
type Validator struct {
	Name          string   `json:"name"`
	Home          string   `json:"home"`
	PID           int      `json:"pid"`
	PeerPID       *int     `json:"peer_pid"`
	RPC           string   `json:"rpc"`        // CometBFT, http://HOST:PORT
	GRPC          string   `json:"grpc"`       // HOST:PORT
	REST          string   `json:"rest"`       // http://HOST:PORT
	JSONRPC       string   `json:"jsonrpc"`    // Ethereum, http://HOST:PORT
	JSONRPCWS     string   `json:"jsonrpc_ws"` // Ethereum, ws://HOST:PORT
	HTTP          *string  `json:"http"`       // the peer's, http://HOST:PORT
	PeerID        *string  `json:"peer_id"`
	Multiaddrs    []string `json:"multiaddrs"`
	ManagementKey *string  `json:"management_key"` // base64
}

// Account is one funded account, with its key.
type Account struct {
	Name          string `json:"name"`
	Bech32        string `json:"bech32"`
	Hex           string `json:"hex"`
	PrivateKeyHex string `json:"private_key_hex"`
}

// Demo is what the demo set up.
type Demo struct {
	DealID        string   `json:"deal_id"` // 0x and 40 lower-case hex digits
	AppCID        string   `json:"app_cid"`
	Provider      string   `json:"provider"`
	OfferID       string   `json:"offer_id"`
	CommitmentIDs []string `json:"commitment_ids"`
	Workers       []Worker `json:"workers"`
}

// Worker is one worker of the demo's deal.
type Worker struct {
	PeerID   string `json:"peer_id"`
	WorkerID string `json:"worker_id"`
}

// Read returns the description of the devnet that runs in dir.
func Read(dir string) (Info, error) {
	var info Info
	text, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return info, fmt.Errorf("%s: %w", FileName, err)
	}
	return info, nil
}

// describe fills in what is known before anything runs.
func (n *Network) describe(accounts []Account) {
	n.info = Info{ChainID: params.ChainIDLocal, EVMChainID: params.EVMChainIDLocal, Accounts: accounts}
	for i, m := range n.members {
		n.info.Validators = append(n.info.Validators, Validator{
			Name: fmt.Sprintf("validator-%d", i), Home: string(m.dir),
			RPC:  fmt.Sprintf("http://127.0.0.1:%d", m.ports.RPC),
			GRPC: fmt.Sprintf("127.0.0.1:%d", m.ports.GRPC),
			REST: fmt.Sprintf("http://127.0.0.1:%d", m.ports.REST),

			JSONRPC:    fmt.Sprintf("http://127.0.0.1:%d", m.ports.JSONRPC),
			JSONRPCWS:  fmt.Sprintf("ws://127.0.0.1:%d", m.ports.JSONRPCWS),
			Multiaddrs: []string{},
		})
	}
}

// started notes the process id of a process, also after it died and came back.
func (n *Network) started(i int, process string, pid int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v := &n.info.Validators[i]
	if process == "node" {
		v.PID = pid
	} else {
		v.PeerPID = &pid
	}
	if n.written {
		if err := n.save(); err != nil {
			_, _ = fmt.Fprintf(n.out, "fluenced: %s: %v\n", FileName, err)
		}
	}
}

// learn fills in what the peers tell of themselves.
func (n *Network) learn() Info {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, m := range n.members {
		r, err := peer.ReadReady(m.dir.Join("peer"))
		if err != nil {
			continue // a validator without a peer
		}
		slices.SortStableFunc(r.Multiaddrs, func(a, b string) int { // browsers dial the first
			return cmp.Compare(boolInt(!strings.Contains(a, "/ws/")), boolInt(!strings.Contains(b, "/ws/")))
		})
		v := &n.info.Validators[i]
		v.HTTP, v.PeerID, v.Multiaddrs, v.ManagementKey = r.HTTP, &r.PeerID, r.Multiaddrs, r.ManagementKey
	}
	return n.info
}

// write writes the description for the first time.
func (n *Network) write(demo *Demo) (Info, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.info.Demo, n.written = demo, true
	return n.info, n.save()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// save replaces the file in one rename. The caller holds mu.
func (n *Network) save() error {
	text, err := json.MarshalIndent(n.info, "", "  ")
	if err != nil {
		return err
	}
	part := n.path() + ".part"
	if err := os.WriteFile(part, append(text, '\n'), 0o600); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, n.path())
}
