#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs all suites, "bounded" or "full", and ends with a summary that names what
# failed and what was left out. Expects build/fluenced, build/demo and the npm packages.
set -uo pipefail
cd "$(dirname "$0")/.."
size=${1:-bounded}
export CGO_ENABLED=0 FLUENCED_BINARY=$PWD/build/fluenced
case $size in
bounded) export ORACLE_INVOCATIONS=${ORACLE_INVOCATIONS:-20000} ;;
full) export ORACLE_INVOCATIONS=${ORACLE_INVOCATIONS:-1000000} TEST_LONG=1 ;;
*) echo "usage: scripts/test.sh bounded|full" >&2; exit 2 ;;
esac

ran=() failed=() left=()
suite() {
  local name=$1 begin=$SECONDS
  shift
  echo "== $name: $*"
  if "$@"; then ran+=("$name $((SECONDS - begin)) s"); else failed+=("$name $((SECONDS - begin)) s"); fi
}

suite fast go test -p 2 ./...
suite sim go test -tags sim -p 1 -count 1 ./app/sim/...
suite oracle/air go test -tags oracle -p 1 -count 1 -timeout 60m ./peer/air/... ./peer/marine/service
if [ -e /usr/include/randomx.h ] && command -v gcc >/dev/null; then
  suite oracle/randomx go test -tags oracle -p 1 -count 1 -timeout 60m ./proofs/capacity/randomx/...
else
  left+=("oracle/randomx: gcc and librandomx-dev are not installed (make deps)")
fi
suite interop go test -tags interop -p 1 -count 1 -timeout 40m ./scripts/interop ./cmd/fluenced/procnet ./cmd/fluenced/provider ./cmd/fluenced/deal
suite chaos go test -tags chaos -p 1 -count 1 -timeout 40m ./cmd/fluenced/procnet
if [ "$size" = full ]; then
  suite sim/peer go test -tags sim -p 1 -count 1 -timeout 60m ./peer ./peer/dht ./peer/host
  suite fuzz scripts/fuzz.sh 10m
else
  left+=("sim/peer, fuzzing and full sizes: make test-long")
fi

echo
echo "== summary ($size)"
for s in "${ran[@]}"; do echo "passed    $s"; done
for s in ${failed[@]+"${failed[@]}"}; do echo "FAILED    $s"; done
for s in ${left[@]+"${left[@]}"}; do echo "left out  $s"; done
[ ${#failed[@]} -eq 0 ]
