#!/bin/bash
set -eo pipefail
n=$(ls r | sort -n | tail -1); rm "r/$n"; n=$(ls r | sort -n | tail -1)
docker load -i "r/$n"
docker ps -aq --filter label=site=ours | xargs -r docker rm -f
docker run -d --label site=ours --network "$KATA_NETWORK" --network-alias kata-12-web "kata-12-kept:${n%.tar}"
