# SPDX-License-Identifier: Apache-2.0
# Every target explains itself in `make help`. Variables can be overridden.

GO          ?= go
BUILD       ?= build
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     ?= -s -w -X github.com/cosmos/cosmos-sdk/version.Version=$(VERSION) -X github.com/cosmos/cosmos-sdk/version.Name=fluence -X github.com/cosmos/cosmos-sdk/version.AppName=fluenced
HOME_DIR    ?= .devnet
FUZZTIME    ?= 30s
# Packages that link the whole application; they are tested one after another.
APP_PKGS     = ./app/... ./cmd/fluenced/...
LIGHT_PKGS   = $(shell $(GO) list ./... | grep -v -e /app -e /cmd/fluenced$$ -e /scripts/interop)
# Chain modules start no goroutines (scripts/house), so they are not raced.
RACE_PKGS    = $(shell $(GO) list ./peer/... ./proofs/... | grep -v /peer/chain/remote)
INVOCATIONS ?= 20000

export CGO_ENABLED ?= 0

.PHONY: help build test race test-long lint fmt fuzz sim interop oracle chaos cover proto check deps demo devnet testnet-files clean npm tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build build/fluenced
	@mkdir -p $(BUILD)
	$(GO) build -ldflags '$(LDFLAGS)' -o $(BUILD)/fluenced ./cmd/fluenced

demo: build ## build the guestbook that a local network runs as a sample
	@mkdir -p $(BUILD)/demo
	for m in store book; do \
	  (cd docs/examples/guestbook/$$m && GOOS=wasip1 GOARCH=wasm GOFLAGS= $(GO) build -trimpath -buildvcs=false -ldflags='-s -w' -buildmode=c-shared -o $(CURDIR)/$(BUILD)/demo/$$m.wasm .) && \
	  $(BUILD)/fluenced marine build $(BUILD)/demo/$$m.wasm --interface docs/examples/guestbook/$$m/marine.txt -o $(BUILD)/demo/$$m.wasm || exit 1; \
	done
	cp docs/examples/guestbook/app.toml $(BUILD)/demo/app.toml
	$(BUILD)/fluenced app pack $(BUILD)/demo -o $(BUILD)/demo/guestbook.car

devnet: build demo ## build, then run a local network in the foreground; Ctrl-C ends it
	$(BUILD)/fluenced devnet --home $(HOME_DIR)

test: build demo npm ## run all tests, long suites at a bounded size
	scripts/test.sh bounded

test-long: build demo npm ## run all tests at full size (hours)
	scripts/test.sh full

race: ## run the tests of the peer and the proofs under the race detector
	CGO_ENABLED=1 $(GO) test -race -p 2 $(RACE_PKGS)

check: ## vet, lint and house rules
	$(GO) vet ./...
	$(MAKE) --no-print-directory lint
	$(GO) test ./scripts/house/...

lint: tools ## run the linters that scripts/tools pins
	$(BUILD)/tools/golangci-lint run ./...

fmt: tools ## format changed Go files
	$(BUILD)/tools/golangci-lint fmt ./...

tools: $(BUILD)/tools/golangci-lint ## build the pinned tools

$(BUILD)/tools/golangci-lint: scripts/tools/go.mod scripts/tools/go.sum
	@mkdir -p $(BUILD)/tools
	cd scripts/tools && $(GO) build -o ../../$(BUILD)/tools/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

fuzz: ## run every fuzz target for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

sim: ## simulate random operations over all modules
	$(GO) test -tags sim -p 1 ./app/...

npm: ## install the pinned official packages that the interop suites and the examples use
	cd scripts/interop && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	ln -sfn ../../scripts/interop/node_modules docs/examples/node_modules

interop: build demo npm ## run the official packages against our processes
	$(GO) test -tags interop -p 1 -count 1 ./scripts/interop ./cmd/fluenced/procnet ./cmd/fluenced/provider ./cmd/fluenced/deal

oracle: npm ## compare with the official programs
	ORACLE_INVOCATIONS=$(INVOCATIONS) $(GO) test -tags oracle -count 1 ./peer/air/...

chaos: build ## kill, pause, cut off, sync and upgrade real processes
	$(GO) test -tags "interop chaos" -p 1 -count 1 -timeout 30m ./cmd/fluenced/procnet

cover: ## coverage by package
	$(GO) test -coverprofile cover.out $(LIGHT_PKGS) | grep -v 'no test files'

proto: ## generate Go code from proto/
	scripts/proto/generate.sh

deps: ## install what only some oracle suites need (Debian, root)
	scripts/deps.sh

testnet-files: build ## write the homes of a validator set for separate machines into build/testnet
	$(BUILD)/fluenced testnet files --output $(BUILD)/testnet

clean: ## remove what was built and the local network
	rm -rf $(BUILD) $(HOME_DIR) cover.out

.PHONY: contracts
contracts: npm ## compile the Solidity interfaces and generate their Go bindings
	node scripts/interop/compile.mjs --abi contracts/abi
	$(GO) run ./contracts/internal/gen contracts/abi contracts/bindings
