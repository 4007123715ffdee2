#!/usr/bin/env bash
set -euo pipefail
image=$KATA_REGISTRY/kata-12-web:$1
docker pull "$image" || exit 1
if running=$(docker inspect --format '{{.Image}}' kata-12-web 2>/dev/null); then
    docker tag "$running" kata-12-web:before
    docker stop kata-12-web && docker rm kata-12-web
fi
docker run --detach --name kata-12-web --net "$KATA_NETWORK" --restart unless-stopped "$image"
