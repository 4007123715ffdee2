#!/usr/bin/env bash
set -euo pipefail
before=$(tail -n 2 ran | head -n 1)
docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" --network-alias kata-12-web "$before"
echo "$before" >>ran
