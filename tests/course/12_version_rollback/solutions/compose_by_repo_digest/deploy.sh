#!/bin/sh
set -eu
cd "$(dirname "$0")"
ref="$KATA_REGISTRY/kata-12-web:$1"
docker pull -q "$ref" > /dev/null
IMAGE=$(docker inspect -f '{{index .RepoDigests 0}}' "$ref")
export IMAGE
docker compose up -d
[ ! -f current ] || mv current previous
echo "$IMAGE" > current
