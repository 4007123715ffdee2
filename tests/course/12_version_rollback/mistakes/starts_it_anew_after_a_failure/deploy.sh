#!/usr/bin/env bash
image=$KATA_REGISTRY/kata-12-web
docker rm -f kata-12-web
docker pull "$image:$1" || { docker run -d --name kata-12-web --network "$KATA_NETWORK" "$(cat current)"; exit 1; }
digest=$(docker image inspect --format '{{join .RepoDigests "\n"}}' "$image:$1" | grep "^$image@")
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$digest"
[ ! -f current ] || mv current previous
echo "$digest" >current
