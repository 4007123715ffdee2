#!/usr/bin/env bash
set -e
docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$(cat previous)"
