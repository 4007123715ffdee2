#!/usr/bin/env bash
set -euo pipefail
now=$(docker inspect -f '{{.Image}}' kata-12-web)
before=$(docker inspect -f '{{index .Config.Labels "before"}}' kata-12-web)
docker rm -f kata-12-web
docker run -d --name kata-12-web --label before="$now" --network "$KATA_NETWORK" "$before"
