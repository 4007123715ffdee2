#!/usr/bin/env bash
set -euo pipefail
docker compose -p kata-05-notes up -d
for name in a b c; do
  variable=NOTE_${name^^}
  docker compose -p kata-05-notes exec -T "$name" tee /note <<<"${!variable}"
done
