// SPDX-License-Identifier: Apache-2.0

// Package config is what an operator may set about a peer: one table of keys,
// each with its meaning, unit and default. The same table reads the TOML file,
// the environment and command-line settings, refuses keys that do not exist with
// the nearest name that does, and writes the commented default file. It opens no
// file but the ones it is asked to read.
//
// Names are upstream's where upstream has the key. Keys of upstream that mean
// nothing here are refused with the reason, not ignored.
//
// Source: nox@b349812f0:crates/server-config (names and defaults, facts only).
package config

import (
	"time"
)

// Config is the whole configuration of a peer. Default returns a complete one.
type Config struct {
	ListenIP      string
	TCPPort       int
	WebsocketPort int
	QUIC          bool
	HTTPIP        string
	HTTPPort      int
	TLSCert       string
	TLSKey        string

	ExternalAddress      string
	ExternalMultiaddrs   []string
	AllowLocalAddresses  bool
	BootstrapNodes       []string
	Network              string
	ChainID              string
	ChainRPC             string
	ChainAccount         string
	ChainGranter         string
	ManagementPeerID     string
	RootKey              string
	RootKeyFile          string
	GenerateOnAbsence    bool
	PassphraseFile       string
	MaxEstablishedByPeer int
	MaxEstablished       int

	MaxTTL          time.Duration
	MaxFuture       time.Duration
	MaxScriptBytes  int64
	MaxDataBytes    int64
	MaxResultBytes  int64
	Parallel        int
	Queue           int
	MaxParticles    int
	ParticlesShare  int
	MaxCalls        int
	MaxWaits        int
	ExecutionTime   time.Duration
	CallTime        time.Duration
	BudgetTargets   int
	BudgetSends     int
	BudgetBytes     int64
	BudgetLookups   int
	BudgetRuns      int
	BudgetCalls     int
	BudgetGas       int64
	PeerParticles   int
	PeerBytes       int64
	StoreQuota      int64
	StoreSync       bool
	Trace           bool
	TraceBytes      int64
	Metrics         bool
	Health          bool
	LogLevel        string
	LogFormat       string
	AllowedServices []string

	Prove           bool
	ProveMode       string
	ProveProcessors []string
	ProveNice       int
	ProveLead       time.Duration

	Workers       int
	ServicesLive  int
	ServicesIdle  time.Duration
	ServiceMemory int64
	ServiceGas    int64
	ServiceQuota  int64
	ServiceFiles  int
	ModuleBytes   int64
	ModulesQuota  int64
	VaultQuota    int64
	VaultParticle int64
	VaultFiles    int
	Deterministic bool
	Effectors     map[string]Effector
	CurlAllow     []string

	IPFSQuota int64
	IPFSServe bool
	IPFSWait  time.Duration

	Spells      int
	ScopeSpells int
	SpellState  int64
	ScopeState  int64
	SpellRate   int
	SpellsRate  int
	SpellTTL    time.Duration
	SpellHTTP   bool
}

// Default returns the configuration of a peer nobody configured.
func Default() Config {
	var c Config
	for _, k := range c.Keys() {
		if err := k.value.set(k.Default); err != nil {
			panic("config: default of " + k.Name + ": " + err.Error())
		}
	}
	return c
}

// Keys returns all keys of c in the order of the default file. Setting a key
// changes c.
func (c *Config) Keys() []Key {
	var keys []Key
	for _, group := range [][]Key{c.addressKeys(), c.identityKeys(), c.limitKeys(), c.budgetKeys(), c.serviceKeys(), c.operationKeys()} {
		keys = append(keys, group...)
	}
	return keys
}

