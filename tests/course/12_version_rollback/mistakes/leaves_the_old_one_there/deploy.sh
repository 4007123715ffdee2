#!/usr/bin/env bash
set -e
image=$KATA_REGISTRY/kata-12-web
docker run -d --network "$KATA_NETWORK" --network-alias kata-12-web "$image:$1"
