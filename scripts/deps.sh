#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what only some oracle suites need. Needs root on Debian; elsewhere it
# says what is missing and leaves those suites out.
set -euo pipefail
want=(gcc libc6-dev librandomx-dev qemu-user)
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "deps: not root on Debian: the suites that need ${want[*]} are left out" >&2
  exit 0
fi
missing=()
for p in "${want[@]}"; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
