#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every FuzzX of the tree for the given time each, and lists them.
set -euo pipefail
cd "$(dirname "$0")/.."
each=${1:-30s}
grep -rl --include='*_test.go' '^func Fuzz' app cmd contracts peer proofs x | sort | while read -r file; do
  grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/^func //' | while read -r name; do
    echo "== ./$(dirname "$file") $name"
    go test -run '^$' -fuzz "^$name\$" -fuzztime "$each" -parallel 2 "./$(dirname "$file")" </dev/null
  done
done