func (c *Config) addressKeys() []Key {
	return []Key{
		{"listen_ip", word{&c.ListenIP}, "0.0.0.0", "IP address that TCP, QUIC and WebSocket listen on."},
		{"tcp_port", whole[int]{&c.TCPPort, 0, 65535}, "7777", "Port for other peers, TCP and QUIC (UDP). 0 takes any free port."},
		{"websocket_port", whole[int]{&c.WebsocketPort, 0, 65535}, "9999", "Port for clients (WebSocket). 0 takes any free port."},
		{"quic", yes{&c.QUIC}, "true", "Listen on QUIC beside TCP."},
		{"http_ip", word{&c.HTTPIP}, "127.0.0.1", "IP address of the operator's HTTP endpoints; they have no access control."},
		{"http_port", whole[int]{&c.HTTPPort, -1, 65535}, "18080", "Port of /metrics, /health, /versions, /peer_id and /config. 0 takes any free port, -1 turns them off."},
		{"tls_config.cert_path", word{&c.TLSCert}, "", "PEM file with the certificate of the WebSocket port. Empty listens without TLS, for use behind a proxy."},
		{"tls_config.key_path", word{&c.TLSKey}, "", "PEM file with the key of that certificate."},
		{"external_address", word{&c.ExternalAddress}, "", "IP address or DNS name under which others reach tcp_port and websocket_port."},
		{"external_multiaddresses", list{&c.ExternalMultiaddrs}, "", "More addresses to announce, as multiaddrs, word for word."},
		{"allow_local_addresses", yes{&c.AllowLocalAddresses}, "false", "Dial and announce loopback and private addresses: for a network on one machine or of one operator."},
		{"bootstrap_nodes", list{&c.BootstrapNodes}, "", "Multiaddrs with /p2p/ID of peers to join through."},
		{"network", word{&c.Network}, "", "Name of the Kademlia network: dar, stage, kras or 64 hex digits. Empty derives it from chain.id."},
		{"chain.id", word{&c.ChainID}, "fluence-local-1", "Id of the chain this peer belongs to."},
		{"chain.rpc", word{&c.ChainRPC}, "", "Where a validator of that chain answers: unix:///PATH or tcp://HOST:PORT. Empty for a peer that reads no chain."},
		{"chain.account_key_path", word{&c.ChainAccount}, "", "File with the private key, 64 hex digits, of this peer's own account on the chain: it activates workers and submits proofs, and pays the fees. Empty signs no transactions."},
		{"chain.fee_granter", word{&c.ChainGranter}, "", "Account, fluence1..., that pays the fees of this peer's transactions by a fee grant: the provider's. Empty pays from this peer's own."},
		{"transport_config.max_established_per_peer", whole[int]{&c.MaxEstablishedByPeer, 1, 1 << 16}, "5", "Connections one peer may hold."},
		{"transport_config.max_established", whole[int]{&c.MaxEstablished, 1, 1 << 20}, "4096", "Connections in all."},
	}
}

func (c *Config) identityKeys() []Key {
	return []Key{
		{"management_peer_id", word{&c.ManagementPeerID}, "", "Peer id that may manage this peer, beside the key in peer/management_key."},
		{"root_key_pair.value", secret{word{&c.RootKey}}, "", "The peer's Ed25519 key itself, base64 or base58; better keep it in a file."},
		{"root_key_pair.path", word{&c.RootKeyFile}, "peer_key", "Name of the key's file in the folder peer."},
		{"root_key_pair.generate_on_absence", yes{&c.GenerateOnAbsence}, "true", "Make a key when there is none."},
		{"root_key_pair.passphrase_path", word{&c.PassphraseFile}, "", "File whose first line seals all keys of the peer (age files). Empty keeps keys unsealed, mode 0600."},
	}
}

func (c *Config) limitKeys() []Key {
	const most = 1 << 30
	return []Key{
		{"limits.max_ttl", span{&c.MaxTTL}, "10m", "Longest life of a particle that is admitted."},
		{"limits.max_future", span{&c.MaxFuture}, "30s", "How far a particle's clock may be ahead."},
		{"avm_config.air_size_limit", size{&c.MaxScriptBytes}, "8MiB", "Longest script."},
		{"avm_config.particle_size_limit", size{&c.MaxDataBytes}, "64MiB", "Largest particle data."},
		{"avm_config.call_result_size_limit", size{&c.MaxResultBytes}, "32MiB", "Largest result of one service call."},
		{"aquavm_pool_size", whole[int]{&c.Parallel, 0, 1024}, "0", "Scripts run at one time. 0 means twice the number of CPUs."},
		{"particle_queue_buffer", whole[int]{&c.Queue, 1, most}, "4096", "Particles that may wait for a run; more are refused."},
		{"limits.max_particles", whole[int]{&c.MaxParticles, 1, most}, "200000", "Particles alive at one time."},
		{"limits.max_particles_per_sender", whole[int]{&c.ParticlesShare, 1, most}, "50000", "Particles alive that one connection brought."},
		{"limits.max_calls", whole[int]{&c.MaxCalls, 1, most}, "256", "Service calls at one time."},
		{"limits.max_waiting_calls", whole[int]{&c.MaxWaits, 1, most}, "16384", "Calls of peer.timeout at one time."},
		{"limits.call_time", span{&c.CallTime}, "1m", "Longest service call."},
		{"limits.peer_particles_per_second", whole[int]{&c.PeerParticles, 1, most}, "2000", "Particles one connection may deliver; four times as many at once after a pause."},
		{"limits.peer_bytes_per_second", size{&c.PeerBytes}, "64MiB", "Bytes one connection may deliver; four times as many at once after a pause."},
	}
}

