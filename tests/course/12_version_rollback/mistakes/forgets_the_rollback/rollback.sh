#!/usr/bin/env bash
# Usage: ./rollback.sh
set -e
digest=$(cat previous)
docker pull "$digest"

docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$digest"

mv current previous
