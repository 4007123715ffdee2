#!/usr/bin/env bash
image=$KATA_REGISTRY/kata-12-web
docker rename kata-12-web kata-12-web-old
if ! docker run -d --name kata-12-web --network "$KATA_NETWORK" "$image:$1"; then
  docker rename kata-12-web-old kata-12-web
  exit 1
fi
digest=$(docker image inspect --format '{{join .RepoDigests "\n"}}' "$image:$1" | grep "^$image@")
docker rm -f kata-12-web-old
[ ! -f current ] || mv current previous
echo "$digest" >current