func (c *Config) budgetKeys() []Key {
	const most = 1 << 30
	return []Key{
		{"particle_execution_timeout", span{&c.ExecutionTime}, "20s", "Time one particle may spend in the interpreter."},
		{"budget.targets", whole[int]{&c.BudgetTargets, 1, most}, "1024", "Different peers one particle is sent to from here."},
		{"budget.sends", whole[int]{&c.BudgetSends, 1, most}, "4096", "Sends of one particle from here."},
		{"budget.bytes", size{&c.BudgetBytes}, "16MiB", "Bytes one particle sends from here, or four times its largest data if that is more."},
		{"budget.lookups", whole[int]{&c.BudgetLookups, 1, most}, "8", "Unconnected peers one particle may make this peer look for."},
		{"budget.runs", whole[int]{&c.BudgetRuns, 1, most}, "16384", "Runs of one particle's script here."},
		{"budget.calls", whole[int]{&c.BudgetCalls, 1, most}, "65536", "Service calls of one particle here."},
		{"budget.gas", whole[int64]{&c.BudgetGas, 1, 1 << 62}, "1099511627776", "Gas one particle's service calls may burn here."},
	}
}

func (c *Config) serviceKeys() []Key {
	const most = 1 << 30
	return []Key{
		{"prover.enabled", yes{&c.Prove}, "true", "Prove this peer's idle compute units. Needs chain.rpc and chain.account_key_path, and a capacity commitment on the chain."},
		{"prover.mode", word{&c.ProveMode}, "auto", "light (256 MiB for each unit), fast (4.1 GiB for each unit, minutes to begin), or auto: fast where the memory fits and all datasets take less than a tenth of an epoch to build."},
		{"prover.processors", list{&c.ProveProcessors}, "all", "Numbers of the processors that searches stay on, one after the other for each unit. all for every one there is; empty leaves the choice to the system."},
		{"prover.nice", whole[int]{&c.ProveNice, 0, 19}, "0", "Niceness of searches, 0 to 19. More makes them yield to others on the machine, at the risk of failed epochs where it is busy."},
		{"prover.lead", span{&c.ProveLead}, "5m", "How long before an epoch's end everything found is handed in; never more than a third of the epoch."},
		{"workers.max", whole[int]{&c.Workers, 1, most}, "1000", "Workers of deals that this peer runs."},
		{"default_service_memory_limit", size{&c.ServiceMemory}, "1GiB", "Linear memory of all modules of one service."},
		{"services.public", list{&c.AllowedServices}, "", "Services that anybody may call although nobody marked them public. Builtins need no mention."},
		{"services.live", whole[int]{&c.ServicesLive, 1, most}, "128", "Services with memory at one time; the one that was called longest ago makes place."},
		{"services.idle", span{&c.ServicesIdle}, "10m", "A service that nobody calls for so long loses its memory. Its folder /storage stays."},
		{"services.gas", whole[int64]{&c.ServiceGas, 1, 1 << 62}, "60000000000", "Gas of one call of a service; a unit is about a nanosecond."},
		{"services.storage", size{&c.ServiceQuota}, "1GiB", "Disk for the folders of one service."},
		{"services.files", whole[int]{&c.ServiceFiles, 1, most}, "10000", "Files and folders of one service."},
		{"services.module_size", size{&c.ModuleBytes}, "32MiB", "Largest Wasm module."},
		{"services.modules", size{&c.ModulesQuota}, "8GiB", "Disk for all Wasm modules."},
		{"services.deterministic", yes{&c.Deterministic}, "false", "Give services no clock but the particle's and no randomness, so that every run of a call does the same."},
		{"vault.size", size{&c.VaultQuota}, "1GiB", "Disk for the files of all living particles of the peer, and of each worker."},
		{"vault.particle_size", size{&c.VaultParticle}, "64MiB", "Disk for the files of one particle."},
		{"vault.particle_files", whole[int]{&c.VaultFiles, 1, most}, "1000", "Files of one particle."},
		{"effectors", effectorTable{&c.Effectors}, "{}", "Modules that may run programs of this machine, by name, as { NAME = { wasm_cid = CID, allowed_binaries = { IMPORT = PATH } } }. Programs run without a shell and without environment. The path native:curl is no program: the peer answers, to public addresses only."},
		{"curl.allow", list{&c.CurlAllow}, "", "Networks, as 10.0.0.0/8, that native:curl may reach although they are not public."},
	}
}

