// SPDX-License-Identifier: Apache-2.0

package devnet

import (
	"fmt"
	"net"
	"strings"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/validator"
)

// ports is where one validator and its peer listen, all on loopback.
type ports struct {
	P2P, RPC, Metrics                int // CometBFT
	GRPC, REST, JSONRPC, JSONRPCWS   int // application
	PeerTCP, PeerWebSocket, PeerHTTP int // peer
}

// preferred returns the ports validator i gets when they are free: those the
// official tools expect of a local network, counted up.
func preferred(i int) ports {
	return ports{
		P2P: 26656 + 10*i, RPC: 26657 + 10*i, Metrics: 26660 + 10*i,
		GRPC: 9090 + i, REST: 1317 + i, JSONRPC: 8545 + 2*i, JSONRPCWS: 8546 + 2*i,
		PeerTCP: 7771 + i, PeerWebSocket: 9991 + i, PeerHTTP: 18080 + i,
	}
}

// peerArgs sets the peer's ports, on loopback, and how it searches for proofs.
func (p *ports) peerArgs() []string {
	var args []string
	for _, set := range []string{
		"listen_ip=127.0.0.1", "http_ip=127.0.0.1", "allow_local_addresses=true",
		"prover.mode=light", "prover.processors=", // several peers share this machine: none has a processor to itself
		fmt.Sprintf("tcp_port=%d", p.PeerTCP), fmt.Sprintf("websocket_port=%d", p.PeerWebSocket), fmt.Sprintf("http_port=%d", p.PeerHTTP),
	} {
		args = append(args, "--set", set)
	}
	return args
}

// each calls f for every port.
func (p *ports) each(f func(*int) error) error {
	for _, port := range []*int{
		&p.P2P, &p.RPC, &p.Metrics, &p.GRPC, &p.REST, &p.JSONRPC, &p.JSONRPCWS, &p.PeerTCP, &p.PeerWebSocket, &p.PeerHTTP,
	} {
		if err := f(port); err != nil {
			return err
		}
	}
	return nil
}

// openPorts moves every port that is taken and writes all of them into the homes.
func (n *Network) openPorts() error {
	var held []net.Listener // until all are found, so that no two get one port
	defer func() {
		for _, ln := range held {
			_ = ln.Close()
		}
	}()
	for i := range n.members {
		err := n.members[i].ports.each(func(port *int) error {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
			if err != nil {
				if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
					return fmt.Errorf("no free port: %w", err)
				}
				*port = ln.Addr().(*net.TCPAddr).Port
			}
			held = append(held, ln)
			return nil
		})
		if err != nil {
			return err
		}
	}
	ids := make([]string, len(n.members))
	for i, m := range n.members {
		id, err := validator.Identify(m.dir)
		if err != nil {
			return err
		}
		ids[i] = id.NodeID
	}
	for i, m := range n.members {
		if err := n.writePorts(m, i, ids); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) writePorts(m member, i int, ids []string) error {
	var peers []string
	for j, other := range n.members {
		if j != i {
			peers = append(peers, fmt.Sprintf("%s@127.0.0.1:%d", ids[j], other.ports.P2P))
		}
	}
	at := func(scheme string, port int) string {
		return fmt.Sprintf("%q", fmt.Sprintf("%s127.0.0.1:%d", scheme, port))
	}
	p := m.ports
	for path, values := range map[string]map[string]string{
		m.dir.Comet(): {
			"p2p.laddr": at("tcp://", p.P2P), "rpc.laddr": at("tcp://", p.RPC),
			"p2p.persistent_peers":                   fmt.Sprintf("%q", strings.Join(peers, ",")),
			"instrumentation.prometheus_listen_addr": at("", p.Metrics),
		},
		m.dir.App(): {
			"grpc.address": at("", p.GRPC), "api.address": at("tcp://", p.REST),
			"json-rpc.address": at("", p.JSONRPC), "json-rpc.ws-address": at("", p.JSONRPCWS),
		},
		m.dir.Client(): {"node": at("tcp://", p.RPC)},
	} {
		if err := home.SetKeys(path, values); err != nil {
			return err
		}
	}
	return nil
}
