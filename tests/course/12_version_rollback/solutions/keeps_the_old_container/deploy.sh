#!/bin/sh
set -eu
image="$KATA_REGISTRY/kata-12-web:$1"
docker pull --quiet "$image"
docker rm -f kata-12-web-next 2>/dev/null
docker create --name kata-12-web-next --network "$KATA_NETWORK" "$image"
if docker container inspect kata-12-web >/dev/null 2>&1; then
    docker rm -f kata-12-web-previous 2>/dev/null
    docker stop kata-12-web
    docker rename kata-12-web kata-12-web-previous
fi
docker rename kata-12-web-next kata-12-web
docker start kata-12-web