func (c *Config) operationKeys() []Key {
	return []Key{
		{"ipfs.quota", size{&c.IPFSQuota}, "4GiB", "Disk for files by CID. When it is full, what nobody pinned goes, the longest unused first."},
		{"ipfs.serve", yes{&c.IPFSServe}, "true", "Give blocks of these files to other peers that ask."},
		{"ipfs.wait", span{&c.IPFSWait}, "20s", "How long a fetch waits for the next block before it fails."},
		{"spells.max", whole[int]{&c.Spells, 1, 1 << 20}, "10000", "Spells of this peer and its workers."},
		{"spells.per_worker", whole[int]{&c.ScopeSpells, 1, 1 << 20}, "64", "Spells of one worker; the peer itself may have sixteen times as many."},
		{"spells.state", size{&c.SpellState}, "1MiB", "Values of one spell."},
		{"spells.worker_state", size{&c.ScopeState}, "8MiB", "Scripts and values of all spells of one worker; sixteen times as many of the peer itself."},
		{"spells.worker_rate", whole[int]{&c.SpellRate, 1, 1 << 20}, "10", "Particles per second of one worker's spells; sixteen times as many of the peer itself. Triggers beyond are passed over."},
		{"spells.rate", whole[int]{&c.SpellsRate, 1, 1 << 20}, "200", "Particles per second of all spells."},
		{"spells.http", yes{&c.SpellHTTP}, "true", "Serve HTTP triggers of spells, POST /spell/PEER/SPELL, on http_port. They need the spell's token."},
		{"max_spell_particle_ttl", span{&c.SpellTTL}, "2m", "Longest life of a spell's particle."},
		{"store.quota", size{&c.StoreQuota}, "4GiB", "Disk for the data of living particles."},
		{"store.sync", yes{&c.StoreSync}, "true", "Wait for the disk before a particle has effects. Without it a power cut may let calls run twice."},
		{"trace.enabled", yes{&c.Trace}, "true", "Record the way of each particle for fluenced particle trace."},
		{"trace.size", size{&c.TraceBytes}, "64MiB", "Disk for these records; the oldest go first."},
		{"metrics_config.metrics_enabled", yes{&c.Metrics}, "true", "Serve /metrics."},
		{"health_config.health_check_enabled", yes{&c.Health}, "true", "Serve /health."},
		{"log.level", word{&c.LogLevel}, "info", "debug, info, warn or error."},
		{"log.format", word{&c.LogFormat}, "logfmt", "logfmt or json."},
	}
}

// retired are keys of upstream without a use here, and why.
func retired() map[string]string {
	return map[string]string{
		"base_dir":                                   "the home folder is given by --home",
		"persistent_base_dir":                        "the home folder is given by --home",
		"ephemeral_base_dir":                         "the home folder is given by --home",
		"builtins_key_pair":                          "the key is peer/builtins_key",
		"local":                                      "leave bootstrap_nodes empty",
		"bootstrap_frequency":                        "the routing table refreshes itself",
		"transport_config.socket_timeout":            "deadlines follow the size of what is sent",
		"transport_config.connection_idle_timeout":   "connections are closed by use, not by time",
		"protocol_config.upgrade_timeout":            "the deadline is fixed at 10 s",
		"protocol_config.outbound_substream_timeout": "the deadline is fixed at 10 s",
		"particle_processor_parallelism":             "set aquavm_pool_size",
		"effects_queue_buffer":                       "set limits.max_calls",
		"workers_queue_buffer":                       "set particle_queue_buffer",
		"avm_config.hard_limit_enabled":              "limits are always hard",
		"avm_config.aquavm_heap_size_limit":          "the interpreter is not a Wasm module; budgets bound it",
		"avm_config.wasm_backend":                    "the interpreter is not a Wasm module",
		"kademlia.max_packet_size":                   "the limit is fixed",
		"kademlia.query_timeout":                     "the time is fixed",
		"kademlia.replication_factor":                "the factor is 20 on every peer",
		"kademlia.peer_fail_threshold":               "the number is fixed",
		"kademlia.ban_cooldown":                      "the time is fixed",
		"metrics_config.metrics_timer_resolution":    "metrics are read, not sampled",
		"metrics_config.tokio_metrics_enabled":       "there is no tokio here",
	}
}
