#!/usr/bin/env bash
set -e
image=$KATA_REGISTRY/kata-12-web
before=$(sort -uV versions | grep -xF -B 1 "$(cat current)" | head -n 1)
docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$image:$before"
echo "$before" >current
