#!/usr/bin/env bash
set -e
image=$KATA_REGISTRY/kata-12-web
docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$image:$(cat previous)"
mv previous current
