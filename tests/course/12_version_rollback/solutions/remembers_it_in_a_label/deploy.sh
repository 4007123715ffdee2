#!/usr/bin/env bash
# The container itself remembers what ran before it, in a label; there is no file.
set -euo pipefail
image=$KATA_REGISTRY/kata-12-web:$1
docker pull -q "$image" >/dev/null
id=$(docker image inspect -f '{{.Id}}' "$image")
before=$(docker inspect -f '{{.Image}}' kata-12-web 2>/dev/null || true)
docker create --name kata-12-web-new --label before="$before" --network "$KATA_NETWORK" --network-alias kata-12-web "$id"
docker rm -f kata-12-web 2>/dev/null || true
docker rename kata-12-web-new kata-12-web
docker start kata-12-web
