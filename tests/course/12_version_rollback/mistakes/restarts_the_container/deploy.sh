#!/usr/bin/env bash
set -e
image=$KATA_REGISTRY/kata-12-web
docker pull "$image:$1"
if docker container inspect kata-12-web >/dev/null 2>&1; then
    docker restart -t 1 kata-12-web
else
    docker run -d --name kata-12-web --network "$KATA_NETWORK" "$image:$1"
fi
