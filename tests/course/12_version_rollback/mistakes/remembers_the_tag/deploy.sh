#!/usr/bin/env bash
set -e
image=$KATA_REGISTRY/kata-12-web
docker pull "$image:$1"
docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$image:$1"
[ ! -f current ] || mv current previous
echo "$1" >current
