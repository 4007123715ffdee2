#!/usr/bin/env bash
# one container for each image that was ever deployed, named by its id; the site's name goes from one to the next
set -euo pipefail
docker pull -q "$KATA_REGISTRY/kata-12-web:$1"
name=kata-12-$(docker image inspect -f '{{slice .Id 7 19}}' "$KATA_REGISTRY/kata-12-web:$1")
docker inspect "$name" >/dev/null 2>&1 || docker run -d --name "$name" "$KATA_REGISTRY/kata-12-web:$1"
./live.sh "$name"
echo "$name" >>ran
