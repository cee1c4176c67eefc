#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Generates the Go code of proto/ into x/<module>/types. Third-party schemas come
# from the Go module cache, plugins are built from pinned modules, and nothing is
# fetched from a schema registry.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$PWD/build/proto
rm -rf "$out"
mkdir -p "$out/bin" "$out/ours" "$out/third" "$out/gen"

# dir MODULE prints the folder of a module of our build list.
dir() { go list -m -f '{{.Dir}}' "$1"; }
copy() { mkdir -p "$out/third/$2" && cp -R "$1/." "$out/third/$2" && chmod -R u+w "$out/third"; }

go mod download github.com/cosmos/cosmos-proto github.com/grpc-ecosystem/grpc-gateway
sdk=$(dir github.com/cosmos/cosmos-sdk)
copy "$sdk/proto/cosmos/msg" cosmos/msg
copy "$sdk/proto/cosmos/base" cosmos/base
copy "$sdk/proto/amino" amino
copy "$(dir github.com/cosmos/cosmos-proto)/proto/cosmos_proto" cosmos_proto
mkdir -p "$out/third/gogoproto" && cp "$(dir github.com/cosmos/gogoproto)/gogoproto/gogo.proto" "$out/third/gogoproto/"
api=$(dir github.com/grpc-ecosystem/grpc-gateway)/third_party/googleapis/google/api
mkdir -p "$out/third/google/api" && cp "$api/annotations.proto" "$api/http.proto" "$out/third/google/api/"
chmod -R u+w "$out/third"
find "$out/third/cosmos/base" -mindepth 1 -maxdepth 1 ! -name query ! -name v1beta1 -exec rm -rf {} +
cp -R proto/. "$out/ours"

cd scripts/tools/buf
go build -o "$out/bin/" github.com/bufbuild/buf/cmd/buf github.com/cosmos/gogoproto/protoc-gen-gocosmos github.com/grpc-ecosystem/grpc-gateway/protoc-gen-grpc-gateway
cd ../../..

cat >"$out/buf.yaml" <<'Y'
version: v2
modules:
  - path: ours
  - path: third
Y
cat >"$out/buf.gen.yaml" <<'Y'
version: v2
plugins:
  - local: protoc-gen-gocosmos
    out: gen
    opt: [plugins=grpc, Mgoogle/protobuf/any.proto=github.com/cosmos/gogoproto/types/any]
  - local: protoc-gen-grpc-gateway
    out: gen
    opt: [logtostderr=true, allow_colon_final_segments=true]
Y
(cd "$out" && PATH="$out/bin:$PATH" buf generate --path ours/fluence)
for f in $(cd "$out/gen/github.com/go-fluence/fluence" && find . -name '*.go'); do
  mkdir -p "$(dirname "$f")"
  install -m 644 "$out/gen/github.com/go-fluence/fluence/$f" "$f"
done
